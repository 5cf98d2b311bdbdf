//! Reads a body within the memory budget.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use birdhook_core::{BodyReader, Outcome, Reply};
use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::request::Request;
use crate::sync::yield_now;

/// The permit for a large body, to be held until the delivery's events are claimed.
pub(super) type LargeBody = Option<OwnedSemaphorePermit>;

/// Reads a body to its end.
pub(super) async fn read<E>(
    reader: &mut BodyReader,
    body: impl Stream<Item = Result<Bytes, E>>,
    request: &Request,
) -> Result<LargeBody, Reply> {
    let (mut body, budget) = (pin!(body), &request.gate.memory_budget);
    let mut next = |cx: &mut Context<'_>| match body.as_mut().poll_next(cx) {
        Poll::Ready(chunk) => Poll::Ready(chunk.map(|chunk| chunk.map_err(|_| Outcome::BodyCutOff))),
        Poll::Pending => match request.memory.wait_for_more(budget, request.started, Instant::now, cx.waker()) {
            Ok(()) => Poll::Pending,
            Err(outcome) => Poll::Ready(Some(Err(outcome))),
        },
    };
    while let Some(chunk) = poll_fn(&mut next).await {
        let chunk = chunk?;
        let is_empty = chunk.is_empty();
        request.memory.reserve(budget, chunk.len(), Instant::now)?;
        reader.push(chunk)?;
        // A body of endless empty chunks is always ready, so the timeout would never be polled.
        if is_empty && Instant::now() >= request.deadline {
            return Err(Outcome::BodyTooSlow.into());
        }
    }
    request.memory.complete(budget)?;
    if !request.memory.is_large() {
        return Ok(None);
    }
    // Parsing a large body takes milliseconds. If many were parsed at once, a challenge would wait
    // for all of them. So one is parsed at a time, after other ready tasks have run.
    let permit = Arc::clone(&request.gate.large_body).acquire_owned().await.ok();
    yield_now().await;
    Ok(permit)
}
