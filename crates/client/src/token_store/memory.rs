use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use super::{LockedToken, TokenStore, TokenStoreFuture};
use crate::UserToken;

#[derive(Clone)]
pub(crate) struct MemoryTokenStore(Arc<Mutex<BTreeMap<String, Entry>>>);

#[derive(Default)]
struct Entry {
    token: Option<UserToken>,
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl MemoryTokenStore {
    pub(crate) fn new(tokens: &BTreeMap<String, UserToken>) -> Self {
        let entries =
            tokens.iter().map(|(user, token)| (user.clone(), Entry { token: Some(token.clone()), ..Entry::default() }));
        Self(Arc::new(Mutex::new(entries.collect())))
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn token(&self, user: &str) -> Option<UserToken> {
        self.entries().get(user)?.token.clone()
    }
}

impl TokenStore for MemoryTokenStore {
    fn get<'a>(&'a self, user: &'a str) -> TokenStoreFuture<'a, Option<UserToken>> {
        Box::pin(async move { Ok(self.token(user)) })
    }

    fn lock<'a>(&'a self, user: &'a str) -> TokenStoreFuture<'a, Box<dyn LockedToken>> {
        Box::pin(async move {
            let lock = Arc::clone(&self.entries().entry(user.to_owned()).or_default().lock);
            let lock = lock.lock_owned().await;
            Ok(Box::new(Locked { store: self.clone(), user: user.to_owned(), _lock: lock }) as Box<dyn LockedToken>)
        })
    }
}

struct Locked {
    store: MemoryTokenStore,
    user: String,
    _lock: OwnedMutexGuard<()>,
}

impl LockedToken for Locked {
    fn get(&mut self) -> TokenStoreFuture<'_, Option<UserToken>> {
        Box::pin(async { Ok(self.store.token(&self.user)) })
    }

    fn set(&mut self, token: Option<UserToken>) -> TokenStoreFuture<'_, ()> {
        Box::pin(async move {
            self.store.entries().entry(self.user.clone()).or_default().token = token;
            Ok(())
        })
    }
}
