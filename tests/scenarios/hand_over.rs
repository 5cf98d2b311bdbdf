//! Scenarios about the meaning of a 200, and about duplicates.

use birdhook::dedupe::DedupeScope;
use birdhook_test_harness::http_client::post;
use birdhook_tests::server::Behaviour;

use crate::scenarios::row::{DELETED, Gives, OTHER, Row, Setup, plain, row, signed};

fn message(subscriber: &str) -> String {
    format!(
        r#"{{"for_user_id":"{subscriber}","direct_message_events":[{{"type":"message_create","id":"954491830116155396","created_timestamp":"1516403560557","message_create":{{"target":{{"recipient_id":"2"}},"sender_id":"1","message_data":{{"text":"hello"}}}}}}]}}"#
    )
}

pub(crate) fn rows() -> Vec<Row> {
    // A rejected delivery must not count as delivered.
    let refused = || signed(DELETED).gives(503);
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
        plain("one event twice in one delivery", [signed(twice_in_one).gives(200)]).delivers(["post_deleted"]),
        plain("two subscribers in one conversation: one each", both_sides.clone())
            .delivers(["message_sent", "message_received"]),
        row("two subscribers in one conversation, merged", Setup::Scope(DedupeScope::Conversation), both_sides.clone())
            .delivers(["message_sent"]),
        row("two subscribers are not merged across apps", Setup::Scope(DedupeScope::AcrossApps), both_sides)
            .delivers(["message_sent", "message_received"]),
        row("two apps, merged", Setup::Scope(DedupeScope::AcrossApps), both_apps.clone()).delivers(["post_deleted"]),
        row("two apps are not merged by conversation", Setup::Scope(DedupeScope::Conversation), both_apps)
            .delivers(["post_deleted", "post_deleted"]),
        row(
            "everything merged",
            Setup::Scope(DedupeScope::Everywhere),
            [signed(sent.as_str()).gives(200), post(received.as_str()).signed(OTHER).gives(200)],
        )
        .delivers(["message_sent"]),
        row("a full sink", Setup::App(Behaviour::IsFull), [refused(), refused()]),
        row("a closed sink", Setup::App(Behaviour::IsClosed), [refused(), refused()]),
        row("a failing sink", Setup::App(Behaviour::Fails), [refused(), refused()]),
        row("a sink that panics", Setup::App(Behaviour::Panics), [refused(), refused()]),
        row("a sink that does not end", Setup::App(Behaviour::NeverEnds), [refused(), refused()]),
    ]
}
