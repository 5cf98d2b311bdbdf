//! The deduplication state in Redis: one key for each event, and the scripts that change them.

use std::pin::Pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use birdhook_pipeline::EventKey;
use redis::aio::ConnectionLike;
use redis::{RedisError, RedisResult, Script, ScriptInvocation, Value};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::DedupeSettings;
use super::verdict::Verdict;
use crate::Redis;

static CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("claim.lua")));
static DONE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("done.lua")));
static RELEASE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("release.lua")));

/// Redis could not be queried about a delivery's events.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DedupeError {
    /// Redis did not answer within [`DedupeSettings::timeout`].
    #[error("Redis does not answer in time")]
    Late,
    /// Redis is unreachable, or returned an error.
    #[error("Redis cannot be asked")]
    Redis(#[from] RedisError),
    /// Redis returned an unexpected reply.
    #[error("Redis answers something else")]
    Nonsense,
}

/// The result of a claim.
pub(super) enum Claimed {
    /// Whether each of the delivery's events was claimed.
    Ours(Vec<bool>),
    /// An event is in flight elsewhere. Nothing is claimed, unless `unsure`: then the last call got
    /// no answer.
    InFlight { unsure: bool },
}

type Answer = Pin<Box<dyn Future<Output = RedisResult<Value>> + Send>>;

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

/// Timeout for settling a claim. No request waits for it, and a dead connection takes time to
/// notice.
const HEARING: Duration = Duration::from_secs(3);

pub(super) struct Store {
    pub(super) settings: DedupeSettings,
    pub(super) unmarked: AtomicU64,
    pub(super) trusted: AtomicU64,
    /// Settled claims that Redis has not recorded yet.
    pub(super) unheard: AtomicUsize,
    pub(super) all_heard: Notify,
}

impl Store {
    pub(super) fn new(settings: DedupeSettings) -> Self {
        Self {
            settings,
            unmarked: AtomicU64::new(0),
            trusted: AtomicU64::new(0),
            unheard: AtomicUsize::new(0),
            all_heard: Notify::new(),
        }
    }

    /// Claims the events that are not done, or none. Waits a while for events in flight elsewhere.
    pub(super) async fn claim(&self, keys: &[EventKey], token: &str) -> Result<Claimed, DedupeError> {
        const LONGEST_PAUSE: Duration = Duration::from_millis(200);
        let DedupeSettings { copies_wait, in_flight, .. } = self.settings;
        let start = Instant::now();
        let mut pause = Duration::from_millis(20);
        let mut answer = self.claim_once(keys, token).await?;
        while let Claimed::InFlight { unsure: false } = answer
            && start.elapsed() + pause <= copies_wait.min(in_flight / 2)
        {
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            answer = self.claim_once(keys, token).await.unwrap_or(Claimed::InFlight { unsure: true });
        }
        Ok(answer)
    }

    async fn claim_once(&self, keys: &[EventKey], token: &str) -> Result<Claimed, DedupeError> {
        let lasts = millis(self.settings.in_flight);
        let ask = || self.run(&CLAIM, keys, &[token, &lasts]);
        let answer = timeout(self.settings.timeout, async {
            match ask().await {
                // The connection had died unnoticed. The claim may have succeeded and only its
                // answer was lost.
                Err(error) if error.is_connection_dropped() => ask().await,
                answer => answer,
            }
        });
        match answer.await.map_err(|_| DedupeError::Late)?? {
            Value::Nil => Ok(Claimed::InFlight { unsure: false }),
            Value::BulkString(ours) if ours.len() == keys.len() => {
                Ok(Claimed::Ours(ours.iter().map(|&flag| flag == b'1').collect()))
            }
            _ => Err(DedupeError::Nonsense),
        }
    }

    /// Sends the result of a claim to Redis once. Returns whether Redis confirmed it.
    pub(super) async fn tell(&self, verdict: Verdict, keys: &[EventKey], token: &str) -> bool {
        let told = match verdict {
            Verdict::Done => self.run(&DONE, keys, &[&millis(self.settings.horizon)]),
            Verdict::Released => self.run(&RELEASE, keys, &[token]),
        };
        matches!(timeout(HEARING, told).await, Ok(Ok(_)))
    }

    fn run(&self, script: &'static Script, keys: &[EventKey], arguments: &[&str]) -> Answer {
        let mut call = script.prepare_invoke();
        for key in keys {
            call.key(format!("{}{key}", self.settings.prefix));
        }
        call.arg(arguments);
        self.settings.link.run(call)
    }

    /// Resolves when no claim waits to be recorded by Redis any more.
    pub(super) async fn all_heard(&self) {
        loop {
            let heard = self.all_heard.notified();
            if self.unheard.load(SeqCst) == 0 {
                return;
            }
            heard.await;
        }
    }
}

/// Clamps to 30 years, because Redis rejects expiry times after the year 292 million.
fn millis(time: Duration) -> String {
    const LONGEST: u64 = 30 * 365 * 86_400_000;
    u64::try_from(time.as_millis()).unwrap_or(LONGEST).clamp(1, LONGEST).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on")]

    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::recorder;

    /// Runs a script in an empty database.
    struct Recorder {
        code: &'static str,
        reply: Value,
        written: Arc<Mutex<String>>,
    }

    impl Link for Recorder {
        fn run(&self, script: ScriptInvocation<'static>) -> Answer {
            *self.written.lock().unwrap() = recorder::written(&script, self.code);
            let reply = self.reply.clone();
            Box::pin(async move { Ok(reply) })
        }
    }

    /// The receivers that share a server may have different versions.
    #[tokio::test]
    async fn claims_and_events_are_recorded_as_version_0_1_recorded_them() {
        let with = |code, reply| {
            let written = Arc::<Mutex<String>>::default();
            let recorder = Recorder { code, reply, written: Arc::clone(&written) };
            (written, Store::new(DedupeSettings::with(Arc::new(recorder))))
        };
        let (keys, name) = ([EventKey::from([0xab; 32])], format!("{{birdhook}}:{}", "ab".repeat(32)));
        let (written, store) = with(include_str!("claim.lua"), Value::BulkString(b"1".to_vec()));
        assert!(matches!(store.claim(&keys, "a-token").await, Ok(Claimed::Ours(ours)) if ours == [true]));
        assert_eq!(*written.lock().unwrap(), format!("SET\n{name}\na-token\nPX\n10000"));
        let (written, store) = with(include_str!("done.lua"), Value::Int(1));
        assert!(store.tell(Verdict::Done, &keys, "a-token").await);
        assert_eq!(*written.lock().unwrap(), format!("SET\n{name}\ndone\nPX\n435600000"));
    }
}
