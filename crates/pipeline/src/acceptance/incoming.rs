//! A delivery whose body has not been read, up to the claim of its events.

use std::sync::Arc;

use birdhook_core::{BodyReader, Delivery, EventKey, Outcome, Reply};
use bytes::Bytes;
use futures_core::Stream;

use super::body::{self, LargeBody};
use super::request::Request;
use super::state::GateState;
use super::verified::VerifiedDelivery;
use crate::catch_panic::catch_panic;
use crate::dedupe::{Claim, Claimed};
use crate::sync::timeout_at;

/// A delivery whose body has not been read yet.
#[derive(Debug)]
pub struct IncomingDelivery {
    /// Boxed to keep the futures that move it small.
    unread: Box<Unread>,
}

#[derive(Debug)]
struct Unread {
    reader: BodyReader,
    request: Request,
}

impl IncomingDelivery {
    pub(super) fn new(reader: BodyReader, request: Request) -> Self {
        Self { unread: Box::new(Unread { reader, request }) }
    }

    pub(super) fn began_at(&self, gate: &Arc<GateState>) -> bool {
        Arc::ptr_eq(&self.unread.request.gate, gate)
    }

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
        let mut unread = self.unread;
        let deadline = unread.request.deadline;
        let read = timeout_at(deadline, body::read(&mut unread.reader, body, &unread.request)).await;
        let (verified, request) = unread.finish(read.unwrap_or_else(|_| Err(Outcome::BodyTooSlow.into())));
        let claimed = match verified {
            Ok((delivery, large_body)) => claim(delivery, large_body, remembers, &request).await,
            Err(reply) => Err(reply),
        };
        match claimed {
            Ok((delivery, claim)) => Ok(VerifiedDelivery::new(delivery, claim, request)),
            Err(reply) => Err(request.answer(reply)),
        }
    }

    /// Ends the delivery without reading it.
    pub(crate) fn refuse(self, outcome: Outcome) -> Reply {
        self.unread.request.refuse(outcome)
    }
}

impl Unread {
    /// Ends the reading of the body, and verifies it if all of it was read.
    fn finish(self: Box<Self>, read: Result<LargeBody, Reply>) -> (Result<(Delivery, LargeBody), Reply>, Request) {
        let Self { reader, request } = *self;
        (read.and_then(|large_body| Ok((reader.finish()?, large_body))), request)
    }
}

/// Claims the events of a delivery. Waits while another request has claimed one of them.
async fn claim(
    mut delivery: Delivery,
    mut large_body: LargeBody,
    remembers: impl Fn(&EventKey) -> bool,
    request: &Request,
) -> Result<(Delivery, Claim), Reply> {
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
