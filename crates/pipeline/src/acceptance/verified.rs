//! A verified delivery, up to its answer.

use birdhook_core::consumption::Unanswered;
use birdhook_core::{Delivery, Outcome, Reply};
use tokio::time::Instant;

use super::request::Request;
use crate::catch_panic::CatchPanic;
use crate::dedupe::Claim;
use crate::sync::timeout_at;

/// A verified delivery, with the right to deliver it once.
///
/// If it is dropped, the delivery is not accepted, and X may send it again.
#[must_use = "dropped, the delivery is not accepted"]
#[derive(Debug)]
pub struct VerifiedDelivery {
    delivery: Delivery,
    claim: Claim,
    request: Request,
    /// Set if the events are reported to the test kit when the app consumes them.
    unanswered: Option<Unanswered>,
}

impl VerifiedDelivery {
    pub(super) fn new(delivery: Delivery, claim: Claim, request: Request) -> Self {
        Self { delivery, claim, request, unanswered: None }
    }

    /// For a sink whose events are reported to the test kit when the app consumes them.
    pub(crate) fn without_report(mut self, is_reported: bool) -> Self {
        self.unanswered = is_reported.then(Unanswered::default);
        self
    }

    /// Delivers the events with `deliver`. Send 200 only after `Ok`.
    ///
    /// Each event has the key by which it was claimed, as
    /// [`Event::dedupe_key`](birdhook_core::Event::dedupe_key).
    ///
    /// The delivery counts as accepted in the same poll in which `deliver` returns `Ok`. If this
    /// future is dropped earlier, nothing was accepted and X may send the delivery again. A panic
    /// of `deliver` is answered 503. If the deadline expires first, the answer has the outcome
    /// `timeout`.
    ///
    /// # Errors
    /// Returns the answer to send.
    pub async fn deliver_with<T, F>(self, deliver: impl FnOnce(Delivery) -> F, timeout: Outcome) -> Result<T, Reply>
    where
        F: Future<Output = Result<T, Outcome>>,
    {
        let Self { delivery, claim, request, unanswered } = self;
        let events = delivery.events().len();
        let unanswered = unanswered.unwrap_or_else(|| Unanswered::of(&delivery));
        let delivered = CatchPanic::new(request.span.instrument(async { deliver(delivery).await }));
        let outcome = timeout_at(request.deadline, delivered).await;
        match outcome.unwrap_or(Err(timeout)) {
            Ok(value) => {
                let now = Instant::now();
                claim.commit(now);
                request.delivered(events, now);
                request.answer(Outcome::Accepted.into());
                unanswered.answered();
                Ok(value)
            }
            Err(outcome) => {
                drop(claim);
                Err(request.refuse(outcome))
            }
        }
    }
}
