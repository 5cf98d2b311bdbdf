//! The deduplication state in Redis: one key for each event, and the scripts that change them.

use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use birdhook_pipeline::EventKey;
use redis::{RedisError, Script, Value};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::link::Answer;
use super::settings::DedupeSettings;

static CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("claim.lua")));
static DONE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("done.lua")));
static RELEASE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("release.lua")));

/// Redis could not be queried about a delivery's events.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DedupeError {
    /// Redis did not answer within [`DedupeSettings::timeout`].
    #[error("Redis did not answer in time")]
    Late,
    /// Redis is unreachable, or returned an error.
    #[error("Redis is unreachable or returned an error")]
    Redis(#[from] RedisError),
    /// Redis returned an unexpected reply.
    #[error("Redis returned an unexpected reply")]
    Nonsense,
}

/// Redis's reply to a request for a claim.
pub(super) enum Claimed {
    /// Whether each of the delivery's events was claimed.
    Ours(Vec<bool>),
    /// An event is in flight elsewhere. Nothing is claimed, unless `unsure`: then the last call got
    /// no answer.
    InFlight { unsure: bool },
}

/// The result of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClaimResult {
    /// The inner sink accepted the events.
    Done,
    Released,
}

/// Timeout for settling a claim. No request waits for it, and a dead connection takes time to
/// notice.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(3);

pub(super) struct Store {
    pub(super) settings: DedupeSettings,
    pub(super) unmarked: AtomicU64,
    pub(super) trusted: AtomicU64,
    /// Settled claims that Redis has not confirmed yet.
    pub(super) unconfirmed: watch::Sender<usize>,
}

impl Store {
    pub(super) fn new(settings: DedupeSettings) -> Self {
        let (unmarked, trusted) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { settings, unmarked, trusted, unconfirmed: watch::Sender::new(0) }
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
        let duration = millis(self.settings.in_flight);
        let call = || self.run(&CLAIM, keys, &[token, &duration]);
        let answer = timeout(self.settings.timeout, async {
            match call().await {
                // The connection had died unnoticed. The claim may have succeeded and only its
                // answer was lost.
                Err(error) if error.is_connection_dropped() => call().await,
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
    pub(super) async fn settle(&self, result: ClaimResult, keys: &[EventKey], token: &str) -> bool {
        let reply = match result {
            ClaimResult::Done => self.run(&DONE, keys, &[&millis(self.settings.horizon)]),
            ClaimResult::Released => self.run(&RELEASE, keys, &[token]),
        };
        matches!(timeout(SETTLE_TIMEOUT, reply).await, Ok(Ok(_)))
    }

    fn run(&self, script: &'static Script, keys: &[EventKey], arguments: &[&str]) -> Answer {
        let mut call = script.prepare_invoke();
        for key in keys {
            call.key(format!("{}{key}", self.settings.prefix));
        }
        call.arg(arguments);
        self.settings.link.run(call)
    }

    /// Waits until Redis has confirmed all settled claims, or they have expired.
    pub(super) async fn wait_until_settled(&self) {
        let _ = self.unconfirmed.subscribe().wait_for(|&unconfirmed| unconfirmed == 0).await;
    }
}

/// Clamps to 30 years, because Redis rejects expiry times after the year 292 million.
fn millis(time: Duration) -> String {
    const LONGEST: u64 = 30 * 365 * 86_400_000;
    u64::try_from(time.as_millis()).unwrap_or(LONGEST).clamp(1, LONGEST).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use redis::ScriptInvocation;

    use super::*;
    use crate::dedupe::link::Link;
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
    async fn writes_the_same_keys_and_values_as_version_0_1() {
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
        assert!(store.settle(ClaimResult::Done, &keys, "a-token").await);
        assert_eq!(*written.lock().unwrap(), format!("SET\n{name}\ndone\nPX\n435600000"));
    }
}
