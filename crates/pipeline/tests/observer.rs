//! An observer's view of each request.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{SECRET, app, deleted, deliver, get, incoming, pending, secret, webhook, whole};
use birdhook_pipeline::{
    ApiMode, Apps, DedupePolicy, DedupeScope, Delivery, FinishedRequest, Observer, Outcome, RequestHead,
    RequestObserver, SecretKind, Webhook, signature,
};
use bytes::Bytes;
use tokio::time::advance;

/// Writes down what it learns.
#[derive(Clone, Debug, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn add(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Notes {
    fn begin(&self, head: &RequestHead<'_>) -> Option<Box<dyn RequestObserver>> {
        if head.path() == "/unobserved" {
            return None;
        }
        let signed: Vec<_> = SecretKind::ALL.into_iter().filter(|kind| head.has_signature(*kind)).collect();
        self.add(format!("{} {} {signed:?}", head.method(), head.path()));
        Some(Box::new(self.clone()))
    }
}

impl RequestObserver for Notes {
    fn verified(&self, delivery: &Delivery, signed_with: Option<SecretKind>) {
        // The dedupe key of this policy, and not the delivery key.
        let policy = DedupePolicy::new(DedupeScope::Everywhere, ApiMode::Single);
        assert!(delivery.events().iter().all(|event| event.dedupe_key() == policy.key(event)));
        self.add(format!("{} {} {signed_with:?}", delivery.app(), delivery.events().len()));
    }

    fn finished(self: Box<Self>, request: FinishedRequest) {
        let FinishedRequest { outcome, duration, is_signed_by_x, answered_with, .. } = request;
        let outcome = outcome.map_or("unanswered", Outcome::as_str);
        self.add(format!("{outcome} {duration:?} {is_signed_by_x} {answered_with:?}"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_learns_the_head_the_delivery_with_its_duplicates_and_the_outcome() {
    let notes = Notes::default();
    let (pipeline, _deliveries) = webhook().dedupe_scope(DedupeScope::Everywhere).observer(notes.clone()).channel(8);
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Accepted);
    let head = "POST / [Consumer]";
    assert_eq!(notes.take(), [head, "bees 1 Some(Consumer)", "accepted 0ns false None"]);
    assert_eq!(deliver(&pipeline, &deleted(&["1", "2"])).await, Outcome::Accepted);
    assert_eq!(
        notes.take(),
        [head, "bees 2 Some(Consumer)", "accepted 0ns false None"],
        "before duplicates are removed"
    );
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Duplicate);
    assert_eq!(notes.take(), [head, "bees 1 Some(Consumer)", "duplicate 0ns false None"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_without_a_valid_signature_never_reaches_an_observer() {
    let notes = Notes::default();
    let (pipeline, _deliveries) = webhook().dedupe_scope(DedupeScope::Everywhere).observer(notes.clone()).channel(8);
    let forged = pipeline.receive(incoming(&pipeline, "{}"), whole("{ }")).await;
    assert_eq!(forged.outcome(), Outcome::SignatureWrong);
    assert_eq!(notes.take(), ["POST / [Consumer]", "signature_wrong 0ns false None"]);
    assert_eq!(deliver(&pipeline, "[]").await, Outcome::NotAnObject);
    assert_eq!(notes.take(), ["POST / [Consumer]", "not_an_object 0ns false None"]);
    pipeline.begin(&RequestHead::new("DELETE", "/x", None));
    assert_eq!(notes.take(), ["DELETE /x []", "method_not_allowed 0ns false None"]);
    pipeline.begin(&RequestHead::new("DELETE", "/unobserved", None));
    assert!(notes.take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_observer_learns_who_sent_a_challenge_and_which_secret_answered() {
    let notes = Notes::default();
    let both = app("bees", SECRET).add_client_secret(secret("client")).answer_challenges_with(SecretKind::Client);
    let (pipeline, _deliveries) =
        Webhook::new(both).dedupe_scope(DedupeScope::Everywhere).observer(notes.clone()).channel(8);
    get(&pipeline, "crc_token=a");
    assert_eq!(notes.take(), ["GET / []", "challenge_answered 0ns false Some(Client)"]);
    let query = "crc_token=a&nonce=b";
    let signed = signature::sign(&secret(SECRET), query.as_bytes());
    let head = RequestHead::new("GET", "/", Some(query));
    pipeline.begin(&head.with_headers([(signature::HEADER, signed.as_bytes())]));
    assert_eq!(notes.take(), ["GET / [Consumer]", "challenge_answered 0ns true Some(Client)"]);
    get(&pipeline, "crc_token=");
    assert_eq!(notes.take(), ["GET / []", "token_empty 0ns false None"]);
}

#[tokio::test(start_paused = true)]
async fn the_kind_that_signed_is_reported_if_another_kind_answers_challenges() {
    let notes = Notes::default();
    let both = app("bees", SECRET).add_client_secret(secret("client")).answer_challenges_with(SecretKind::Client);
    let (pipeline, _deliveries) =
        Webhook::new(both).dedupe_scope(DedupeScope::Everywhere).observer(notes.clone()).channel(8);
    assert_eq!(deliver(&pipeline, &deleted(&["1"])).await, Outcome::Accepted);
    assert_eq!(notes.take()[1], "bees 1 Some(Consumer)");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_request_and_one_during_a_shutdown_are_finished_once() {
    let notes = Notes::default();
    let (pipeline, _deliveries) = webhook().dedupe_scope(DedupeScope::Everywhere).observer(notes.clone()).channel(8);
    let never = futures_util::stream::pending::<Result<Bytes, std::convert::Infallible>>();
    let receiving = pending(pipeline.receive(incoming(&pipeline, "{}"), never));
    advance(Duration::from_secs(1)).await;
    drop(receiving);
    assert_eq!(notes.take(), ["POST / [Consumer]", "unanswered 1s false None"]);
    pipeline.gate().stop();
    let signed = signature::sign(&secret(SECRET), b"");
    let head = RequestHead::new("POST", "/", None).with_headers([(signature::HEADER, signed.as_bytes())]);
    pipeline.begin(&head);
    assert_eq!(notes.take(), ["POST / [Consumer]", "shutting_down 0ns false None"]);
    let without_apps = Webhook::new(Apps::none()).dedupe_scope(DedupeScope::Everywhere).observer(notes.clone()).gate();
    without_apps.begin(&head);
    assert_eq!(notes.take(), ["POST / [Consumer]", "no_secret 0ns false None"]);
}
