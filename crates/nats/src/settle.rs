//! Requests that settle a message.

use std::time::Duration;

use async_nats::Subject;
use async_nats::client::{Request, RequestErrorKind};
use async_nats::jetstream::{AckKind, Context};

/// Timeout for the server's confirmation.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends a request, because the client's own methods report success even without a responder.
pub(crate) async fn settle(context: &Context, subject: Option<&Subject>, how: AckKind) -> Result<(), SettleError> {
    let subject = subject.cloned().ok_or(SettleError::Gone)?;
    let request = Request::new().payload(how.into()).timeout(Some(SETTLE_TIMEOUT));
    match context.client().send_request(subject, request).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == RequestErrorKind::NoResponders => Err(SettleError::Gone),
        Err(_) => Err(SettleError::Unanswered),
    }
}

/// A settlement without confirmation: its result is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettleError {
    /// No answer in time.
    #[error("the NATS server did not confirm in time; the event may come again")]
    Unanswered,
    /// No responder: the consumer was removed, or has no leader now.
    #[error(
        "no responder for the confirmation: the consumer was removed, or has no leader now; the event may come again"
    )]
    Gone,
}
