use std::io;
use std::path::PathBuf;

use birdhook_core::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::{LockedToken, TokenStore, TokenStoreError, TokenStoreFuture};
use crate::{LockedFile, SharedFile, UserToken};

/// A [`TokenStore`] in a folder, for any number of processes on one machine.
///
/// Each user has a [`SharedFile`] `ID.json` and a lock `ID.lock`. A client holds the lock while it
/// renews the token; other clients wait for it up to 15 s. On Unix, only the owner can read the
/// files (0600). The folder must be on a local disk, because locks on network file systems are not
/// reliable.
///
/// A file of a later version of birdhook is an error of every method, and is not changed.
///
/// ```no_run
/// # mod birdhook { pub mod client { pub use birdhook_client::{Client, ConsumerKeys, Credentials, FileTokenStore}; } }
/// use birdhook::client::{Client, ConsumerKeys, Credentials, FileTokenStore};
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
    /// Creates a store in this folder. The first lock creates the folder for its owner only (0700
    /// on Unix).
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn file(&self, user: &str) -> Result<SharedFile, TokenStoreError> {
        let is_id = !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        match is_id {
            true => Ok(SharedFile::new(self.folder.join(format!("{user}.json")))),
            false => Err(TokenStoreError::new(format!("invalid user id {user:?}: expected letters, digits and _"))),
        }
    }
}

impl TokenStore for FileTokenStore {
    fn get<'a>(&'a self, user: &'a str) -> TokenStoreFuture<'a, Option<UserToken>> {
        Box::pin(async move {
            let file = self.file(user)?;
            blocking(move || file.read()?.map(|text| parse(&file, &text)).transpose()).await
        })
    }

    fn lock<'a>(&'a self, user: &'a str) -> TokenStoreFuture<'a, Box<dyn LockedToken>> {
        Box::pin(async move {
            let file = self.file(user)?;
            let locked = file.lock().await?;
            Ok(Box::new(Locked { file, locked }) as Box<dyn LockedToken>)
        })
    }
}

struct Locked {
    file: SharedFile,
    locked: LockedFile,
}

impl LockedToken for Locked {
    fn get(&mut self) -> TokenStoreFuture<'_, Option<UserToken>> {
        let file = self.file.clone();
        Box::pin(blocking(move || file.read()?.map(|text| parse(&file, &text)).transpose()))
    }

    fn set(&mut self, token: Option<UserToken>) -> TokenStoreFuture<'_, ()> {
        // Holds the lock until the file is written, even if this future is dropped.
        let locked = self.locked.clone();
        let file = self.file.clone();
        Box::pin(blocking(move || {
            if let Some(text) = file.read()? {
                check_version(&file, &text)?;
            }
            match token {
                Some(token) => Ok(locked.replace(&Kept::json(&token)?)?),
                None => Ok(locked.remove()?),
            }
        }))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, TokenStoreError> + Send + 'static,
) -> Result<T, TokenStoreError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(TokenStoreError::new("the runtime has ended")))
}

impl From<io::Error> for TokenStoreError {
    fn from(error: io::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// The latest version of token files that this version of birdhook reads, and the one it writes.
/// Files do not state it.
const VERSION: u32 = 1;

#[derive(Deserialize)]
struct Versioned {
    version: Option<u32>,
}

/// Rejects a file that a later version of birdhook wrote. It must be neither read nor replaced.
fn check_version(file: &SharedFile, text: &[u8]) -> Result<(), TokenStoreError> {
    match serde_json::from_slice(text) {
        Ok(Versioned { version: Some(version) }) if version > VERSION => Err(TokenStoreError::new(format!(
            "{} has version {version}, but this version of birdhook reads versions up to {VERSION}: upgrade birdhook",
            file.path().display()
        ))),
        _ => Ok(()),
    }
}

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

impl Kept {
    fn json(token: &UserToken) -> io::Result<Vec<u8>> {
        let kept = Self {
            access_token: token.access.expose_secret().to_owned(),
            refresh_token: token.refresh.as_ref().map(|refresh| refresh.expose_secret().to_owned()),
            expires_at: token.expires_at.map(|at| at.to_string()),
            scope: token.scope.clone(),
        };
        Ok(serde_json::to_vec(&kept)?)
    }
}

fn parse(file: &SharedFile, text: &[u8]) -> Result<UserToken, TokenStoreError> {
    check_version(file, text)?;
    // A serde error may contain the token.
    let kept: Kept = serde_json::from_slice(text)
        .map_err(|_| TokenStoreError::new(format!("{} does not hold a token", file.path().display())))?;
    let mut token = UserToken::new(kept.access_token);
    token.refresh = kept.refresh_token.map(Into::into);
    token.expires_at = kept.expires_at.as_deref().and_then(Timestamp::parse);
    token.scope = kept.scope;
    Ok(token)
}
