//! The texts that an inbox prints.

use std::time::Duration;

use birdhook_inbox::EventQuery;

use crate::support::backend::Backend;
use crate::support::{Receiver, inbox_settings, message};

const TEXT: &str = "meet me at the pond";
const SENDER: &str = "3040506070";
const SUBSCRIBER: &str = "4030201000";
const SECRET: &str = "the-consumer-secret";

#[tokio::test]
async fn debug_output_and_errors_contain_no_messages_users_or_secrets() {
    let receiver = Receiver::new(inbox_settings()).await;
    receiver.send(&message(SUBSCRIBER, SENDER, SUBSCRIBER, TEXT)).await;
    let (leases, lease) = (receiver.inbox.leases(), receiver.next().await);
    let (query, listed) = (EventQuery::all(), receiver.list(EventQuery::all()).await);
    let mut printed = vec![
        format!("{:?}", inbox_settings()),
        format!("{:?} {:?} {leases:?}", receiver.inbox, receiver.inbox.stats()),
        format!("{lease:?} {:?} {}", lease.event(), lease.id()),
        format!("{query:?} {listed:?}"),
        format!("{:?}", receiver.pipeline),
    ];
    let in_use = receiver.place.open(inbox_settings()).await.unwrap_err();
    receiver.inbox.close(Duration::ZERO).await;
    let closed = lease.ack().await.unwrap_err();
    let not_purged = receiver.inbox.purge(SUBSCRIBER).await.unwrap_err();
    printed.push(format!("{in_use} {in_use:?} {closed} {closed:?} {not_purged} {not_purged:?}"));
    for text in printed {
        assert!(!text.is_empty());
        for hidden in [TEXT, SENDER, SUBSCRIBER, SECRET] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
    }
}
