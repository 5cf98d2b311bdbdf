//! Signed bodies of 1 MiB that cause as much work as possible: their shared parts are long, or
//! their values take more memory than their text.

/// The size of each body, in bytes.
pub(crate) const SIZE: usize = 1 << 20;

/// Repeats `piece` as often as it fits into this many bytes, at most `most` times. Replaces `$`
/// with the number of the piece.
fn repeated(piece: &str, bytes: usize, most: usize) -> String {
    if !piece.contains('$') {
        let often = (bytes / (piece.len() + 1)).min(most);
        return vec![piece; often].join(",");
    }
    let mut all = String::new();
    for number in 0..most {
        let next = piece.replace('$', &number.to_string());
        if all.len() + next.len() + 1 > bytes {
            break;
        }
        if !all.is_empty() {
            all.push(',');
        }
        all.push_str(&next);
    }
    all
}

/// Each shape with its name. The names in angle brackets are replaced by text of the wanted size.
const SHAPES: &str = include_str!("hostile.txt");

/// Returns every shape with its name, each in about this size.
pub(crate) fn bodies(size: usize) -> Vec<(&'static str, String)> {
    let (events, all) = (size / 105, usize::MAX);
    let message = r#"{"id":"$","message_create":{"sender_id":"1","target":{"recipient_id":"2"},"source_app_id":"3"}}"#;
    let revocation = r#""user_event":{"revoke":{"source":{"user_id":"$"},"target":{"app_id":"1"}}}"#;
    let texts = [
        ("<long>", "a".repeat(size * 6 / 10)),
        ("<words>", "a.".repeat(size / 2 - 100)),
        ("<halves>", r"\ud83d".repeat(size / 6 - 30)),
        ("<deleted>", repeated(r#"{"status": {"id":"$"}}"#, size * 4 / 10, events)),
        ("<messages>", repeated(message, size * 4 / 10, events)),
        ("<likes>", repeated(r#""favorite_events":{"id":"$"}"#, size * 4 / 10, events)),
        ("<revocations>", repeated(revocation, size * 4 / 10, events)),
        ("<empty>", repeated("{}", size, events)),
        // The maximum number of events in an activity.
        ("<few>", repeated("{}", size, 16)),
        ("<few messages>", repeated(message, size, 16)),
        ("<fewer>", repeated("{}", size / 3, all)),
        ("<empties>", repeated("{}", size - 300, all)),
        ("<lists>", repeated("[]", size - 300, all)),
        ("<objects>", repeated(r#"{"":0}"#, size - 300, all)),
        ("<users>", repeated(r#""$":{"id":"$","name":"Ida"}"#, size * 6 / 10, all)),
        ("<keys>", repeated(r#""3_$""#, size / 3, all)),
        ("<media>", repeated(r#"{"media_key":"3_$"}"#, size / 2, all)),
    ];
    let written = |shape: &str| texts.iter().fold(shape.to_owned(), |body, (name, text)| body.replace(name, text));
    let shapes = SHAPES.lines().filter_map(|line| line.split_once(": "));
    shapes.map(|(name, shape)| (name, written(shape))).collect()
}
