//! Scenarios about the meaning of a 200, and about duplicates.

use std::time::Duration;

use birdhook::dedupe::DedupeScope;
use birdhook_test_harness::http_client::post;
use birdhook_tests::server::Behaviour;

use crate::scenarios::row::{DELETED, Gives, OTHER, Row, accepts, plain, row, signed, two_apps, webhook};

fn message(subscriber: &str) -> String {
    format!(
        r#"{{"for_user_id":"{subscriber}","direct_message_events":[{{"type":"message_create","id":"954491830116155396","created_timestamp":"1516403560557","message_create":{{"target":{{"recipient_id":"2"}},"sender_id":"1","message_data":{{"text":"hello"}}}}}}]}}"#
    )
}

pub(crate) fn rows() -> Vec<Row> {
    // A rejected delivery must not count as delivered.
    let refused = |name, behaviour| {
        let hasty = webhook().deadline(Duration::from_millis(300));
        row(name, hasty, [signed(DELETED).gives(503), signed(DELETED).gives(503)]).behaves(behaviour)
    };
    let (sent, received) = (message("1"), message("2"));
    let both_sides = [signed(sent.as_str()).gives(200), signed(received.as_str()).gives(200)];
    let both_apps = [signed(DELETED).gives(200), post(DELETED).signed(OTHER).gives(200)];
    let reordered = r#"{"tweet_delete_events":[{"timestamp_ms":"1432228155593","status":{"user_id":"1","id":"20"}}],"for_user_id":"1"}"#;
    let with_another = DELETED.replace("[{", r#"[{"status":{"id":"21","user_id":"1"}},{"#);
    let twice_in_one = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"1"}},{"status":{"id":"1"}}]}"#;
    vec![
        plain("a redelivery", [signed(DELETED).gives(200), signed(DELETED).gives(200)]).delivers(["post_deleted"]),
        plain("a redelivery in another order of members", [signed(DELETED).gives(200), signed(reordered).gives(200)])
            .delivers(["post_deleted"]),
        plain("a delivery of which one event was seen", [signed(DELETED).gives(200), signed(with_another).gives(200)])
            .delivers(["post_deleted", "post_deleted"]),
        accepts("one event twice in one delivery", signed(twice_in_one)),
        plain("two subscribers in one conversation: one each", both_sides.clone())
            .delivers(["message_sent", "message_received"]),
        row(
            "two subscribers in one conversation, merged",
            two_apps().dedupe_scope(DedupeScope::Conversation),
            both_sides.clone(),
        )
        .delivers(["message_sent"]),
        row("two subscribers are not merged across apps", two_apps().dedupe_scope(DedupeScope::AcrossApps), both_sides)
            .delivers(["message_sent", "message_received"]),
        row("two apps, merged", two_apps().dedupe_scope(DedupeScope::AcrossApps), both_apps.clone())
            .delivers(["post_deleted"]),
        row("two apps are not merged by conversation", two_apps().dedupe_scope(DedupeScope::Conversation), both_apps)
            .delivers(["post_deleted", "post_deleted"]),
        row(
            "everything merged",
            two_apps().dedupe_scope(DedupeScope::Everywhere),
            [signed(sent.as_str()).gives(200), post(received.as_str()).signed(OTHER).gives(200)],
        )
        .delivers(["message_sent"]),
        refused("a full sink", Behaviour::IsFull),
        refused("a closed sink", Behaviour::IsClosed),
        refused("a failing sink", Behaviour::Fails),
        refused("a sink that panics", Behaviour::Panics),
        refused("a sink that does not end", Behaviour::NeverEnds),
    ]
}
