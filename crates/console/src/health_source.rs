//! Access to the health of a webhook.

use birdhook_pipeline::{EventSink, Gate, Health, Pipeline, PipelineHandle};

/// A webhook whose health the console shows: a [`PipelineHandle`], a [`Pipeline`] or a [`Gate`].
pub trait HealthSource: Send + Sync {
    /// Returns a snapshot of the counts and the state.
    fn health(&self) -> Health;
}

impl HealthSource for PipelineHandle {
    fn health(&self) -> Health {
        self.health()
    }
}

impl<S: EventSink + Send + Sync> HealthSource for Pipeline<S> {
    fn health(&self) -> Health {
        self.health()
    }
}

impl HealthSource for Gate {
    fn health(&self) -> Health {
        self.health()
    }
}
