//! A harness: an inbox behind a webhook, and a clock that tests control.
#![allow(dead_code, reason = "each test uses some of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on")]

#[cfg(feature = "conformance")]
pub(crate) mod broken;
pub(crate) mod faulty;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_inbox::{Clock, Event, Inbox, InboxSettings};
use birdhook_pipeline::{HeadResult, Pipeline, RequestHead, Secret, Webhook, signature};
use tempfile::TempDir;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An inbox in a temporary folder, with a webhook in front of it.
pub(crate) struct Receiver {
    pub(crate) folder: Arc<TempDir>,
    pub(crate) inbox: Inbox,
    pub(crate) pipeline: Pipeline<Inbox>,
}

pub(crate) fn options() -> InboxSettings {
    InboxSettings::new().free_space(0)
}

impl Receiver {
    pub(crate) fn new(options: InboxSettings) -> Self {
        Self::open(&Arc::new(tempfile::tempdir().unwrap()), options)
    }

    pub(crate) fn open(folder: &Arc<TempDir>, options: InboxSettings) -> Self {
        Self::behind(folder, options.open(folder.path()).unwrap(), webhook())
    }

    /// Creates a receiver with other webhook settings.
    pub(crate) fn behind(folder: &Arc<TempDir>, inbox: Inbox, webhook: Webhook) -> Self {
        // A long deadline, because a shared disk may be slow. The webhook remembers no keys itself,
        // so that only the inbox recognises duplicates.
        let webhook = webhook.deadline(PATIENCE).dedupe_window(0, Duration::ZERO);
        let pipeline = webhook.sink(inbox.clone());
        Self { folder: Arc::clone(folder), inbox, pipeline }
    }

    /// Closes the inbox without waiting for leases, as the end of a process would, and reopens it.
    pub(crate) async fn reopen(self, options: InboxSettings) -> Self {
        let folder = Arc::clone(&self.folder);
        self.close().await;
        Self::open(&folder, options)
    }

    pub(crate) async fn close(self) {
        self.inbox.close(Duration::ZERO).await;
    }

    /// Sends a delivery and returns the status of the response.
    pub(crate) async fn send(&self, body: &str) -> u16 {
        send(&self.pipeline, body).await
    }

    pub(crate) async fn next(&self) -> birdhook_inbox::Lease {
        tokio::time::timeout(PATIENCE, self.inbox.recv()).await.expect("an event").expect("an open inbox")
    }

    /// Makes the committer read the clock.
    pub(crate) async fn look_at_the_clock(&self) {
        // The second command runs after everything that the first one made due.
        self.inbox.requeue([]).await.unwrap();
        self.inbox.requeue([]).await.unwrap();
    }

    /// Returns whether no event is available now.
    pub(crate) async fn is_quiet(&self) -> bool {
        let mut leases = self.inbox.leases();
        // `recv` is polled first, so it is served before the clock is read.
        let asked = self.look_at_the_clock();
        tokio::select! {
            biased;
            _ = leases.recv() => false,
            () = asked => true,
        }
    }
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

/// A body with one deleted post per number, for this subscriber.
pub(crate) fn deletions(subscriber: &str, posts: impl IntoIterator<Item = u64>) -> String {
    let posts: Vec<_> = posts.into_iter().map(|id| format!(r#"{{"status":{{"id":"{id}"}}}}"#)).collect();
    format!(r#"{{"for_user_id":"{subscriber}","tweet_delete_events":[{}]}}"#, posts.join(","))
}

/// Returns the number of the post in an event of [`deletions`].
pub(crate) fn post(event: &Event) -> u64 {
    event
        .raw()
        .as_str()
        .split('"')
        .rfind(|part| part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty())
        .unwrap()
        .parse()
        .unwrap()
}

/// A clock that a test sets.
#[derive(Clone, Default)]
pub(crate) struct SetClock(Arc<Mutex<(Duration, Duration)>>);

impl SetClock {
    pub(crate) fn at(wall: Duration) -> Self {
        Self(Arc::new(Mutex::new((wall, Duration::ZERO))))
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, by: Duration) {
        let mut clock = self.0.lock().unwrap();
        clock.0 += by;
        clock.1 += by;
    }

    /// Sets the machine's clock.
    pub(crate) fn set_wall(&self, wall: Duration) {
        self.0.lock().unwrap().0 = wall;
    }
}

impl Clock for SetClock {
    fn wall(&self) -> Duration {
        self.0.lock().unwrap().0
    }

    fn steady(&self) -> Duration {
        self.0.lock().unwrap().1
    }
}
