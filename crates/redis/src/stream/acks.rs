//! Acknowledges entries in groups.

use std::sync::LazyLock;

use birdhook_core::consumption::Unconfirmed;
use birdhook_pipeline::consumer::AckSender;
use redis::{RedisError, Script};

use crate::connection::Redis;

static ACK: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("release.lua"), include_str!("ack.lua"))));

/// An entry to acknowledge.
pub(super) struct Ack {
    pub(super) id: String,
    pub(super) event: Unconfirmed,
}

/// Acknowledges entries of a group, regardless of their consumer.
#[derive(Clone)]
pub(super) struct Acks {
    pub(super) redis: Redis,
    pub(super) stream: String,
    pub(super) group: String,
    pub(super) deferred: String,
}

impl AckSender for Acks {
    type Ack = Ack;
    type Error = RedisError;

    async fn send(&self, group: &mut Vec<Ack>) -> Result<(), RedisError> {
        let mut call = ACK.key(&self.stream);
        call.key(&self.deferred).arg(&self.group);
        group.iter().for_each(|ack| _ = call.arg(&ack.id));
        self.redis.invoke::<i64>(&call).await?;
        group.drain(..).for_each(|ack| ack.event.confirm());
        Ok(())
    }
}
