//! Reads entries for one consumer of a group.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, LazyLock, PoisonError};
use std::time::Duration;

use birdhook_pipeline::consumer::FetchSize;
use redis::aio::MultiplexedConnection;
use redis::{RedisResult, Script};
use tokio::time::Instant;

use super::lease::{Lease, SettleError, give_back};
use super::message::{self, ReadError, StreamMessage};
use super::reply::{self, Claimed, Entry, Fields};
use super::state::{ConsumerState, after, millis};
use crate::error::code;

static CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("claim.lua")));

/// The time for which Redis blocks for new entries.
///
/// Entries deferred meanwhile are late by up to this.
const BLOCK: Duration = Duration::from_millis(500);

/// The number of bytes after which no entry is fetched.
const MAX_BYTES: usize = 1 << 20;

pub(super) struct Reader {
    state: Arc<ConsumerState>,
    /// The connection for calls that block.
    connection: Option<MultiplexedConnection>,
    fetched: Fetched,
    size: FetchSize,
    /// The start of the next search for this consumer's entries from before its start. Empty when
    /// finished.
    own: String,
    /// The start of the next search for entries that other consumers have not settled.
    stale: String,
    /// The time of that search.
    stale_at: Instant,
    failures: u32,
}

/// Fetched entries that the app has not seen. When it is dropped, other consumers get them.
struct Fetched {
    state: Arc<ConsumerState>,
    entries: VecDeque<Entry>,
    /// The number of entries in the last fetch.
    count: usize,
    /// See [`Lease::is_alone`].
    is_alone: bool,
    /// The beginning and the end of the last fetch.
    began_at: Instant,
    ended_at: Instant,
}

impl Reader {
    pub(super) fn new(state: Arc<ConsumerState>) -> Self {
        let (size, start) = (FetchSize::new(state.batch), "-".to_owned());
        let now = Instant::now();
        let entries = VecDeque::new();
        let fetched =
            Fetched { state: Arc::clone(&state), entries, count: 0, is_alone: false, began_at: now, ended_at: now };
        let (own, stale) = (start.clone(), start);
        Self { state, connection: None, fetched, size, own, stale, stale_at: now, failures: 0 }
    }

    pub(super) async fn next(&mut self) -> Result<StreamMessage, ReadError> {
        loop {
            if !self.fetched.entries.is_empty() {
                if self.fetched.is_alone {
                    // If this entry crashes the process, the others are acknowledged. Unconfirmed
                    // ones are sent again.
                    let _ = self.state.acks.flush().await;
                }
                if let Some((lease, fields)) = self.lease().await? {
                    return message::read(fields, lease);
                }
                continue;
            }
            if self.failures > 0 {
                tokio::time::sleep(Duration::from_millis(50 << self.failures.min(5))).await;
            }
            match self.fetch().await {
                Ok(()) => self.failures = 0,
                Err(error) => {
                    self.failures += 1;
                    self.connection = None;
                    // The stream was deleted, or Redis lost it.
                    let is_missing = matches!(code(&error), Some("NOGROUP" | "UNBLOCKED"));
                    if !is_missing || self.failures > 1 {
                        return Err(error.into());
                    }
                    self.state.create_group().await?;
                }
            }
        }
    }

    /// Returns the lease and the fields of the next entry, or `None` if another consumer took it
    /// over while it waited here.
    async fn lease(&mut self) -> Result<Option<(Lease, Fields)>, ReadError> {
        let Fetched { state, entries, is_alone, began_at, .. } = &mut self.fetched;
        let Some(entry) = entries.front() else { return Ok(None) };
        let lease =
            Lease { state: Arc::clone(state), id: entry.id.clone(), attempts: entry.attempts, is_alone: *is_alone };
        // The app has `claim_after`, also for an entry that waited here.
        let extended = match began_at.elapsed() < state.claim_after / 10 {
            true => Ok(()),
            false => lease.extend().await,
        };
        let fields = entries.pop_front().map(|entry| entry.fields);
        match extended {
            Ok(()) => Ok(fields.map(|fields| (lease, fields))),
            Err(SettleError::Over) => Ok(None),
            // The entry stays pending and is found later with the other unsettled entries.
            Err(SettleError::Unavailable(error)) => Err(error.into()),
        }
    }

    async fn fetch(&mut self) -> RedisResult<()> {
        let Fetched { count, is_alone, ended_at, .. } = &mut self.fetched;
        // Not after an entry that was fetched alone: other entries may have to be.
        if *count > 0 && !*is_alone {
            self.size.adapt(*count, ended_at.elapsed());
        }
        (*count, *is_alone) = (0, false);
        if !self.own.is_empty() {
            self.own = self.claim("own", self.own.clone()).await?;
            return Ok(());
        }
        if self.stale_at <= Instant::now() {
            self.stale = self.claim("stale", self.stale.clone()).await?;
            if self.stale.is_empty() {
                self.stale = "-".to_owned();
                self.stale_at = after(self.state.claim_after / 4).min(after(Duration::from_secs(15)));
            }
        }
        if self.fetched.entries.is_empty() {
            self.claim("next", String::new()).await?;
        }
        if !self.fetched.entries.is_empty() {
            return Ok(());
        }
        self.size.reset();
        self.state.acks.set_idle(true);
        self.wait().await?;
        self.state.acks.set_idle(false);
        Ok(())
    }

    async fn claim(&mut self, which: &str, from: String) -> RedisResult<String> {
        let began_at = Instant::now();
        let ConsumerState { redis, stream, group, consumer, deferred, claim_after, .. } = &*self.state;
        let mut call = CLAIM.key(stream);
        call.key(deferred).arg(group).arg(consumer).arg(self.size.get()).arg(which).arg(millis(*claim_after));
        call.arg(from).arg(MAX_BYTES);
        // A later nack by this consumer lowers this value; other consumers' are found at the next
        // search.
        *self.state.next_search.lock().unwrap_or_else(PoisonError::into_inner) = after(BLOCK);
        let answer = redis.invoke(&call).await?;
        let Some(Claimed { from, due, entries }) = reply::claimed(answer) else {
            return Err(io::Error::from(io::ErrorKind::InvalidData).into());
        };
        if let Some(due) = due {
            self.state.search_within(Duration::from_millis(due));
        }
        self.fetched.put(entries, which != "next", began_at);
        Ok(from)
    }

    /// Waits briefly for an entry that was not delivered to any consumer yet.
    async fn wait(&mut self) -> RedisResult<()> {
        let began_at = Instant::now();
        let until = self.state.next_search().min(self.stale_at).saturating_duration_since(began_at);
        let block = until.min(BLOCK).max(Duration::from_millis(1));
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(self.state.redis.blocking_connection(BLOCK).await?),
        };
        let ConsumerState { stream, group, consumer, .. } = &*self.state;
        let mut command = redis::cmd("XREADGROUP");
        command.arg("GROUP").arg(group).arg(consumer).arg("COUNT").arg(1).arg("BLOCK").arg(millis(block));
        command.arg("STREAMS").arg(stream).arg(">");
        let answer = command.query_async(connection).await?;
        self.fetched.put(reply::read(answer), false, began_at);
        Ok(())
    }
}

impl Fetched {
    fn put(&mut self, entries: Vec<Entry>, is_alone: bool, began_at: Instant) {
        (self.count, self.is_alone) = (entries.len(), is_alone);
        (self.began_at, self.ended_at) = (began_at, Instant::now());
        self.entries = entries.into();
    }
}

impl Drop for Fetched {
    fn drop(&mut self) {
        let is_alone = self.is_alone;
        give_back(&self.state, self.entries.drain(..).map(|entry| (entry.id, entry.attempts, is_alone)));
    }
}
