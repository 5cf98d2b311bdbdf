//! The lease of an entry.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use birdhook_pipeline::consumer::AckSender as _;
use redis::{RedisError, Script, ScriptInvocation};
use tokio::runtime::Handle;

use super::acks::Ack;
use super::state::{ConsumerState, millis};

static NACK: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("leased.lua"), include_str!("nack.lua"))));
static GIVE_BACK: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("leased.lua"), include_str!("give_back.lua"))));
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
    /// The previous attempt ended without a settlement, perhaps because the process crashed. The
    /// entry was fetched alone.
    pub(super) is_alone: bool,
}

impl Lease {
    pub(super) async fn ack(&self, ack: Ack) -> Result<(), SettleError> {
        Ok(self.state.acks.push(ack).await?)
    }

    pub(super) async fn ack_durable(&self, ack: Ack) -> Result<(), SettleError> {
        Ok(self.state.sender.send(&mut vec![ack]).await?)
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

/// Returns entries that the app did not see, in a task because the caller may be dropped.
///
/// If this fails, they are delivered again after `claim_after`.
pub(super) fn give_back(state: &Arc<ConsumerState>, entries: impl IntoIterator<Item = (String, u64, bool)>) {
    let Ok(runtime) = Handle::try_current() else { return };
    let ConsumerState { stream, group, consumer, deferred, claim_after, .. } = &**state;
    let (mut call, mut is_empty) = (GIVE_BACK.key(stream), true);
    call.key(deferred).arg(group).arg(consumer).arg(millis(*claim_after));
    for (id, attempts, is_alone) in entries {
        call.arg(id).arg(attempts).arg(if is_alone { "alone" } else { "due" });
        is_empty = false;
    }
    if !is_empty {
        let redis = state.redis.clone();
        runtime.spawn(async move { redis.invoke::<i64>(&call).await });
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
