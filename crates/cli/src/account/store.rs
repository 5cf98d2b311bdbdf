//! Users' OAuth 2.0 tokens in the credentials file, which several runs of the tool may renew.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use birdhook::client::{LockedToken, Storing, TokenStore, TokenStoreError, UserToken};

use super::Keys;

/// The credentials file as a store of tokens.
#[derive(Clone, Debug)]
pub(super) struct CredentialsFile(pub(super) PathBuf);

/// Locks the credentials file for reading and writing, until the returned file is dropped. The lock has a file of its own,
/// because the credentials file is replaced.
pub(crate) fn lock(path: &Path) -> Result<File> {
    let path = path.with_extension("lock");
    let failed = || format!("cannot lock {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(failed)?;
    }
    let file = File::options().create(true).truncate(false).write(true).open(&path).with_context(failed)?;
    file.lock().with_context(failed)?;
    Ok(file)
}

/// Runs what may wait for the disk or for another process.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T, TokenStoreError> {
    let done = tokio::task::spawn_blocking(work).await.context("the runtime has ended").flatten();
    done.map_err(|error| TokenStoreError::new(format!("{error:#}")))
}

impl TokenStore for CredentialsFile {
    fn get<'a>(&'a self, user: &'a str) -> Storing<'a, Option<UserToken>> {
        let (path, user) = (self.0.clone(), user.to_owned());
        Box::pin(blocking(move || Ok(Keys::read(&path, false)?.users.get(&user).and_then(super::Tokens::oauth2))))
    }

    fn lock<'a>(&'a self, user: &'a str) -> Storing<'a, Box<dyn LockedToken>> {
        let (file, user) = (self.clone(), user.to_owned());
        Box::pin(async move {
            let path = file.0.clone();
            let lock = blocking(move || lock(&path)).await?;
            Ok(Box::new(Locked { file, user, _lock: lock }) as Box<dyn LockedToken>)
        })
    }
}

struct Locked {
    file: CredentialsFile,
    user: String,
    _lock: File,
}

impl LockedToken for Locked {
    fn get(&mut self) -> Storing<'_, Option<UserToken>> {
        self.file.get(&self.user)
    }

    fn set(&mut self, token: Option<UserToken>) -> Storing<'_, ()> {
        let (path, user) = (self.file.0.clone(), self.user.clone());
        Box::pin(blocking(move || {
            let mut keys = Keys::read(&path, false)?;
            keys.users.entry(user).or_default().set_oauth2(token.as_ref());
            keys.write(&path)
        }))
    }
}
