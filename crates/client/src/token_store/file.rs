//! Tokens in a folder that several processes share.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use birdhook_core::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::{LockedToken, Storing, TokenStore, TokenStoreError};
use crate::UserToken;

/// Timeout for a lock that another client holds: longer than a renewal takes.
const PATIENCE: Duration = Duration::from_secs(90);

/// Between attempts to lock.
const PAUSE: Duration = Duration::from_millis(10);

/// A [`TokenStore`] in a folder, for any number of processes on one machine.
///
/// Each user has a file `ID.json`, which is replaced whole and synced, and a file `ID.lock`. A client holds an exclusive lock
/// of the operating system on the latter while it renews, so that a process that ends releases it. The files are readable by
/// their owner only (0600, on Unix). The folder must be on a local disk: locks of network file systems are not reliable.
///
/// ```no_run
/// use birdhook_client::{Client, ConsumerKeys, Credentials, FileTokenStore};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let credentials = Credentials::new(ConsumerKeys::new("API key", "API key secret"))
///     .oauth2_client("client id", Some("client secret".to_owned().into()));
/// let client = Client::builder(credentials).token_store(FileTokenStore::new("/var/lib/app/tokens")).build()?;
/// let token = client.access_token("2001").await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct FileTokenStore {
    folder: PathBuf,
}

impl FileTokenStore {
    /// A store in this folder. The first lock creates the folder, for its owner only (0700, on Unix).
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The user's file, without its extension.
    fn path(&self, user: &str) -> Result<PathBuf, TokenStoreError> {
        let is_id = !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        match is_id {
            true => Ok(self.folder.join(user)),
            false => Err(TokenStoreError::new(format!("invalid user id {user:?}: expected letters, digits and _"))),
        }
    }
}

impl TokenStore for FileTokenStore {
    fn get<'a>(&'a self, user: &'a str) -> Storing<'a, Option<UserToken>> {
        Box::pin(async move {
            let path = self.path(user)?;
            blocking(move || read(&path)).await
        })
    }

    fn lock<'a>(&'a self, user: &'a str) -> Storing<'a, Box<dyn LockedToken>> {
        Box::pin(async move {
            let path = self.path(user)?;
            let begun = Instant::now();
            let mut file = blocking({
                let (folder, path) = (self.folder.clone(), path.clone());
                move || open_lock(&folder, &path)
            })
            .await?;
            loop {
                let (opened, is_locked) = blocking(move || try_lock(file)).await?;
                if is_locked {
                    return Ok(Box::new(Locked { path, _lock: opened }) as Box<dyn LockedToken>);
                }
                if begun.elapsed() > PATIENCE {
                    let (path, seconds) = (path.with_extension("lock"), PATIENCE.as_secs());
                    let why = format!("{} is locked for {seconds} s: end the process that holds it", path.display());
                    return Err(TokenStoreError::new(why));
                }
                file = opened;
                sleep(PAUSE).await;
            }
        })
    }
}

struct Locked {
    path: PathBuf,
    /// Closing the file releases the lock.
    _lock: File,
}

impl LockedToken for Locked {
    fn get(&mut self) -> Storing<'_, Option<UserToken>> {
        let path = self.path.clone();
        Box::pin(blocking(move || read(&path)))
    }

    fn set(&mut self, token: Option<UserToken>) -> Storing<'_, ()> {
        let path = self.path.clone();
        Box::pin(blocking(move || write(&path, token.as_ref())))
    }
}

/// Runs what may wait for the disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TokenStoreError> + Send + 'static,
) -> Result<T, TokenStoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(TokenStoreError::new("the runtime has ended")))
}

fn failed(verb: &str, path: &Path, error: &io::Error) -> TokenStoreError {
    TokenStoreError::new(format!("cannot {verb} {}: {error}", path.display()))
}

/// The lock has a file of its own, because a lock on a file that is replaced excludes nobody who opens the new one.
fn open_lock(folder: &Path, path: &Path) -> Result<File, TokenStoreError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| failed("create", folder, &error))?;
    let path = path.with_extension("lock");
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&path).map_err(|error| failed("open", &path, &error))
}

fn try_lock(file: File) -> Result<(File, bool), TokenStoreError> {
    match file.try_lock() {
        Ok(()) => Ok((file, true)),
        Err(TryLockError::WouldBlock) => Ok((file, false)),
        Err(TryLockError::Error(error)) => Err(TokenStoreError::new(format!("cannot lock a token: {error}"))),
    }
}

/// A token as its file has it.
#[derive(Deserialize, Serialize)]
struct Kept {
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
}

fn read(path: &Path) -> Result<Option<UserToken>, TokenStoreError> {
    let path = path.with_extension("json");
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", &path, &error)),
    };
    // What serde says of it might hold the token.
    let kept: Kept = serde_json::from_slice(&text)
        .map_err(|_| TokenStoreError::new(format!("{} does not hold a token", path.display())))?;
    let mut token = UserToken::new(kept.access_token);
    token.refresh = kept.refresh_token.map(Into::into);
    token.expires_at = kept.expires_at.as_deref().and_then(Timestamp::parse);
    token.scope = kept.scope;
    Ok(Some(token))
}

fn write(path: &Path, token: Option<&UserToken>) -> Result<(), TokenStoreError> {
    let path = path.with_extension("json");
    let done = match token {
        Some(token) => replace(&path, token),
        None => match fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        },
    };
    done.and_then(|()| sync_folder(&path)).map_err(|error| failed("write", &path, &error))
}

/// Writes the file whole or not at all.
fn replace(path: &Path, token: &UserToken) -> io::Result<()> {
    let kept = Kept {
        access_token: token.access.expose_secret().to_owned(),
        refresh_token: token.refresh.as_ref().map(|refresh| refresh.expose_secret().to_owned()),
        expires_at: token.expires_at.map(|at| at.to_string()),
        scope: token.scope.clone(),
    };
    // Only the process that holds the lock writes it.
    let new = path.with_extension("new");
    let mut options = File::options();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(&serde_json::to_vec(&kept)?)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

/// A file that was renamed is there after a loss of power only if its folder was synced too.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        File::open(folder)?.sync_all()?;
    }
    let _ = path;
    Ok(())
}
