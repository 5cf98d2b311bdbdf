//! Event keys never change, because inboxes, queues and databases store them.

use crate::support::{all_fixtures, deliver};
use birdhook_core::DedupeScope;

/// For each event of each fixture: the fixture, the event's index, its `delivery_key` in two
/// scopes, and its `content_key`.
const KEPT: &str = include_str!("key_vectors.txt");

/// Existing lines must not change. Append the lines of a new fixture to the file.
#[test]
fn the_keys_of_every_fixture_do_not_change() {
    let mut made = String::new();
    for (name, body) in all_fixtures() {
        for event in deliver(body).events() {
            let keys = [event.delivery_key(), event.delivery_key_in(DedupeScope::Everywhere), event.content_key()];
            let keys = keys.map(|key| key.to_string()).join(" ");
            made += &format!("{name} {} {keys}\n", event.index());
        }
    }
    let differing: Vec<_> = made.lines().filter(|line| !KEPT.lines().any(|kept| kept == *line)).collect();
    assert!(differing.is_empty(), "changed, or new and not written down yet:\n{}", differing.join("\n"));
    assert_eq!(made.lines().count(), KEPT.lines().count(), "a line of key_vectors.txt has no fixture");
}
