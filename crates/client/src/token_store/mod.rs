//! Stores of users' OAuth 2.0 tokens.

mod file;
mod memory;

use std::pin::Pin;

use crate::UserToken;

pub use file::FileTokenStore;
pub(crate) use memory::MemoryTokenStore;

/// The future that the methods of a [`TokenStore`] return.
pub type TokenStoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, TokenStoreError>> + Send + 'a>>;

/// A store of users' OAuth 2.0 tokens that lets one client at a time renew a user's token.
///
/// X accepts a refresh token once. A [`Client`](crate::Client) whose token is due therefore locks
/// it, reads it again, renews it only if it is still due, and stores the new one before it releases
/// the lock. Clients that share a store, in one process or several, never send the same refresh
/// token, provided that the store's lock excludes all of them.
///
/// By default, a client keeps tokens in memory for itself alone. [`FileTokenStore`] serves the
/// processes of one machine. A store in a database serves several machines; its lock can be a
/// transaction that selects the row for update.
pub trait TokenStore: Send + Sync + 'static {
    /// Returns the user's token, locked or not.
    fn get<'a>(&'a self, user: &'a str) -> TokenStoreFuture<'a, Option<UserToken>>;

    /// Locks the user's token once no other client holds the lock. The token need not exist.
    fn lock<'a>(&'a self, user: &'a str) -> TokenStoreFuture<'a, Box<dyn LockedToken>>;

    /// Stores the token of a user who has logged in. `None` removes it.
    fn set<'a>(&'a self, user: &'a str, token: Option<UserToken>) -> TokenStoreFuture<'a, ()> {
        Box::pin(async move { self.lock(user).await?.set(token).await })
    }
}

/// A user's locked token. Dropping it releases the lock.
pub trait LockedToken: Send {
    /// Returns the current token.
    fn get(&mut self) -> TokenStoreFuture<'_, Option<UserToken>>;

    /// Replaces the token, or removes it with `None`. Once this returns, the change is as durable
    /// as the store.
    fn set(&mut self, token: Option<UserToken>) -> TokenStoreFuture<'_, ()>;
}

/// An error of a [`TokenStore`]. Its text is displayed and must not contain a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TokenStoreError(String);

impl TokenStoreError {
    /// Creates an error with this text.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}
