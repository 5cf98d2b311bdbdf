//! Where users' OAuth 2.0 tokens are kept.

mod file;
mod memory;

use std::pin::Pin;

use crate::UserToken;

pub use file::FileTokenStore;
pub(crate) use memory::MemoryTokenStore;

/// The future that the methods of a [`TokenStore`] return.
pub type Storing<'a, T> = Pin<Box<dyn Future<Output = Result<T, TokenStoreError>> + Send + 'a>>;

/// Keeps users' OAuth 2.0 tokens, and lets one client at a time renew a user's token.
///
/// X accepts a refresh token once. A [`Client`](crate::Client) whose token is due therefore locks it, reads it again, renews
/// it only if it is still due, and stores the new one before it releases the lock. Clients that share a store never send the
/// same refresh token, in whichever process they run, if the store's lock excludes all of them.
///
/// Unless set, a client keeps tokens in memory, for itself alone. [`FileTokenStore`] serves the processes of one machine.
/// A store in a database serves several machines; its lock can be a transaction that has selected the row for update.
pub trait TokenStore: Send + Sync + 'static {
    /// Returns the user's token, whether it is locked or not.
    fn get<'a>(&'a self, user: &'a str) -> Storing<'a, Option<UserToken>>;

    /// Locks the user's token, once no other client has it locked. There need not be a token yet.
    fn lock<'a>(&'a self, user: &'a str) -> Storing<'a, Box<dyn LockedToken>>;

    /// Stores the token of a user who has logged in, or removes it with `None`.
    fn set<'a>(&'a self, user: &'a str, token: Option<UserToken>) -> Storing<'a, ()> {
        Box::pin(async move { self.lock(user).await?.set(token).await })
    }
}

/// A user's token that is locked. Dropping it releases the lock.
pub trait LockedToken: Send {
    /// Returns the token as it is now.
    fn get(&mut self) -> Storing<'_, Option<UserToken>>;

    /// Replaces the token, or removes it with `None`. Once this returns, the token survives what the store survives.
    fn set(&mut self, token: Option<UserToken>) -> Storing<'_, ()>;
}

/// Why a [`TokenStore`] failed. Its text is shown and must not hold a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TokenStoreError(String);

impl TokenStoreError {
    /// An error with this text.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}
