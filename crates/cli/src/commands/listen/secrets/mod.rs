//! The secrets of a running receiver, which are replaced when their files change.

mod reload;
mod usage;

use std::sync::Arc;

use birdhook::Apps;
use birdhook::console::History;
use birdhook::observer::Observer;
use tokio::sync::Notify;

pub(super) use self::usage::SecretUsage;
use self::usage::UsageObserver;
use super::request_log::RequestLog;
use crate::apps::{AppArgs, LoadedApps, SharedApps};

/// The apps of a running receiver. Cheap to clone.
#[derive(Clone)]
pub(super) struct LiveApps {
    args: AppArgs,
    loaded: LoadedApps,
    shared: SharedApps,
    usage: SecretUsage,
    /// Notified by SIGHUP, to read the secrets again.
    asked: Arc<Notify>,
}

impl LiveApps {
    pub(super) fn new(args: &AppArgs, loaded: LoadedApps) -> Self {
        let (shared, usage) = (SharedApps::new(loaded.apps.clone()), SecretUsage::new(&loaded));
        Self { args: args.clone(), loaded, shared, usage, asked: Arc::default() }
    }

    /// Returns the apps of the start.
    pub(super) fn first(&self) -> &Apps {
        &self.loaded.apps
    }

    pub(super) fn loaded(&self) -> &LoadedApps {
        &self.loaded
    }

    /// Returns the apps that follow each replacement.
    pub(super) fn shared(&self) -> SharedApps {
        self.shared.clone()
    }

    pub(super) fn usage(&self) -> SecretUsage {
        self.usage.clone()
    }

    /// Returns an observer that records the use of the secrets, besides the history.
    pub(super) fn observer(&self, history: History) -> impl Observer + 'static {
        UsageObserver { history, usage: self.usage() }
    }

    /// Has the secrets read again on SIGHUP, which is caught from this call on. Resolves when the
    /// terminal of the receiver is closed.
    pub(super) fn terminal_closed(&self) -> impl Future<Output = ()> + Send + 'static {
        reload::terminal_closed(Arc::clone(&self.asked))
    }

    /// Starts to replace the apps when their files change. `replace` passes them to the receiver.
    pub(super) fn follow_files(&self, log: Option<RequestLog>, replace: impl Fn(Apps) + Send + 'static) {
        reload::start(self.clone(), log, replace);
    }
}
