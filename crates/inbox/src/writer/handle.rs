//! A handle to the writer.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Weak};

use tokio::sync::oneshot;

use crate::error::Closed;
use crate::writer::command::Command;
use crate::writer::shared::Shared;

/// A handle to the writer. Cheap to clone; the writer ends when the last one is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    pub(crate) commands: Arc<Sender<Command>>,
    pub(crate) shared: Arc<Shared>,
}

impl Handle {
    pub(crate) fn send(&self, command: Command) -> Result<(), Closed> {
        self.commands.send(command).map_err(|_| Closed)
    }

    /// Sends a command and waits for its reply.
    pub(crate) async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, Closed> {
        let (answer, answered) = oneshot::channel();
        self.send(command(answer))?;
        answered.await.map_err(|_| Closed)
    }
}

/// A handle that does not keep the writer from ending.
#[cfg_attr(not(unix), allow(dead_code, reason = "for the control socket, which only Unix has"))]
#[derive(Clone, Debug)]
pub(crate) struct WeakHandle {
    commands: Weak<Sender<Command>>,
    pub(crate) shared: Arc<Shared>,
}

#[cfg_attr(not(unix), allow(dead_code, reason = "for the control socket, which only Unix has"))]
impl WeakHandle {
    pub(crate) fn of(handle: &Handle) -> Self {
        Self { commands: Arc::downgrade(&handle.commands), shared: Arc::clone(&handle.shared) }
    }

    /// Returns a handle, or `None` if all handles were dropped.
    pub(crate) fn upgrade(&self) -> Option<Handle> {
        Some(Handle { commands: self.commands.upgrade()?, shared: Arc::clone(&self.shared) })
    }
}
