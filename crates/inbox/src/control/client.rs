//! A client of the control socket.

use std::path::Path;
#[cfg(unix)]
use std::path::PathBuf;

use crate::admin::list::{EventQuery, ListedEvent};
use crate::backup::report::Backup;
use crate::control::access::Snapshot;
use crate::control::backup::absolute;
use crate::control::error::ControlError;
use crate::control::page::EventPage;
#[cfg(unix)]
use crate::control::protocol::SOCKET;
use crate::control::protocol::{Outcome, Request, VERSION};
use crate::id::EventId;

/// A client of the process that has an inbox open. Cheap to clone.
///
/// Each call opens a connection, so that a client outlives a restart of that process.
#[derive(Clone, Debug)]
pub struct Client {
    #[cfg(unix)]
    socket: PathBuf,
}

impl Client {
    /// Returns a client of the process that serves the control socket in `folder`, or `None` if no
    /// process does.
    ///
    /// # Errors
    /// If the process refuses the connection or speaks another version of the protocol, if the
    /// folder's path is too long for a socket, or if this system has no such sockets.
    pub async fn connect(folder: impl AsRef<Path>) -> Result<Option<Self>, ControlError> {
        #[cfg(unix)]
        {
            use std::io::ErrorKind;

            let client = Self { socket: folder.as_ref().join(SOCKET) };
            match client.snapshot().await {
                Ok(_) => Ok(Some(client)),
                Err(ControlError::Unreachable { reason, .. })
                    if matches!(reason.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) =>
                {
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        }
        #[cfg(not(unix))]
        {
            let _ = folder;
            Err(ControlError::Unsupported)
        }
    }

    pub(super) async fn snapshot(&self) -> Result<Snapshot, ControlError> {
        let Outcome { stats, failure, .. } = self.ask(request("stats")).await?;
        Ok(Snapshot { stats: stats.ok_or_else(|| lacks("stats"))?.into(), failure })
    }

    pub(super) async fn page(&self, query: &EventQuery) -> Result<EventPage, ControlError> {
        let listed = self.ask(Request {
            status: query.status.map(|status| status.as_str().to_owned()),
            kind: query.kind.map(|kind| kind.as_str().to_owned()),
            subscriber: query.subscriber.clone(),
            after: query.after.map(|id| id.to_string()),
            limit: Some(query.limit),
            ..request("list")
        });
        let Outcome { events, next, .. } = listed.await?;
        let events = events.ok_or_else(|| lacks("events"))?.into_iter().map(|event| event.read().map_err(lacks));
        let next = next.map(|id| id.parse()).transpose().map_err(|_| lacks("next"))?;
        Ok(EventPage { events: events.collect::<Result<_, _>>()?, next })
    }

    pub(super) async fn find(&self, id: EventId) -> Result<Option<ListedEvent>, ControlError> {
        let shown = self.ask(Request { id: Some(id.to_string()), ..request("show") }).await?;
        let event = shown.events.ok_or_else(|| lacks("events"))?.pop();
        event.map(|event| event.read().map_err(lacks)).transpose()
    }

    pub(super) async fn change(&self, name: &str, ids: &[EventId]) -> Result<usize, ControlError> {
        let ids = ids.iter().map(ToString::to_string).collect();
        self.count(Request { ids: Some(ids), ..request(name) }).await
    }

    pub(super) async fn purge(&self, subscriber: &str) -> Result<usize, ControlError> {
        self.count(Request { subscriber: Some(subscriber.to_owned()), ..request("purge") }).await
    }

    pub(super) async fn verify(&self) -> Result<usize, ControlError> {
        self.count(request("verify")).await
    }

    pub(super) async fn backup(&self, file: &Path) -> Result<Backup, ControlError> {
        let written = self.ask(Request { file: Some(absolute(file)?), ..request("backup") }).await?;
        written.backup.ok_or_else(|| lacks("backup"))?.read().map_err(lacks)
    }

    async fn count(&self, request: Request) -> Result<usize, ControlError> {
        self.ask(request).await?.count.ok_or_else(|| lacks("count"))
    }

    #[cfg(not(unix))]
    async fn ask(&self, _: Request) -> Result<Outcome, ControlError> {
        Err(ControlError::Unsupported)
    }

    #[cfg(unix)]
    async fn ask(&self, request: Request) -> Result<Outcome, ControlError> {
        use std::time::Duration;

        use tokio::time::timeout;

        /// Time limits for a request, and for one that may read the whole inbox.
        const LIMIT: Duration = Duration::from_secs(60);
        const LONG_LIMIT: Duration = Duration::from_secs(3600);

        let is_long = matches!(request.request.as_str(), "verify" | "purge" | "backup");
        let limit = if is_long { LONG_LIMIT } else { LIMIT };
        timeout(limit, self.exchange(&request)).await.unwrap_or(Err(ControlError::Timeout))
    }

    #[cfg(unix)]
    async fn exchange(&self, request: &Request) -> Result<Outcome, ControlError> {
        use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
        use tokio::net::UnixStream;

        use crate::control::protocol::{AnyVersion, Reply};
        use crate::error::Closed;
        use crate::storage::error::StoreError;

        /// The maximum size of a reply, in bytes. The largest event and the list have lower limits.
        const MAX_REPLY: u64 = 256 << 20;

        let unreachable = |reason| ControlError::Unreachable { socket: self.socket.clone(), reason };
        let invalid = |error: serde_json::Error| ControlError::Reply(error.to_string());
        let mut line = serde_json::to_vec(request).map_err(invalid)?;
        line.push(b'\n');
        let mut stream = UnixStream::connect(&self.socket).await.map_err(unreachable)?;
        // A process that refuses the connection may have closed it: its reply has the reason.
        let sent = stream.write_all(&line).await;
        let mut reply = Vec::new();
        let read = BufReader::new(stream).take(MAX_REPLY).read_until(b'\n', &mut reply).await;
        if reply.last() != Some(&b'\n') {
            sent.and(read).map_err(unreachable)?;
            return Err(ControlError::Reply("the connection ended before the end of the reply".to_owned()));
        }
        let AnyVersion { version } = serde_json::from_slice(&reply).map_err(invalid)?;
        if version != VERSION {
            return Err(ControlError::Reply(format!("version {version} of the protocol, expected {VERSION}")));
        }
        let Reply { result, error, .. } = serde_json::from_slice(&reply).map_err(invalid)?;
        match (result, error) {
            (_, Some(error)) => Err(match error.code.as_str() {
                "closed" => Closed.into(),
                "corrupt" => StoreError::Corrupt(error.message).into(),
                _ => ControlError::Refused { code: error.code, message: error.message },
            }),
            (Some(outcome), None) => Ok(outcome),
            (None, None) => Err(lacks("result")),
        }
    }
}

fn request(name: &str) -> Request {
    Request { version: VERSION, request: name.to_owned(), ..Request::default() }
}

fn lacks(member: &'static str) -> ControlError {
    ControlError::Reply(format!("its member `{member}` is missing or invalid"))
}
