//! A harness: an inbox behind a webhook, and a clock that tests control.

pub(crate) mod backend;
pub(crate) mod clock;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_inbox::{Event, EventQuery, InboxSettings, Lease, ListedEvent};
use birdhook_pipeline::{HeadResult, Pipeline, RequestHead, Secret, Webhook, signature};
use futures_util::StreamExt;
use tokio::task::JoinSet;

use self::backend::{Backend, Switch};
use crate::Tested;

pub(crate) type Inbox = <Tested as Backend>::Inbox;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An inbox in a new place, with a webhook in front of it.
pub(crate) struct Receiver {
    pub(crate) place: Tested,
    pub(crate) inbox: Inbox,
    pub(crate) pipeline: Pipeline<Inbox>,
}

pub(crate) fn inbox_settings() -> InboxSettings {
    InboxSettings::new().free_space(0)
}

impl Receiver {
    pub(crate) async fn new(settings: InboxSettings) -> Self {
        Self::open(&Tested::create(), settings).await
    }

    /// Creates a receiver and sends it one delivery with these deletions, for subscriber 7.
    pub(crate) async fn holding(settings: InboxSettings, posts: impl IntoIterator<Item = u64>) -> Self {
        let receiver = Self::new(settings).await;
        assert_eq!(receiver.send(&deletions("7", posts)).await, 200);
        receiver
    }

    pub(crate) async fn open(place: &Tested, settings: InboxSettings) -> Self {
        Self::behind(place, place.open(settings).await.unwrap(), webhook())
    }

    /// Creates a receiver on a disk that the switch controls.
    pub(crate) async fn failing(switch: &Arc<Switch>, settings: InboxSettings) -> Self {
        let place = Tested::create();
        let inbox = place.open_failing(settings, switch).await.unwrap();
        Self::behind(&place, inbox, webhook())
    }

    /// Creates a receiver in a new place, with other webhook settings.
    pub(crate) async fn with(webhook: Webhook) -> Self {
        let place = Tested::create();
        let inbox = place.open(inbox_settings()).await.unwrap();
        Self::behind(&place, inbox, webhook)
    }

    /// Creates a receiver with other webhook settings.
    pub(crate) fn behind(place: &Tested, inbox: Inbox, webhook: Webhook) -> Self {
        // A long deadline, because a shared disk may be slow. The webhook remembers no keys itself,
        // so that only the inbox recognises duplicates.
        let webhook = webhook.deadline(PATIENCE).dedupe_window(0, Duration::ZERO);
        let pipeline = webhook.sink(inbox.clone());
        Self { place: place.clone(), inbox, pipeline }
    }

    /// Ends the inbox as the end of its process would, and opens it again.
    pub(crate) async fn reopen(self, settings: InboxSettings) -> Self {
        let place = self.close().await;
        Self::open(&place, settings).await
    }

    /// Ends the inbox as the end of its process would.
    pub(crate) async fn close(self) -> Tested {
        self.inbox.close(Duration::ZERO).await;
        self.place
    }

    pub(crate) async fn send(&self, body: &str) -> u16 {
        send(&self.pipeline, body).await
    }

    pub(crate) async fn next(&self) -> Lease {
        tokio::time::timeout(PATIENCE, self.inbox.recv()).await.expect("an event").expect("an open inbox")
    }

    /// Acknowledges the next event. Returns its post and the number of the attempt.
    pub(crate) async fn ack_next(&self) -> (u64, u32) {
        let lease = self.next().await;
        let next = (post(&lease), lease.attempts());
        lease.ack().await.unwrap();
        next
    }

    pub(crate) async fn list(&self, query: EventQuery) -> Vec<ListedEvent> {
        self.inbox.list(query).await.unwrap()
    }

    pub(crate) async fn read_the_clock(&self) {
        // The second command runs after everything that the first one made due.
        self.inbox.requeue([]).await.unwrap();
        self.inbox.requeue([]).await.unwrap();
    }

    /// Returns whether no event is available now.
    pub(crate) async fn is_quiet(&self) -> bool {
        let mut leases = self.inbox.leases();
        // `recv` is polled first, so it is served before the clock is read.
        let asked = self.read_the_clock();
        tokio::select! {
            biased;
            _ = leases.recv() => false,
            () = asked => true,
        }
    }
}

pub(crate) async fn wait_until(is_so: impl Fn() -> bool) {
    let so = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, so).await.unwrap();
}

pub(crate) fn secret() -> Secret {
    Secret::new("the-consumer-secret").unwrap()
}

pub(crate) fn webhook() -> Webhook {
    Webhook::new(secret())
}

pub(crate) async fn send(pipeline: &Pipeline<Inbox>, body: &str) -> u16 {
    let signed = signature::sign(&secret(), body.as_bytes());
    let head = RequestHead::new("POST", "/", None).with_headers([(signature::HEADER, signed.as_bytes())]);
    let HeadResult::Body(incoming) = pipeline.begin(&head) else { panic!("refused") };
    let chunks = futures_util::stream::iter([Ok::<_, Infallible>(bytes::Bytes::from(body.to_owned()))]);
    pipeline.receive(incoming, chunks).await.status()
}

/// Starts consumers that count how often they get each post, until they are dropped or the inbox is
/// closed. Half of them use the stream.
pub(crate) fn consumers(inbox: &Inbox, consumers: usize) -> (Arc<Mutex<HashMap<u64, u32>>>, JoinSet<()>) {
    let (seen, mut tasks) = (Arc::<Mutex<HashMap<u64, u32>>>::default(), JoinSet::new());
    for number in 0..consumers {
        let (inbox, seen) = (inbox.clone(), Arc::clone(&seen));
        tasks.spawn(async move {
            let mut leases = inbox.leases();
            while let Some(lease) = if number % 2 == 0 { leases.next().await } else { inbox.recv().await } {
                *seen.lock().unwrap().entry(post(&lease)).or_default() += 1;
                lease.ack().await.unwrap();
            }
        });
    }
    (seen, tasks)
}

/// A body with one message, as X delivers it to `subscriber`.
pub(crate) fn message(subscriber: &str, sender: &str, recipient: &str, text: &str) -> String {
    let content = format!(
        r#"{{"target":{{"recipient_id":"{recipient}"}},"sender_id":"{sender}","message_data":{{"text":"{text}"}}}}"#
    );
    format!(
        r#"{{"for_user_id":"{subscriber}","direct_message_events":[{{"type":"message_create","id":"1","created_timestamp":"1678000000001","message_create":{content}}}]}}"#
    )
}

/// A body with one deleted post per number, for this subscriber.
pub(crate) fn deletions(subscriber: &str, posts: impl IntoIterator<Item = u64>) -> String {
    let posts: Vec<_> = posts.into_iter().map(|id| format!(r#"{{"status":{{"id":"{id}"}}}}"#)).collect();
    format!(r#"{{"for_user_id":"{subscriber}","tweet_delete_events":[{}]}}"#, posts.join(","))
}

/// Returns the number of the post in an event of [`deletions`].
pub(crate) fn post(event: &Event) -> u64 {
    event.raw().as_str().split('"').rev().find_map(|part| part.parse().ok()).unwrap()
}

/// Returns the posts of listed events.
pub(crate) fn posts<'a>(listed: impl IntoIterator<Item = &'a ListedEvent>) -> Vec<u64> {
    listed.into_iter().map(|listed| post(listed.event.as_ref().unwrap())).collect()
}
