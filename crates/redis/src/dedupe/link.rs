//! Runs scripts over a connection of any kind.

use std::pin::Pin;

use redis::aio::ConnectionLike;
use redis::{RedisResult, ScriptInvocation, Value};

use crate::connection::Redis;

pub(super) type Answer = Pin<Box<dyn Future<Output = RedisResult<Value>> + Send>>;

/// A connection of any kind.
pub(super) trait Link: Send + Sync {
    fn run(&self, script: ScriptInvocation<'static>) -> Answer;
}

impl<C: ConnectionLike + Clone + Send + Sync + 'static> Link for C {
    fn run(&self, script: ScriptInvocation<'static>) -> Answer {
        let mut connection = self.clone();
        Box::pin(async move { script.invoke_async(&mut connection).await })
    }
}

impl Link for Redis {
    fn run(&self, script: ScriptInvocation<'static>) -> Answer {
        let redis = self.clone();
        Box::pin(async move { redis.invoke(&script).await })
    }
}
