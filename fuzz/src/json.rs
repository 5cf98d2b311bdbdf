//! Random JSON text with the member names of X's payloads.

use arbitrary::{Result, Unstructured};

const NAMES: &str = "id id_str type created_timestamp timestamp_ms date_time created_at status source target user \
    user_id app_id sender_id recipient_id last_read_event_id message_create message_data text \
    full_text entities extended_tweet quoted_status retweeted_status favorited_status \
    display_text_range urls media hashtags user_mentions indices sizes video_info variants \
    attachment location shared_coordinate coordinates place ctas quick_reply quick_reply_response \
    options metadata initiated_via source_app_id edit_history edit_controls";

const TEXTS: [&str; 12] = [
    "",
    "7",
    "-9223372036854775809",
    "1570119037000",
    "Thu Oct 03 16:10:37 +0000 2019",
    "2019-10-03T16:10:37+00:00",
    "follow",
    "unfollow",
    "message_create",
    "null",
    "true",
    "&amp;lt;\u{1f41d}",
];

/// Returns any value, nested at most this deep.
pub fn value(u: &mut Unstructured<'_>, depth: u8) -> Result<String> {
    Ok(match u.int_in_range(0..=if depth == 0 { 5 } else { 9 })? {
        0 => "null".to_owned(),
        1 => u.arbitrary::<bool>()?.to_string(),
        2 => u.arbitrary::<i64>()?.to_string(),
        3 => u.arbitrary::<u64>()?.to_string(),
        4 => Some(u.arbitrary::<f64>()?).filter(|number| number.is_finite()).unwrap_or(1.5).to_string(),
        5 => quoted(if u.ratio(3, 4)? { u.choose(&TEXTS)? } else { u.arbitrary()? }),
        6 | 7 => {
            let count = u.int_in_range(0..=3)?;
            let values: Vec<String> = (0..count).map(|_| value(u, depth - 1)).collect::<Result<_>>()?;
            format!("[{}]", values.join(" , "))
        }
        _ => format!("{{\"id\":1{}}}", members(u, depth)?),
    })
}

/// Returns up to four members, each preceded by a comma. Their values are nested at most one level
/// less than `depth`.
pub fn members(u: &mut Unstructured<'_>, depth: u8) -> Result<String> {
    let count = u.int_in_range(0..=4)?;
    (0..count).map(|_| Ok(format!(",{}:{}", quoted(name(u)?), value(u, depth - 1)?))).collect()
}

fn name<'a>(u: &mut Unstructured<'a>) -> Result<&'a str> {
    if u.ratio(7, 8)? { u.choose_iter(NAMES.split(' ').collect::<Vec<_>>()) } else { u.arbitrary() }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
