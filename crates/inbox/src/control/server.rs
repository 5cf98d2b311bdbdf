//! The control socket of an open inbox.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use birdhook_core::EventKind;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixSocket, UnixStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::admin::list::{EventQuery, EventStatus};
use crate::backend::Store;
use crate::control::access::InboxAccess;
use crate::control::backup::requested;
use crate::control::error::ControlError;
use crate::control::protocol::{AnyVersion, EventRecord, Outcome, Refusal, Reply, Request, SOCKET, VERSION};
use crate::id::EventId;
use crate::inbox::Inbox;
use crate::storage::error::StoreError;
use crate::writer::handle::WeakHandle;

/// The maximum size of a request, in bytes.
const MAX_REQUEST: usize = 64 << 10;

/// The maximum number of connections at once.
const MAX_CONNECTIONS: usize = 16;

/// Time limit for the next request of a connection, and for writing a reply.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Time limit for requests in progress when the inbox closes.
const LAST_REPLY: Duration = Duration::from_secs(1);

/// The longest path of a socket on Linux, in bytes. macOS allows 103.
const MAX_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The socket's file. Removed when dropped, unless another one is in its place.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    id: FileId,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| file_id(&found) == self.id) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Device and inode.
type FileId = (u64, u64);

fn file_id(found: &fs::Metadata) -> FileId {
    (found.dev(), found.ino())
}

/// A socket that listens. Nothing is accepted yet.
pub(crate) struct ControlServer {
    runtime: Runtime,
    listener: UnixListener,
    /// The user whose processes are served.
    owner: u32,
}

impl ControlServer {
    /// Binds the socket in the folder of an inbox whose lock this process holds: an existing socket
    /// is one of a process that has ended. Returns the reason if that fails.
    pub(crate) fn bind(folder: &Path) -> Result<(Self, SocketFile), String> {
        let path = folder.join(SOCKET);
        let length = path.as_os_str().len();
        if length > MAX_PATH {
            return Err(format!(
                "the path of {} has {length} bytes, but a socket's path has at most {MAX_PATH}; use a folder with a \
                 shorter path",
                path.display()
            ));
        }
        let bind = || {
            match fs::symlink_metadata(&path) {
                Ok(found) if found.file_type().is_socket() => fs::remove_file(&path)?,
                Ok(_) => {
                    return Err(io::Error::new(
                        io::ErrorKind::AlreadyExists,
                        "a file that is not a socket has its name",
                    ));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let socket = UnixSocket::new_stream()?;
            socket.bind(&path)?;
            // Before the socket listens, so that no other user can connect meanwhile.
            fs::set_permissions(&path, PermissionsExt::from_mode(0o600))?;
            let found = fs::symlink_metadata(&path)?;
            let file = SocketFile { path: path.clone(), id: file_id(&found) };
            let entered = runtime.enter();
            let listener = socket.listen(MAX_CONNECTIONS.try_into().unwrap_or(u32::MAX))?;
            drop(entered);
            Ok((Self { runtime, listener, owner: found.uid() }, file))
        };
        bind().map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Serves requests on a thread of its own until the inbox closes, so that no request takes time
    /// of the receiver's threads.
    pub(crate) fn spawn(self, inbox: WeakHandle) -> io::Result<()> {
        let Self { runtime, listener, owner } = self;
        let thread = std::thread::Builder::new().name("birdhook-control".to_owned());
        thread.spawn(move || runtime.block_on(accept(&listener, owner, &inbox))).map(drop)
    }
}

async fn accept(listener: &UnixListener, owner: u32, inbox: &WeakHandle) {
    let mut closing = inbox.shared.closing.subscribe();
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            biased;
            _ = closing.wait_for(|closing| *closing) => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // The peer has disconnected, or too many files are open.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                }
            },
        };
        // The file's mode excludes others already; some systems ignore it.
        if !stream.peer_cred().is_ok_and(|peer| [owner, 0].contains(&peer.uid())) {
            continue;
        }
        match Arc::clone(&permits).try_acquire_owned() {
            Ok(permit) => {
                let closing = inbox.shared.closing.subscribe();
                connections.spawn(serve(stream, inbox.clone(), closing, permit));
            }
            Err(_) => {
                let busy = refusal("busy", format!("{MAX_CONNECTIONS} other connections are open: try again"));
                // A new connection's buffer has room for it.
                let _ = stream.try_write(&line(&busy));
            }
        }
    }
    let _ = timeout(LAST_REPLY, async { while connections.join_next().await.is_some() {} }).await;
}

async fn serve(
    stream: UnixStream,
    inbox: WeakHandle,
    mut closing: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
) {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let mut request = Vec::new();
    loop {
        request.clear();
        let mut limited = (&mut read).take(MAX_REQUEST as u64 + 1);
        let next = timeout(STALL_TIMEOUT, limited.read_until(b'\n', &mut request));
        let is_read = tokio::select! {
            read = next => matches!(read, Ok(Ok(_))),
            _ = closing.wait_for(|closing| *closing) => false,
        };
        if !is_read || request.is_empty() {
            return;
        }
        let reply = match request.last() {
            Some(b'\n') => answer(&request, &inbox).await,
            _ if request.len() > MAX_REQUEST => {
                refusal("too_large", format!("the request has more than {MAX_REQUEST} bytes"))
            }
            _ => return,
        };
        let is_written = timeout(STALL_TIMEOUT, write.write_all(&line(&reply))).await;
        if request.len() > MAX_REQUEST || !matches!(is_written, Ok(Ok(()))) {
            return;
        }
    }
}

fn line(reply: &Reply) -> Vec<u8> {
    let mut line = serde_json::to_vec(reply).unwrap_or_default();
    line.push(b'\n');
    line
}

fn refusal(code: &str, message: impl Into<String>) -> Reply {
    Reply { version: VERSION, result: None, error: Some(Refusal { code: code.to_owned(), message: message.into() }) }
}

async fn answer(request: &[u8], inbox: &WeakHandle) -> Reply {
    match serde_json::from_slice(request) {
        Ok(AnyVersion { version: VERSION }) => {}
        Ok(AnyVersion { version }) => {
            let message = format!(
                "version {version} of the protocol is not supported, only {VERSION}; use the same version of birdhook \
                 for both processes"
            );
            return refusal("unsupported_version", message);
        }
        Err(error) => return refusal("invalid_request", format!("invalid request: {error}")),
    }
    let request = match serde_json::from_slice(request) {
        Ok(request) => request,
        Err(error) => return refusal("invalid_request", format!("invalid request: {error}")),
    };
    // The inbox stays open during the request.
    let Some(handle) = inbox.upgrade() else { return refusal("closed", "the inbox is closed") };
    match run(request, &Inbox { store: Store::Folder(handle) }.into()).await {
        Ok(outcome) => Reply { version: VERSION, result: Some(outcome), error: None },
        Err(Failed::Invalid(message)) => refusal("invalid_request", message),
        Err(Failed::Inbox(error)) => match error {
            ControlError::Closed(closed) => refusal("closed", closed.to_string()),
            ControlError::Store(StoreError::Corrupt(damage)) => refusal("corrupt", damage),
            error => refusal("failed", error.to_string()),
        },
    }
}

enum Failed {
    Invalid(String),
    Inbox(ControlError),
}

impl From<ControlError> for Failed {
    fn from(error: ControlError) -> Self {
        Self::Inbox(error)
    }
}

async fn run(request: Request, inbox: &InboxAccess) -> Result<Outcome, Failed> {
    let Request { request: name, status, kind, subscriber, after, limit, id, ids, file, .. } = request;
    let missing = |member: &str| Failed::Invalid(format!("the request `{name}` needs the member `{member}`"));
    let count = |count| Ok(Outcome { count: Some(count), ..Outcome::default() });
    match name.as_str() {
        "stats" => {
            let snapshot = inbox.snapshot().await?;
            Ok(Outcome { stats: Some(snapshot.stats.into()), failure: snapshot.failure, ..Outcome::default() })
        }
        "list" => {
            let page = inbox.page(query(status, kind, subscriber, after, limit)?).await?;
            let events = page.events.iter().map(EventRecord::new).collect();
            Ok(Outcome { events: Some(events), next: page.next.map(|id| id.to_string()), ..Outcome::default() })
        }
        "show" => {
            let event = inbox.find(event_id(&id.ok_or_else(|| missing("id"))?)?).await?;
            let events = event.iter().map(EventRecord::new).collect();
            Ok(Outcome { events: Some(events), ..Outcome::default() })
        }
        "requeue" | "discard" => {
            let ids = ids.ok_or_else(|| missing("ids"))?;
            let ids = ids.iter().map(|id| event_id(id)).collect::<Result<Vec<_>, _>>()?;
            count(if name == "requeue" { inbox.requeue(&ids).await? } else { inbox.discard(&ids).await? })
        }
        "purge" => {
            let subscriber = subscriber.filter(|id| !id.is_empty()).ok_or_else(|| missing("subscriber"))?;
            count(inbox.purge(&subscriber).await?)
        }
        "verify" => count(inbox.verify().await?),
        "backup" => {
            let file = requested(file.ok_or_else(|| missing("file"))?).map_err(Failed::Invalid)?;
            Ok(Outcome { backup: Some(inbox.backup(file).await?.into()), ..Outcome::default() })
        }
        _ => Err(Failed::Invalid(format!(
            "unknown request {name:?}: expected stats, list, show, requeue, discard, purge, verify or backup"
        ))),
    }
}

fn event_id(text: &str) -> Result<EventId, Failed> {
    text.parse().map_err(|error| Failed::Invalid(format!("{text:?}: {error}")))
}

fn query(
    status: Option<String>,
    kind: Option<String>,
    subscriber: Option<String>,
    after: Option<String>,
    limit: Option<usize>,
) -> Result<EventQuery, Failed> {
    let unknown = |what: &str, value: &str| Failed::Invalid(format!("unknown {what} {value:?}"));
    let status = status.map(|word| EventStatus::from_word(&word).ok_or_else(|| unknown("status", &word)));
    let kind = kind.map(|word| word.parse::<EventKind>().map_err(|_| unknown("kind", &word)));
    Ok(EventQuery {
        status: status.transpose()?,
        kind: kind.transpose()?,
        subscriber,
        after: after.map(|id| event_id(&id)).transpose()?,
        limit: limit.unwrap_or(100),
    })
}
