//! Reads entries for one consumer of a group.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{RedisResult, Script, Value};
use tokio::time::Instant;

use super::hold::{Hold, SettleError};
use super::message::{self, ReadError, StreamMessage};
use super::reply::{self, Claimed, Entry};
use crate::Redis;
use crate::error::code;

static CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("claim.lua")));
static TIDY: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("tidy.lua")));

/// The prefix of generated consumer names.
pub(super) const NAMED_ITSELF: &str = "birdhook-";

/// The time for which Redis blocks for new entries.
///
/// Entries deferred meanwhile are late by up to this.
const BLOCK: Duration = Duration::from_millis(500);

/// State shared by a group's reader and its messages.
pub(super) struct Shared {
    pub(super) redis: Redis,
    pub(super) stream: String,
    pub(super) group: String,
    pub(super) consumer: String,
    pub(super) later: String,
    pub(super) dead: String,
    pub(super) claim_after: Duration,
    pub(super) batch: usize,
    /// The time of the next search for deferred entries.
    pub(super) due: Mutex<Instant>,
}

impl Shared {
    /// Creates the group, and the stream if missing. A new group begins with the stream's first
    /// entry.
    pub(super) async fn found(&self) -> RedisResult<()> {
        let mut command = redis::cmd("XGROUP");
        command.arg("CREATE").arg(&self.stream).arg(&self.group).arg("0").arg("MKSTREAM");
        match self.redis.query::<Value>(&command).await {
            Err(error) if error.code() != Some("BUSYGROUP") => Err(error),
            _ => Ok(()),
        }
    }

    pub(super) async fn tidy(&self) -> RedisResult<()> {
        let mut call = TIDY.key(&self.stream);
        self.redis.invoke(call.arg(&self.group).arg(NAMED_ITSELF)).await
    }

    pub(super) fn put_off(&self, by: Duration) {
        let at = soon(by);
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        *due = at.min(*due);
    }

    fn due(&self) -> Instant {
        *self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Reader {
    shared: Arc<Shared>,
    line: Option<MultiplexedConnection>,
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
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let (fetched, start) = (VecDeque::new(), "-".to_owned());
        let stale_at = Instant::now();
        Self { shared, line: None, fetched, own: start.clone(), stale: start, stale_at, failures: 0 }
    }

    pub(super) async fn next(&mut self) -> Result<StreamMessage, ReadError> {
        loop {
            if let Some(next) = self.fetched.pop_front() {
                if let Some(hold) = self.hold(&next).await? {
                    return message::read(next.0.fields, hold);
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
                    self.line = None;
                    // The stream was deleted, or Redis lost it.
                    let is_gone = matches!(code(&error), Some("NOGROUP" | "UNBLOCKED"));
                    if !is_gone || self.failures > 1 {
                        return Err(error.into());
                    }
                    self.shared.found().await?;
                }
            }
        }
    }

    /// Returns the lease of an entry, or `None` if it was taken over while it waited here.
    async fn hold(&mut self, (entry, at): &(Entry, Instant)) -> Result<Option<Hold>, ReadError> {
        let hold = Hold::new(Arc::clone(&self.shared), entry.id.clone(), entry.attempts);
        if at.elapsed() < self.shared.claim_after / 2 {
            return Ok(Some(hold));
        }
        match hold.extend().await {
            Ok(()) => Ok(Some(hold)),
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
                self.stale_at = soon(self.shared.claim_after / 4).min(soon(Duration::from_secs(15)));
            }
        } else if self.shared.due() <= Instant::now() {
            self.claim("due", String::new()).await?;
        }
        if self.fetched.is_empty() { self.read().await } else { Ok(()) }
    }

    async fn claim(&mut self, which: &str, from: String) -> RedisResult<String> {
        let asked = Instant::now();
        let Shared { redis, stream, group, consumer, later, claim_after, batch, .. } = &*self.shared;
        let mut call = CLAIM.key(stream);
        call.key(later).arg(group).arg(consumer).arg(*batch).arg(which).arg(millis(*claim_after)).arg(from);
        // A later nack by this consumer lowers this value; other consumers' are found at the next
        // look.
        *self.shared.due.lock().unwrap_or_else(PoisonError::into_inner) = soon(BLOCK);
        let answer = redis.invoke(&call).await?;
        let Some(Claimed { from, due, entries }) = reply::claimed(answer) else {
            return Err(io::Error::from(io::ErrorKind::InvalidData).into());
        };
        if let Some(due) = due {
            self.shared.put_off(Duration::from_millis(due));
        }
        self.fetched.extend(entries.into_iter().map(|entry| (entry, asked)));
        Ok(from)
    }

    /// Waits briefly for entries that were not delivered to any consumer yet.
    async fn read(&mut self) -> RedisResult<()> {
        let asked = Instant::now();
        let until = self.shared.due().min(self.stale_at).saturating_duration_since(asked);
        let block = until.min(BLOCK).max(Duration::from_millis(1));
        let line = match &mut self.line {
            Some(line) => line,
            None => self.line.insert(self.shared.redis.own_line(BLOCK).await?),
        };
        let Shared { stream, group, consumer, batch, .. } = &*self.shared;
        let mut command = redis::cmd("XREADGROUP");
        command.arg("GROUP").arg(group).arg(consumer).arg("COUNT").arg(*batch).arg("BLOCK").arg(millis(block));
        command.arg("STREAMS").arg(stream).arg(">");
        let answer = command.query_async(line).await?;
        self.fetched.extend(reply::read(answer).into_iter().map(|entry| (entry, asked)));
        Ok(())
    }
}

/// Returns the time after this duration, clamped to 30 years because timers do not reach further.
pub(super) fn soon(by: Duration) -> Instant {
    Instant::now() + by.min(Duration::from_secs(30 * 365 * 86_400))
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, i64::MAX.unsigned_abs())
}
