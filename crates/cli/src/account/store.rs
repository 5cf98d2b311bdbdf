//! Access to the credentials file, which several processes may change at once.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use birdhook::client::{LockedFile, LockedToken, SharedFile, TokenStore, TokenStoreError, TokenStoreFuture, UserToken};

use super::Keys;

#[derive(Clone, Debug)]
pub(super) struct CredentialsFile(pub(super) PathBuf);

/// Locks and reads the credentials file, applies a change, and writes it back.
pub(crate) async fn change(path: PathBuf, work: impl FnOnce(&mut Keys) + Send + 'static) -> Result<()> {
    let locked = SharedFile::new(&path).lock().await?;
    blocking(move || change_locked(&locked, &path, work)).await
}

/// Replaces the contents of the credentials file, unless a later version of birdhook wrote them.
pub(crate) async fn replace(path: PathBuf, keys: Keys) -> Result<()> {
    let locked = SharedFile::new(&path).lock().await?;
    blocking(move || {
        if let Some(text) = locked.read()? {
            Keys::check_version(&path, &String::from_utf8_lossy(&text))?;
        }
        Ok(locked.replace(keys.text()?.as_bytes())?)
    })
    .await
}

fn change_locked(locked: &LockedFile, path: &Path, work: impl FnOnce(&mut Keys)) -> Result<()> {
    let mut keys = Keys::read(path, false)?;
    work(&mut keys);
    Ok(locked.replace(keys.text()?.as_bytes())?)
}

/// Warns if other users can read the credentials file. The next change makes it private.
#[cfg(unix)]
pub(super) fn warn_of_others(path: &Path) {
    static WARNED: std::sync::Once = std::sync::Once::new();
    if let Ok(about) = path.metadata() {
        let mode = std::os::unix::fs::PermissionsExt::mode(&about.permissions());
        if mode & 0o077 != 0 {
            let path = path.display();
            let warning =
                format!("warning: others can read {path} (mode {:04o}): run `chmod 600 {path}`", mode & 0o7777);
            WARNED.call_once(|| crate::output::note(warning));
        }
    }
}

/// Does nothing: on this system the folder's access rights apply, which are not read.
#[cfg(not(unix))]
pub(super) fn warn_of_others(_: &Path) {}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.context("the runtime has ended").flatten()
}

fn failed(error: impl Into<anyhow::Error>) -> TokenStoreError {
    TokenStoreError::new(format!("{:#}", error.into()))
}

impl TokenStore for CredentialsFile {
    fn get<'a>(&'a self, user: &'a str) -> TokenStoreFuture<'a, Option<UserToken>> {
        let (path, user) = (self.0.clone(), user.to_owned());
        let read = move || Ok(Keys::read(&path, false)?.users.get(&user).and_then(super::Tokens::oauth2));
        Box::pin(async move { blocking(read).await.map_err(failed) })
    }

    fn lock<'a>(&'a self, user: &'a str) -> TokenStoreFuture<'a, Box<dyn LockedToken>> {
        let (file, user) = (self.clone(), user.to_owned());
        Box::pin(async move {
            let locked = SharedFile::new(&file.0).lock().await.map_err(failed)?;
            Ok(Box::new(Locked { file, user, locked }) as Box<dyn LockedToken>)
        })
    }
}

struct Locked {
    file: CredentialsFile,
    user: String,
    locked: LockedFile,
}

impl LockedToken for Locked {
    fn get(&mut self) -> TokenStoreFuture<'_, Option<UserToken>> {
        self.file.get(&self.user)
    }

    fn set(&mut self, token: Option<UserToken>) -> TokenStoreFuture<'_, ()> {
        let (path, user, locked) = (self.file.0.clone(), self.user.clone(), self.locked.clone());
        let set = move |keys: &mut Keys| keys.users.entry(user).or_default().set_oauth2(token.as_ref());
        Box::pin(async move { blocking(move || change_locked(&locked, &path, set)).await.map_err(failed) })
    }
}
