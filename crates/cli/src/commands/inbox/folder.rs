//! Opens the folder of an inbox and reads the events in it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Error, Result};
use birdhook::inbox::control::{Client, ControlError, InboxAccess};
use birdhook::inbox::{EventQuery, Inbox, InboxSettings, ListedEvent, OpenError, StoreError};

use crate::database::SchemaArgs;
use crate::error::{Code, Failure};
use crate::output::note;

#[derive(Debug, clap::Args)]
pub(crate) struct Folder {
    /// The folder of the inbox. Leave it out with --postgres.
    #[arg(value_name = "DIR", required_unless_present = "postgres")]
    path: Option<PathBuf>,
    /// Use the inbox in this PostgreSQL database, postgres://user@host/database. Pass the name of an
    /// environment variable with the URL instead, if it contains a password.
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    #[command(flatten)]
    schema: SchemaArgs,
}

const PAGE_SIZE: usize = 1000;

impl Folder {
    /// Calls `read` with the inbox: through the process that has it open, or opened for this call.
    pub(super) async fn with<T>(&self, read: impl AsyncFnOnce(&InboxAccess) -> Result<T>) -> Result<T> {
        let (access, opened) = match (&self.postgres, &self.path) {
            (Some(postgres), _) => {
                let inbox = self.schema.open(postgres).await?;
                (inbox.clone().into(), Some(inbox))
            }
            (None, path) => access(path.as_deref().unwrap_or(Path::new(""))).await?,
        };
        let result = read(&access).await;
        if let Some(inbox) = opened {
            // This command leases no events, so closing has none to wait for.
            inbox.close(Duration::from_secs(10)).await;
        }
        let Some(path) = self.path.as_deref().filter(|_| self.postgres.is_none()) else { return result };
        result.map_err(|error| match error.downcast_ref() {
            Some(ControlError::Store(_) | ControlError::Closed(_)) => error.context(unreadable("read", path, true)),
            Some(_) => error.context(not_answered(path)),
            None => error,
        })
    }

    /// Takes the first positional argument, which is not a folder with --postgres.
    pub(super) fn take_argument(&mut self) -> Option<String> {
        self.postgres.as_ref()?;
        Some(self.path.take()?.to_string_lossy().into_owned())
    }
}

/// Returns access to the inbox in this folder: a client of the process that has it open, or the inbox
/// itself, which the caller closes.
pub(crate) async fn access(path: &Path) -> Result<(InboxAccess, Option<Inbox>)> {
    if !Inbox::contains(path) {
        return Err(no_inbox(path));
    }
    match Client::connect(path).await {
        Ok(Some(client)) => return Ok((client.into(), None)),
        // The path is too long for a socket, or the system has none: opening names the holder.
        Ok(None) | Err(ControlError::Unreachable { .. } | ControlError::Unsupported) => {}
        Err(error) => return Err(Error::new(error).context(not_answered(path))),
    }
    let fix = "stop it first, or serve a control socket there: InboxSettings::control_socket";
    let inbox = open(path, read_only_settings(), fix).await?;
    Ok((inbox.clone().into(), Some(inbox)))
}

fn not_answered(path: &Path) -> Failure {
    let message = format!("the process that has the inbox in {} open did not answer", path.display());
    Failure::new(Code::InboxInUse, message, "run the command again, or stop that process first")
}

/// Returns options that delete nothing and have no size limit. Retention and limits are up to the
/// receiver that owns the inbox.
pub(crate) fn read_only_settings() -> InboxSettings {
    InboxSettings::new()
        .keep_acknowledged(Duration::MAX)
        .dedupe_horizon(Duration::MAX)
        .size_limit(u64::MAX)
        .free_space(0)
}

pub(crate) fn no_inbox(path: &Path) -> Error {
    let fix = "check the folder; `birdhook listen --inbox DIR` creates an inbox";
    Failure::new(Code::NoInbox, format!("no inbox in {}", path.display()), fix).into()
}

fn unreadable(action: &str, path: &Path, may_be_damaged: bool) -> Failure {
    let path = path.display();
    let fix = match may_be_damaged {
        true => format!("`birdhook inbox verify {path}` checks the contents"),
        false => "check the folder, its permissions and the disk".to_owned(),
    };
    Failure::new(Code::InboxUnreadable, format!("cannot {action} the inbox in {path}"), fix)
}

/// Opens an inbox and serves its control socket. Prints a note each time it starts or stops refusing
/// deliveries.
pub(crate) async fn open_inbox(path: &Path, options: InboxSettings) -> Result<Inbox> {
    let fix = "stop it first; only one process at a time can open an inbox";
    let inbox = open(path, options.control_socket(cfg!(unix)), fix).await?;
    if let Some(why) = inbox.control_failure() {
        note(format!("warning: no control socket, so `birdhook inbox` needs this command to be stopped: {why}"));
    }
    Ok(inbox)
}

async fn open(path: &Path, options: InboxSettings, fix: &str) -> Result<Inbox> {
    let inbox = options.open(path).await.map_err(|OpenError { reason, .. }| match reason {
        StoreError::InUse(holder) => {
            let holder = holder.map_or_else(|| "another process".to_owned(), |holder| holder.to_string());
            let message = format!("the inbox in {} is in use by {holder}", path.display());
            Failure::new(Code::InboxInUse, message, fix).into()
        }
        source => {
            let may_be_damaged = matches!(source, StoreError::Corrupt(_));
            Error::new(source).context(unreadable("open", path, may_be_damaged))
        }
    })?;
    tokio::spawn(note_failures(inbox.clone()));
    Ok(inbox)
}

/// Interval between checks of whether the inbox accepts deliveries.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

async fn note_failures(inbox: Inbox) {
    let mut last = None;
    loop {
        tokio::time::sleep(CHECK_INTERVAL).await;
        let failure = inbox.failure();
        if failure != last {
            match &failure {
                Some(why) => note(format!("the inbox refuses deliveries: {why}")),
                None => note("the inbox accepts deliveries again"),
            }
            last = failure;
        }
    }
}

/// Calls `on_event` with each event of a query, the oldest first.
pub(super) async fn for_each_event(
    inbox: &InboxAccess,
    query: EventQuery,
    mut on_event: impl FnMut(ListedEvent) -> Result<()>,
) -> Result<()> {
    let mut query = query.limit(PAGE_SIZE);
    loop {
        let page = inbox.page(query.clone()).await?;
        page.events.into_iter().try_for_each(&mut on_event)?;
        let Some(next) = page.next else { return Ok(()) };
        query = query.after(next);
    }
}
