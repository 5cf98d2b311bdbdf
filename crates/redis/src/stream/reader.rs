//! Reads entries for one consumer of a group.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, LazyLock, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{RedisResult, Script};
use tokio::time::Instant;

use super::lease::{Lease, SettleError};
use super::message::{self, ReadError, StreamMessage};
use super::reply::{self, Claimed, Entry};
use super::state::{ConsumerState, after};
use crate::error::code;

static CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("claim.lua")));

/// The time for which Redis blocks for new entries.
///
/// Entries deferred meanwhile are late by up to this.
const BLOCK: Duration = Duration::from_millis(500);

pub(super) struct Reader {
    state: Arc<ConsumerState>,
    /// The connection for calls that block.
    connection: Option<MultiplexedConnection>,
    /// Fetched entries, each with the time at which the fetch began.
    fetched: VecDeque<(Entry, Instant)>,
    /// The start of the next search for this consumer's entries from before its start. Empty when
    /// finished.
    own: String,
    /// The start of the next search for entries that other consumers have not settled.
    stale: String,
    /// The time of that search.
    stale_at: Instant,
    failures: u32,
}

impl Reader {
    pub(super) fn new(state: Arc<ConsumerState>) -> Self {
        let (fetched, start) = (VecDeque::new(), "-".to_owned());
        let stale_at = Instant::now();
        Self { state, connection: None, fetched, own: start.clone(), stale: start, stale_at, failures: 0 }
    }

    pub(super) async fn next(&mut self) -> Result<StreamMessage, ReadError> {
        loop {
            if let Some(next) = self.fetched.pop_front() {
                if let Some(lease) = self.lease(&next).await? {
                    return message::read(next.0.fields, lease);
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

    /// Returns the lease of an entry, or `None` if it was taken over while it waited here.
    async fn lease(&mut self, (entry, fetched_at): &(Entry, Instant)) -> Result<Option<Lease>, ReadError> {
        let lease = Lease { state: Arc::clone(&self.state), id: entry.id.clone(), attempts: entry.attempts };
        if fetched_at.elapsed() < self.state.claim_after / 2 {
            return Ok(Some(lease));
        }
        match lease.extend().await {
            Ok(()) => Ok(Some(lease)),
            Err(SettleError::Over) => Ok(None),
            // The entry stays pending and is found later with the other unsettled entries.
            Err(SettleError::Unavailable(error)) => Err(error.into()),
        }
    }

    async fn fetch(&mut self) -> RedisResult<()> {
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
        } else if self.state.next_search() <= Instant::now() {
            self.claim("due", String::new()).await?;
        }
        if self.fetched.is_empty() { self.read().await } else { Ok(()) }
    }

    async fn claim(&mut self, which: &str, from: String) -> RedisResult<String> {
        let started = Instant::now();
        let ConsumerState { redis, stream, group, consumer, deferred, claim_after, batch, .. } = &*self.state;
        let mut call = CLAIM.key(stream);
        call.key(deferred).arg(group).arg(consumer).arg(*batch).arg(which).arg(millis(*claim_after)).arg(from);
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
        self.fetched.extend(entries.into_iter().map(|entry| (entry, started)));
        Ok(from)
    }

    /// Waits briefly for entries that were not delivered to any consumer yet.
    async fn read(&mut self) -> RedisResult<()> {
        let started = Instant::now();
        let until = self.state.next_search().min(self.stale_at).saturating_duration_since(started);
        let block = until.min(BLOCK).max(Duration::from_millis(1));
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(self.state.redis.blocking_connection(BLOCK).await?),
        };
        let ConsumerState { stream, group, consumer, batch, .. } = &*self.state;
        let mut command = redis::cmd("XREADGROUP");
        command.arg("GROUP").arg(group).arg(consumer).arg("COUNT").arg(*batch).arg("BLOCK").arg(millis(block));
        command.arg("STREAMS").arg(stream).arg(">");
        let answer = command.query_async(connection).await?;
        self.fetched.extend(reply::read(answer).into_iter().map(|entry| (entry, started)));
        Ok(())
    }
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, i64::MAX.unsigned_abs())
}
