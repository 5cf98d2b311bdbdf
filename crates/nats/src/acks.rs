//! Acknowledges messages in groups.

use async_nats::Subject;
use async_nats::jetstream::{AckKind, Context};
use birdhook_core::consumption::Unconfirmed;
use birdhook_pipeline::consumer::AckSender;
use futures_util::future::join_all;

use crate::settle::{SettleError, settle};

/// A subject for the acknowledgement of an event.
pub(crate) struct Ack {
    pub(crate) subject: Option<Subject>,
    pub(crate) event: Unconfirmed,
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
                ack.event.confirm();
                false
            }
        });
        result
    }
}
