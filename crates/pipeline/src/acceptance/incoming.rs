//! A delivery whose body has not been read, up to the claim of its events.

use std::sync::Arc;

use birdhook_core::{BodyReader, Delivery, EventKey, Outcome, Reply};
use bytes::Bytes;
use futures_core::Stream;

use super::body;
use super::request::Request;
use super::verified::VerifiedDelivery;
use crate::catch_panic::catch_panic;
use crate::dedupe::{Claim, Claimed};
use crate::sync::timeout_at;

/// A delivery whose body has not been read yet.
#[derive(Debug)]
pub struct IncomingDelivery {
    /// Boxed to keep the futures that move it small.
    pub(super) reader: Box<BodyReader>,
    pub(super) request: Request,
}

impl IncomingDelivery {
    /// Reads and verifies the body, and claims its events.
    ///
    /// Waits for events that other requests have claimed. All of this is subject to the deadline.
    ///
    /// # Errors
    /// Returns the answer to send.
    pub async fn verify<E>(self, body: impl Stream<Item = Result<Bytes, E>>) -> Result<VerifiedDelivery, Reply> {
        self.verify_unless(body, |_| false).await
    }

    /// Like [`verify`](Self::verify). Calls `remembers` for events that the gate does not know.
    pub(crate) async fn verify_unless<E>(
        self,
        body: impl Stream<Item = Result<Bytes, E>>,
        remembers: impl Fn(&EventKey) -> bool,
    ) -> Result<VerifiedDelivery, Reply> {
        let Self { reader, request } = self;
        match verify(reader, body, remembers, &request).await {
            Ok((delivery, claim)) => Ok(VerifiedDelivery::new(delivery, claim, request)),
            Err(reply) => Err(request.answer(reply)),
        }
    }

    /// Ends the delivery without reading it.
    pub(crate) fn refuse(self, outcome: Outcome) -> Reply {
        self.request.refuse(outcome)
    }
}

async fn verify<E>(
    reader: Box<BodyReader>,
    body: impl Stream<Item = Result<Bytes, E>>,
    remembers: impl Fn(&EventKey) -> bool,
    request: &Request,
) -> Result<(Delivery, Claim), Reply> {
    let read = timeout_at(request.deadline, body::read(reader, body, request)).await;
    let (mut delivery, mut large_body) = read.map_err(|_| Outcome::BodyTooSlow)??;
    let dedupe = Arc::clone(&request.gate.dedupe);
    dedupe.set_keys(&mut delivery);
    request.verified(&delivery);
    if delivery.events().is_empty() {
        return Err(Outcome::Dropped.into());
    }
    let sent = delivery.events().len();
    loop {
        let claimed = catch_panic(|| dedupe.claim(&mut delivery, request.started, &remembers));
        drop(large_body.take());
        match claimed? {
            Claimed::InFlight(ended) => {
                timeout_at(request.deadline, ended).await.map_err(|_| Outcome::InFlight)?;
            }
            Claimed::AllDone => {
                request.removed_duplicates(sent);
                return Err(Outcome::Duplicate.into());
            }
            Claimed::Ours(claim) => {
                request.removed_duplicates(sent - delivery.events().len());
                return Ok((delivery, claim));
            }
        }
    }
}
