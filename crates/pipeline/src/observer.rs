//! Observation of requests, for a log or a console.

use std::fmt;
use std::time::Duration;

use birdhook_core::{Delivery, Outcome, Reply, RequestHead, SecretKind};

use crate::dedupe::DedupePolicy;

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
    /// Called if the body's signature is valid. The delivery still contains duplicates.
    ///
    /// Not called for a body that is not a JSON object.
    fn verified(&self, delivery: &Delivery, verification: Verification);

    /// Called once, when the request is answered or dropped.
    fn finished(self: Box<Self>, request: FinishedRequest);
}

/// The facts about a verified body that the [`Delivery`] does not contain.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Verification {
    /// The kind of secret that signed the body. With two signatures, the kind that answers
    /// challenges. `None` if the app answers no challenges.
    pub signed_with: Option<SecretKind>,
    /// The policy whose keys recognise duplicates.
    pub policy: DedupePolicy,
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
