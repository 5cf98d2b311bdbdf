//! Acknowledges messages in groups.

use std::time::Duration;

use async_nats::Subject;
use async_nats::client::{Request, RequestErrorKind};
use async_nats::jetstream::{AckKind, Context};
use birdhook_core::Event;
use birdhook_core::consumption::{Consumption, report};
use birdhook_pipeline::consumer::AckSender;
use futures_util::future::join_all;

use crate::message::SettleError;

/// Timeout for the server's confirmation.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(5);

/// An event to acknowledge, and the subject for that.
pub(crate) struct Ack {
    pub(crate) subject: Option<Subject>,
    pub(crate) event: Event,
}

pub(crate) struct Acks(pub(crate) Context);

impl AckSender for Acks {
    type Ack = Ack;
    type Error = SettleError;

    /// Sends all acknowledgements before it waits.
    async fn send(&self, group: &mut Vec<Ack>) -> Result<(), SettleError> {
        let settled = group.iter().map(|ack| settle(&self.0, ack.subject.as_ref(), AckKind::Ack));
        let mut settled = join_all(settled).await.into_iter();
        let mut result = Ok(());
        group.retain(|ack| match settled.next() {
            Some(Err(error)) => {
                result = Err(error);
                true
            }
            _ => {
                report(&ack.event, Consumption::Consumed);
                false
            }
        });
        result
    }
}

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
