//! The state that a gate shares with its requests.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use birdhook_core::Endpoint;
use tokio::sync::Semaphore;

use super::in_flight::InFlight;
use crate::dedupe::Dedupe;
use crate::health::Counts;
use crate::memory_budget::MemoryBudget;
use crate::observer::Observer;

pub(super) struct GateState {
    pub(super) endpoint: ArcSwap<Endpoint>,
    pub(super) dedupe: Arc<Dedupe>,
    pub(super) memory_budget: MemoryBudget,
    /// Allows one large body to be parsed at a time.
    pub(super) large_body: Arc<Semaphore>,
    /// The time from a request's head to its answer.
    pub(super) time_limit: Duration,
    pub(super) counts: Counts,
    pub(super) in_flight: InFlight,
    pub(super) observer: Option<Arc<dyn Observer>>,
}
