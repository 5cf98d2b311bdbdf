//! The state of one consumer of a group.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use birdhook_pipeline::consumer::AckQueue;
use redis::{RedisResult, Script, Value};
use tokio::time::Instant;

use super::acks::Acks;
use crate::connection::Redis;

static TIDY: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("tidy.lua")));

/// The prefix of generated consumer names.
pub(super) const GENERATED_PREFIX: &str = "birdhook-";

/// The state that a consumer's reader and its messages share.
pub(super) struct ConsumerState {
    pub(super) redis: Redis,
    pub(super) stream: String,
    pub(super) group: String,
    pub(super) consumer: String,
    /// The key of the deferred entries.
    pub(super) deferred: String,
    /// The stream of the dead letters.
    pub(super) dead: String,
    pub(super) claim_after: Duration,
    pub(super) batch: usize,
    /// Acknowledges entries at once.
    pub(super) sender: Acks,
    pub(super) acks: AckQueue<Acks>,
    /// The time of the next search for deferred entries.
    pub(super) next_search: Mutex<Instant>,
}

impl ConsumerState {
    /// Creates the group, and the stream if missing. A new group begins with the stream's first
    /// entry.
    pub(super) async fn create_group(&self) -> RedisResult<()> {
        let mut command = redis::cmd("XGROUP");
        command.arg("CREATE").arg(&self.stream).arg(&self.group).arg("0").arg("MKSTREAM");
        match self.redis.query::<Value>(&command).await {
            Err(error) if error.code() != Some("BUSYGROUP") => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes consumers with generated names that have been idle for an hour.
    pub(super) async fn remove_idle_consumers(&self) -> RedisResult<()> {
        let mut call = TIDY.key(&self.stream);
        self.redis.invoke(call.arg(&self.group).arg(GENERATED_PREFIX)).await
    }

    /// Brings the next search for deferred entries forward, to this time from now.
    pub(super) fn search_within(&self, time: Duration) {
        let at = after(time);
        let mut next = self.next_search.lock().unwrap_or_else(PoisonError::into_inner);
        *next = at.min(*next);
    }

    pub(super) fn next_search(&self) -> Instant {
        *self.next_search.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the time after this duration, clamped to 30 years because timers do not reach further.
pub(super) fn after(time: Duration) -> Instant {
    Instant::now() + time.min(Duration::from_secs(30 * 365 * 86_400))
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, i64::MAX.unsigned_abs())
}
