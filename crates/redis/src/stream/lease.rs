//! The lease of an entry.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use redis::{RedisError, Script, ScriptInvocation};

use super::state::ConsumerState;

static ACK: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("release.lua"), include_str!("ack.lua"))));
static NACK: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("leased.lua"), include_str!("nack.lua"))));
static EXTEND: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("leased.lua"), include_str!("extend.lua"))));
static REJECT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(include_str!("leased.lua"), include_str!("release.lua"), include_str!("reject.lua")))
});

/// The lease of an entry. If the answer to a call was lost, the call may be repeated.
pub(super) struct Lease {
    pub(super) state: Arc<ConsumerState>,
    pub(super) id: String,
    pub(super) attempts: u64,
}

impl Lease {
    pub(super) async fn ack(&self) -> Result<(), SettleError> {
        let ConsumerState { redis, stream, group, deferred, .. } = &*self.state;
        let mut call = ACK.key(stream);
        call.key(deferred).arg(group).arg(&self.id);
        redis.invoke::<i64>(&call).await?;
        Ok(())
    }

    pub(super) async fn nack(&self, delay: Duration) -> Result<(), SettleError> {
        let mut call = self.call(&NACK);
        call.key(&self.state.deferred);
        // Clamps to a hundred years, which a Lua number represents exactly.
        call.arg(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX).min(3_155_760_000_000));
        self.settle(&call).await?;
        self.state.search_within(delay);
        Ok(())
    }

    pub(super) async fn reject(&self) -> Result<(), SettleError> {
        let mut call = self.call(&REJECT);
        call.key(&self.state.deferred).key(&self.state.dead);
        self.settle(&call).await
    }

    pub(super) async fn extend(&self) -> Result<(), SettleError> {
        self.settle(&self.call(&EXTEND)).await
    }

    fn call(&self, script: &'static Script) -> ScriptInvocation<'static> {
        let ConsumerState { stream, group, consumer, .. } = &*self.state;
        let mut call = script.key(stream);
        call.arg(group).arg(consumer).arg(&self.id).arg(self.attempts);
        call
    }

    async fn settle(&self, call: &ScriptInvocation<'_>) -> Result<(), SettleError> {
        match self.state.redis.invoke::<i64>(call).await? {
            ..=0 => Err(SettleError::Over),
            _ => Ok(()),
        }
    }
}

/// An error of settling an entry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettleError {
    /// The entry was taken over or acknowledged, so this consumer cannot settle it any more.
    #[error("the entry was taken over or acknowledged")]
    Over,
    /// Redis did not execute or did not confirm it. The entry comes again unless it was executed.
    #[error("Redis did not answer or returned an error")]
    Unavailable(#[from] RedisError),
}
