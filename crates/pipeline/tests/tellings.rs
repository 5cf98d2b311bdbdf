//! Events without an id, reported by both APIs: which report waits, and which capacity it uses.

use std::time::Duration;

use crate::support::{asking, deleted, deliver, webhook};
use birdhook_pipeline::{ApiMode, Outcome, Webhook};
use futures_util::FutureExt;

const ACCEPTED: Outcome = Outcome::Accepted;

/// One follow, as reported by each API.
const OLD: &str = r#"{"for_user_id":"7","follow_events":[{"type":"follow","created_timestamp":"5","source":{"id":"8"},"target":{"id":"7"}}]}"#;
const NEW: &str = r#"{"data":{"event_uuid":"1","event_type":"follow.follow","filter":{"user_id":"7"},"payload":{"source":{"data":{"id":"8"}},"target":{"data":{"id":"7"}}}}}"#;

/// Returns the number of deliveries in progress when both reports arrive at once.
fn at_once(webhook: Webhook) -> usize {
    let (sink, mut asked) = asking();
    let pipeline = webhook.sink(sink);
    let mut both = [deliver(&pipeline, OLD).boxed(), deliver(&pipeline, NEW).boxed()];
    assert!(both.iter_mut().all(|one| one.now_or_never().is_none()));
    std::iter::from_fn(|| asked.now()).count()
}

#[tokio::test(start_paused = true)]
async fn the_apis_wait_for_each_other_in_a_cut_over_only() {
    assert_eq!(at_once(webhook().api_mode(ApiMode::Dual)), 1);
    assert_eq!(at_once(webhook()), 2, "what is no duplicate need not wait");
}

#[tokio::test(start_paused = true)]
async fn what_has_an_id_takes_no_room_of_what_has_none() {
    let webhook = webhook().api_mode(ApiMode::Dual).dedupe_window(2, Duration::from_secs(60));
    let (pipeline, _deliveries) = webhook.channel(8);
    assert_eq!(deliver(&pipeline, OLD).await, ACCEPTED);
    for id in ["1", "2", "3"] {
        assert_eq!(deliver(&pipeline, &deleted(&[id])).await, ACCEPTED);
    }
    assert_eq!(deliver(&pipeline, NEW).await, Outcome::Duplicate);
}
