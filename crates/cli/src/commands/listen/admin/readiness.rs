//! Whether the receiver accepts deliveries.

use std::sync::Arc;

use birdhook::console::HealthSource;
use birdhook::inbox::Inbox;

#[derive(Clone)]
pub(super) struct Readiness {
    pub(super) source: Arc<dyn HealthSource>,
    pub(super) inbox: Option<Inbox>,
}

impl Readiness {
    /// Returns why deliveries are answered 503. `None` if they are accepted.
    pub(super) fn refusal(&self) -> Option<String> {
        if let Some(inbox) = &self.inbox {
            let stats = inbox.stats();
            if !stats.is_sound {
                let failure = inbox.failure().unwrap_or_else(|| "it has failed".to_owned());
                return Some(format!("the inbox refuses deliveries: {failure}"));
            }
            if stats.is_full {
                return Some("the inbox refuses deliveries: it is full, or the disk is".to_owned());
            }
        }
        let is_ready = self.source.health().ready;
        (!is_ready).then(|| "the receiver is stopping, or the place of its events is closed".to_owned())
    }
}
