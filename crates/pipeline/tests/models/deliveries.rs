//! Deliveries for the model tests.

use std::convert::Infallible;
use std::sync::LazyLock;
use std::time::Duration;

use birdhook_core::{App, Delivery, Outcome, RequestHead, Secret, signature};
use bytes::Bytes;
use futures_core::Stream;
use futures_util::stream;
use shuttle::future::yield_now;

use crate::{EventSink, HeadResult, Pipeline, Webhook};

static SECRET: LazyLock<Secret> = LazyLock::new(|| Secret::new("consumer-secret-of-the-models").unwrap());
static WEBHOOK: LazyLock<Webhook> = LazyLock::new(|| {
    // A small window, because one is allocated for each schedule.
    Webhook::new(App::new("bees", SECRET.clone())).dedupe_window(64, Duration::from_secs(900))
});

pub(super) fn webhook() -> Webhook {
    WEBHOOK.clone()
}

/// A signed POST.
#[derive(Clone, Debug)]
pub(super) struct SignedPost {
    body: Bytes,
    signed: String,
}

impl SignedPost {
    pub(super) fn new(body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self { signed: signature::sign(&SECRET, &body), body }
    }

    /// Returns a POST with one event for each id.
    pub(super) fn of(ids: &[&str]) -> Self {
        Self::new(body(ids))
    }

    pub(super) fn len(&self) -> usize {
        self.body.len()
    }

    /// Sends the POST, its body in two pieces with a pause before each, and returns the outcome.
    pub(super) async fn send<S: EventSink>(&self, to: &Pipeline<S>) -> Outcome {
        let head = RequestHead::new("POST", "/", None).with_headers([(signature::HEADER, self.signed.as_bytes())]);
        match to.begin(&head) {
            HeadResult::Reply(reply) => reply.outcome(),
            HeadResult::Body(incoming) => to.receive(incoming, self.pieces()).await.outcome(),
        }
    }

    /// Repeats the POST until the answer is 200, as X does.
    pub(super) async fn send_until_accepted<S: EventSink>(&self, to: &Pipeline<S>) {
        while self.send(to).await.status() != 200 {
            yield_now().await;
        }
    }

    fn pieces(&self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
        let half = self.body.len() / 2;
        let pieces = vec![self.body.slice(..half), self.body.slice(half..)];
        let piece = |mut left: std::vec::IntoIter<Bytes>| async {
            yield_now().await;
            left.next().map(|piece| (Ok(piece), left))
        };
        stream::unfold(pieces.into_iter(), piece)
    }
}

fn body(ids: &[&str]) -> String {
    let events: Vec<_> = ids.iter().map(|id| format!(r#"{{"status":{{"id":"{id}","user_id":"9"}}}}"#)).collect();
    format!(r#"{{"for_user_id":"7","tweet_delete_events":[{}]}}"#, events.join(","))
}

/// Returns a delivery as the gate would have verified it.
pub(super) fn delivery(ids: &[&str]) -> Delivery {
    Delivery::restore("bees", body(ids), 100).unwrap()
}

/// Returns the ids of the delivery's events.
pub(super) fn ids(delivery: &Delivery) -> Vec<String> {
    let id = |raw: &str| raw.split(r#""id":""#).nth(1)?.split('"').next().map(str::to_owned);
    delivery.events().iter().map(|event| id(event.raw().as_str()).unwrap()).collect()
}
