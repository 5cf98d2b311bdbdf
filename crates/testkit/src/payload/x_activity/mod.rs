//! Payloads of the X Activity API, filtered streams and replays.

mod envelope;
mod payload;
mod post;
mod user;

use serde_json::{Map, Value, json};

use super::MockEvent;
use super::story::Story;

/// Returns the body of a filtered stream, a replay or the X Activity API.
pub(super) fn body(happening: &MockEvent, story: &Story) -> Value {
    match story {
        Story::Matched { post, rules } => {
            let rules = rules.iter().map(|(id, tag)| json!({"id": id, "tag": tag}));
            json!({
                "data": post::with_fields(post, happening.dice("fields").one_in(2)),
                "includes": post::includes(post),
                "matching_rules": rules.collect::<Vec<_>>(),
            })
        }
        Story::Replay { job, webhook, complete } => {
            let (state, description) = match complete {
                true => ("Complete", "Job completed successfully"),
                false => ("Incomplete", "Job was unable to replay all events"),
            };
            json!({"replay_job_status": {
                "webhook_id": webhook,
                "job_state": state,
                "job_state_description": description,
                "job_id": job,
            }})
        }
        _ => envelope::activity(happening, story),
    }
}

/// Returns counts in both formats that X sends: as numbers, and as strings for parsers that lose
/// digits.
fn doubled<'a>(counts: impl IntoIterator<Item = (&'a str, u64)>) -> Map<String, Value> {
    let both = |(name, count): (&str, u64)| {
        [(name.to_owned(), count.into()), (format!("{name}_str"), count.to_string().into())]
    };
    counts.into_iter().flat_map(both).collect()
}
