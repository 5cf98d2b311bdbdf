//! Observation of requests, for a log or a console.

use std::fmt;
use std::time::Duration;

use birdhook_core::{Delivery, Outcome, Reply, RequestHead, SecretKind};

/// Observes the requests of a webhook. Set by [`Webhook::observer`](crate::Webhook::observer).
///
/// The methods run on the path of the request: they must be fast, and must neither block nor panic.
/// Without an observer, nothing is recorded.
pub trait Observer: fmt::Debug + Send + Sync {
    /// Called with each request's head before it is checked. Returns the observer of this request.
    ///
    /// The head is that of any sender, and the query of a challenge contains a token. With `None`,
    /// the request is not observed.
    fn begin(&self, head: &RequestHead<'_>) -> Option<Box<dyn RequestObserver>>;
}

/// Observes one request.
pub trait RequestObserver: Send + Sync {
    /// Called if the body's signature is valid. Not called for a body that is not a JSON object.
    ///
    /// The delivery still contains duplicates. Each event has its
    /// [`dedupe_key`](birdhook_core::Event::dedupe_key). `signed_with` is the kind of secret that signed
    /// the body. With two signatures, it is the kind that answers challenges. `None` if the app answers
    /// no challenges.
    fn verified(&self, delivery: &Delivery, signed_with: Option<SecretKind>);

    /// Called once, when the request is answered or dropped.
    fn finished(self: Box<Self>, request: FinishedRequest);
}

/// The end of a request.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FinishedRequest {
    /// The outcome. `None` if the request was dropped without an answer, because X hung up or the
    /// server stopped.
    pub outcome: Option<Outcome>,
    /// The time from the head to the answer.
    pub duration: Duration,
    /// For a challenge: whether X sent it. See [`Reply::is_signed_by_x`].
    pub is_signed_by_x: bool,
    /// For an answered challenge: the kind of secret that made the response token.
    pub answered_with: Option<SecretKind>,
}

impl FinishedRequest {
    pub(crate) fn answered(reply: &Reply, duration: Duration) -> Self {
        Self {
            outcome: Some(reply.outcome()),
            duration,
            is_signed_by_x: reply.is_signed_by_x(),
            answered_with: reply.answered_with(),
        }
    }

    pub(crate) fn dropped(duration: Duration) -> Self {
        Self { outcome: None, duration, is_signed_by_x: false, answered_with: None }
    }
}
