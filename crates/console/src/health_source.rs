//! Access to the health of a webhook.

use birdhook_core::Secret;
use birdhook_pipeline::{EventSink, Gate, Health, Pipeline, PipelineHandle};

/// A webhook whose health the console shows: a [`PipelineHandle`], a [`Pipeline`] or a [`Gate`].
pub trait HealthSource: Send + Sync {
    /// Returns a snapshot of the counts and the state.
    fn health(&self) -> Health;

    /// Returns whether `secret` is one of the apps' secrets.
    ///
    /// The console then signs nothing with it for another machine. Defaults to true, which is safe if
    /// the secrets are not known.
    fn has_secret(&self, secret: &Secret) -> bool {
        let _ = secret;
        true
    }
}

impl HealthSource for PipelineHandle {
    fn health(&self) -> Health {
        self.health()
    }

    fn has_secret(&self, secret: &Secret) -> bool {
        self.has_secret(secret)
    }
}

impl<S: EventSink + Send + Sync> HealthSource for Pipeline<S> {
    fn health(&self) -> Health {
        self.health()
    }

    fn has_secret(&self, secret: &Secret) -> bool {
        self.gate().has_secret(secret)
    }
}

impl HealthSource for Gate {
    fn health(&self) -> Health {
        self.health()
    }

    fn has_secret(&self, secret: &Secret) -> bool {
        self.has_secret(secret)
    }
}
