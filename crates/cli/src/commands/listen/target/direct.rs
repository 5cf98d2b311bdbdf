//! Forwards deliveries to one target before they are answered, without an inbox.

use axum::http::HeaderMap;
use birdhook::{Delivery, Event};
use futures_util::future::join_all;
use tokio::sync::Semaphore;

use super::TargetMode;
use super::client::{AttemptError, TargetClient};
use super::trace::TraceContext;

/// Forwards events while their delivery waits for its answer.
pub(crate) struct DirectForwarder {
    client: TargetClient,
    slots: Semaphore,
}

impl DirectForwarder {
    pub(crate) fn new(client: TargetClient) -> Self {
        let slots = Semaphore::new(client.target.concurrency);
        Self { client, slots }
    }

    pub(crate) fn description(&self) -> String {
        self.client.description()
    }

    /// Sends each event, or the delivery in the mode `raw`. Returns `Ok` if the target has
    /// acknowledged all of them. `headers` are those of the delivery's request.
    ///
    /// If one fails, X sends the delivery again, and the target gets all its events again.
    pub(crate) async fn forward(&self, delivery: &Delivery, headers: &HeaderMap) -> Result<(), AttemptError> {
        let trace = &TraceContext::of(headers);
        let target = &self.client.target;
        let events: Vec<Event> = match target.mode {
            TargetMode::Raw => delivery.events().first().into_iter().cloned().collect(),
            _ => delivery.events().iter().filter(|event| target.matches(event)).cloned().collect(),
        };
        let attempts = events.into_iter().map(async |event| {
            // Fails only if the semaphore is closed, which it never is.
            let _slot = self.slots.acquire().await;
            self.client.send(&event, 1, trace).await
        });
        // The others complete although one fails: a dropped request may have reached the target.
        join_all(attempts).await.into_iter().collect()
    }
}
