//! Opens an inbox.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::backend::Store;
use crate::config::clock::SystemClock;
use crate::config::settings::InboxSettings;
#[cfg(not(unix))]
use crate::control::error::ControlError;
#[cfg(unix)]
use crate::control::server::ControlServer;
use crate::error::OpenError;
use crate::inbox::Inbox;
use crate::storage::error::StoreError;
use crate::storage::folder;
use crate::storage::redb::FILE;
use crate::writer::Writer;
use crate::writer::handle::{Handle, WeakHandle};
use crate::writer::shared::Shared;

impl InboxSettings {
    /// Opens the inbox in `folder`, or creates it.
    ///
    /// Waits up to 1 s if another opener still holds the folder, and reads the pending events. The
    /// inbox's own thread does both, so the calling thread is not blocked. If the future is dropped,
    /// the inbox is not opened, or is closed again.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if this or another process has the inbox open, [`StoreError::Unsafe`]
    /// if a file is a link or everyone may write to the folder, [`StoreError::Corrupt`] if a file
    /// is damaged, and others if the folder cannot be used.
    pub async fn open(self, folder: impl AsRef<Path>) -> Result<Inbox, OpenError> {
        let folder = folder.as_ref().to_owned();
        start(self, folder.clone()).await.map_err(|reason| OpenError { folder, reason })
    }
}

impl Inbox {
    /// Opens the inbox in `folder`, or creates it, with the default [`InboxSettings`].
    ///
    /// # Errors
    /// The same as [`InboxSettings::open`].
    pub async fn open(folder: impl AsRef<Path>) -> Result<Self, OpenError> {
        InboxSettings::new().open(folder).await
    }

    /// Returns whether `folder` holds an inbox.
    pub fn contains(folder: impl AsRef<Path>) -> bool {
        folder.as_ref().join(FILE).is_file()
    }
}

async fn start(mut settings: InboxSettings, folder: PathBuf) -> Result<Inbox, StoreError> {
    let (commands, received) = channel();
    let clock = std::mem::replace(&mut settings.clock, Box::new(SystemClock::new()));
    let shared = Arc::new(Shared::new(Duration::from_millis(settings.lease), clock));
    let handle = Handle { commands: Arc::new(commands), shared: Arc::clone(&shared) };
    let (wants_control, weak) = (settings.control_socket, WeakHandle::of(&handle));
    let (done, opened) = oneshot::channel();
    let thread = std::thread::Builder::new().name("birdhook-inbox".to_owned());
    let thread = thread.spawn(move || {
        let open = || {
            let created = folder::create(&folder)?;
            let mut writer = Writer::open(settings, &folder, || !done.is_closed(), received, shared)?;
            folder::sync(&folder, &created)?;
            let control = if wants_control { bind_control(&folder, &mut writer, &weak) } else { None };
            Ok((writer, control))
        };
        let (opened, result) = match open() {
            Ok(opened) => (Some(opened), Ok(())),
            Err(error) => (None, Err(error)),
        };
        // Fails if the future was dropped.
        if done.send(result).is_ok()
            && let Some((writer, control)) = opened
        {
            spawn_control(control, &weak);
            writer.run();
        }
    })?;
    match opened.await {
        Ok(opened) => opened.map(|()| Inbox { store: Store::Folder(handle) }),
        // The thread ended without a result.
        Err(_) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => Err(std::io::Error::other("the inbox's thread has ended").into()),
        },
    }
}

#[cfg(unix)]
fn bind_control(folder: &Path, writer: &mut Writer, inbox: &WeakHandle) -> Option<ControlServer> {
    match ControlServer::bind(folder) {
        Ok((server, socket)) => {
            writer.socket = Some(socket);
            Some(server)
        }
        Err(why) => {
            let _ = inbox.shared.control_failure.set(why);
            None
        }
    }
}

#[cfg(unix)]
fn spawn_control(control: Option<ControlServer>, inbox: &WeakHandle) {
    if let Some(server) = control
        && let Err(error) = server.spawn(inbox.clone())
    {
        let _ = inbox.shared.control_failure.set(error.to_string());
    }
}

#[cfg(not(unix))]
fn bind_control(_: &Path, _: &mut Writer, inbox: &WeakHandle) -> Option<()> {
    let _ = inbox.shared.control_failure.set(ControlError::Unsupported.to_string());
    None
}

#[cfg(not(unix))]
fn spawn_control(_: Option<()>, _: &WeakHandle) {}
