//! Configuration for a mock X.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use birdhook_core::{SecretKind, Timestamp};
use serde::Serialize;

use super::clock::Clock;
use super::contradictions::Contradictions;
use super::credentials::{MockToken, Signs};

/// Configuration for a [`MockX`](super::MockX).
///
/// [`MockSettings::default`] follows X's documentation, for receivers with a public URL.
/// [`MockSettings::local`] is for receivers on this machine.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MockSettings {
    /// Whether webhook URLs may use `http`, ports and any host, for receivers on this machine.
    /// Defaults to `false`, because X rejects such URLs.
    pub local: bool,
    /// The listen address. Defaults to `127.0.0.1:0`, a free local port.
    pub listen: String,
    /// Additional host names under which the server accepts requests. Loopback addresses, the
    /// listen address and `localhost` are always accepted. Other `Host` headers are answered 403,
    /// so that a page of another site cannot reach the mock through a name that resolves to this
    /// machine. Defaults to none.
    pub hosts: Vec<String>,
    /// The seed of ids and generated content. Defaults to 7 for the first settings in a process, and
    /// to the next number for each further ones, so that two mocks send different events. Secrets and
    /// tokens are always random.
    pub seed: u64,
    /// The first app's consumer secret. Defaults to a random one.
    pub consumer_secret: Option<MockToken>,
    /// The first app's OAuth 2.0 client secret. Defaults to none.
    pub client_secret: Option<MockToken>,
    /// The headers in which requests are signed. Defaults to `Signs::Client`.
    pub signs: Signs,
    /// The kind of secret that must answer challenges. Defaults to any that the app has.
    pub answers: Option<SecretKind>,
    /// The URLs to which users may be redirected after login. Defaults to none, which allows all.
    pub callbacks: Vec<String>,
    /// The clock. Defaults to the system clock.
    pub clock: Clock,
    /// Timeout of requests on a manual clock, in real time. Defaults to 3 s; use a shorter one to
    /// test receivers that do not respond.
    pub timeout: Duration,
    /// The account's plan. Defaults to [`AccessTier::Enterprise`].
    pub plan: AccessTier,
    /// The account's limits. Defaults to those of [`AccessTier::Enterprise`].
    pub limits: Limits,
    /// Whether calls above the documented number per 15 minutes are rejected with 429. Defaults to
    /// `true`.
    pub rate_limits: bool,
    /// Maximum deviation of an OAuth 1.0a timestamp from the clock. On a manual clock, the system
    /// clock is accepted too. Defaults to 5 minutes.
    pub oauth_window: Duration,
    /// Delay of the first events after subscribing. Defaults to 10 s, the maximum that X documents;
    /// 0 in [`MockSettings::local`].
    pub subscription_delay: Duration,
    /// The handling of events within that delay. Defaults to `EarlyEvents::Late`.
    pub early_events: EarlyEvents,
    /// Timeout of a delivery. Defaults to 3 s.
    pub delivery_timeout: Duration,
    /// Whether failed deliveries are retried. Defaults to `RetrySchedule::AsDocumented`.
    pub retries: RetrySchedule,
    /// The delay before each retry, counted from the failure of the previous attempt. An attempt
    /// that times out fails when its [`delivery_timeout`](Self::delivery_timeout) has passed.
    /// Defaults to 3 s, 27 s and 242 s.
    pub retry_waits: Vec<Duration>,
    /// Challenges of webhooks that were registered with 1.1. Defaults to `Challenges::v1`.
    pub challenges_v1: Challenges,
    /// Challenges of webhooks that were registered with v2. Defaults to `Challenges::v2`.
    pub challenges_v2: Challenges,
    /// Timeout of [`Ledger::expect`](super::Ledger::expect), in real time. Defaults to 5 s.
    pub expect_timeout: Duration,
    /// Duplicates, reordering and concurrency of deliveries. Defaults to none.
    pub chaos: Chaos,
    /// Choices between X's documents where they contradict each other.
    pub contradictions: Contradictions,
    /// DER certificates to trust in addition to Mozilla's certificate authorities. Defaults to
    /// none.
    pub trusted_certificates: Vec<Vec<u8>>,
}

impl MockSettings {
    /// Returns settings for receivers on this machine: webhook URLs may use `http` and ports, and
    /// events arrive immediately after subscribing.
    pub fn local() -> Self {
        Self { local: true, subscription_delay: Duration::ZERO, ..Self::default() }
    }

    /// Returns local settings with a manual clock that starts at 2026-11-23T09:30:00Z.
    pub fn manual() -> Self {
        Self { clock: Clock::manual(Timestamp::from_millis(1_795_426_200_000)), ..Self::local() }
    }

    /// Gives the first app an OAuth 2.0 client secret, with which the mock then signs.
    #[must_use]
    pub fn with_client_secret(mut self, secret: impl Into<String>) -> Self {
        self.client_secret = Some(MockToken::new(secret));
        self
    }

    /// Sets the plan, and the limits to those of the plan.
    #[must_use]
    pub fn plan(mut self, plan: AccessTier) -> Self {
        self.plan = plan;
        self.limits = plan.limits();
        self
    }
}

/// The seed of the next settings.
static NEXT_SEED: AtomicU64 = AtomicU64::new(7);

impl Default for MockSettings {
    fn default() -> Self {
        Self {
            local: false,
            listen: "127.0.0.1:0".to_owned(),
            hosts: Vec::new(),
            seed: NEXT_SEED.fetch_add(1, Relaxed),
            consumer_secret: None,
            client_secret: None,
            signs: Signs::default(),
            answers: None,
            callbacks: Vec::new(),
            clock: Clock::real(),
            timeout: Duration::from_secs(3),
            plan: AccessTier::Enterprise,
            limits: AccessTier::Enterprise.limits(),
            rate_limits: true,
            oauth_window: Duration::from_secs(300),
            subscription_delay: Duration::from_secs(10),
            early_events: EarlyEvents::Late,
            delivery_timeout: Duration::from_secs(3),
            retries: RetrySchedule::AsDocumented,
            retry_waits: [3, 27, 242].map(Duration::from_secs).to_vec(),
            challenges_v1: Challenges::v1(),
            challenges_v2: Challenges::v2(),
            expect_timeout: Duration::from_secs(5),
            chaos: Chaos::default(),
            contradictions: Contradictions::default(),
            trusted_certificates: Vec::new(),
        }
    }
}

choices! {
    AccessTier "The plan of an account (<https://docs.x.com/x-api/account-activity/introduction>)." {
        Enterprise "1.1, replay and filtered streams; 5 webhooks, 5,000 users, 150,000 X Activity subscriptions.",
        PayPerUse "Only v2, without filtered streams; 1 webhook, 3 users, 1,500 X Activity subscriptions.",
    }
    EarlyEvents "The handling of events that happen within the delay after subscribing, up to 10 s." {
        Late "They are delivered after the delay.",
        Lost "They are never delivered.",
    }
    RetrySchedule "Whether failed deliveries are retried. Replayed deliveries never are." {
        AsDocumented "Retries deliveries to webhooks that were registered with 1.1. The documentation of v2 does not \
                      promise retries.",
        Always "Retries deliveries to every webhook.",
        Never "Never retries.",
    }
    DeliveryOrder "The order in which waiting deliveries are sent." {
        AsHappened "In the order of the events.",
        Reversed "Newest first.",
        Shuffled "In a random order that depends on the seed.",
    }
}

impl AccessTier {
    /// Returns the limits of the plan.
    pub fn limits(self) -> Limits {
        match self {
            Self::Enterprise => Limits { webhooks: 5, users: 5_000, activity_subscriptions: 150_000 },
            Self::PayPerUse => Limits { webhooks: 1, users: 3, activity_subscriptions: 1_500 },
        }
    }
}

/// The limits of an account, for all its apps together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum number of webhooks.
    pub webhooks: usize,
    /// Maximum number of Account Activity subscriptions.
    pub users: usize,
    /// Maximum number of X Activity subscriptions.
    pub activity_subscriptions: usize,
}

/// The API with which a webhook was registered; its rules apply to the webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum MockApi {
    /// `/1.1/account_activity/webhooks`.
    #[serde(rename = "enterprise-1.1")]
    Enterprise,
    /// `/1.1/account_activity/all/:env_name`.
    #[serde(rename = "premium-1.1")]
    Premium,
    /// `/2/webhooks`.
    #[serde(rename = "v2")]
    V2,
}

impl MockApi {
    pub(crate) fn challenges(self, settings: &MockSettings) -> &Challenges {
        match self {
            Self::Enterprise | Self::Premium => &settings.challenges_v1,
            Self::V2 => &settings.challenges_v2,
        }
    }
}

/// The challenges of an API's webhooks (<https://docs.x.com/x-api/webhooks/introduction>).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenges {
    /// Timeout of a challenge. Defaults to 3 s in 1.1 and 10 s in v2.
    pub timeout: Duration,
    /// The schedule of regular challenges.
    pub schedule: ChallengeSchedule,
    /// Grace period: the time after the last success in which a webhook stays valid despite
    /// transient failures (4xx, 5xx, timeout, connection error). Defaults to 28 hours in v2.
    /// `None`, the default in 1.1, means that any failure invalidates it.
    pub grace: Option<Duration>,
    /// Whether the GET carries a `nonce`, as in a captured challenge. Defaults to `true`.
    pub nonce: bool,
    /// Whether the GET is signed. Defaults to `true` in 1.1, which documents it for registration
    /// and PUT, and to `false` in v2.
    pub signed: bool,
}

impl Challenges {
    /// Returns the challenges documented for 1.1.
    pub fn v1() -> Self {
        let timeout = Duration::from_secs(3);
        Self { timeout, schedule: ChallengeSchedule::DayAfterSuccess, grace: None, nonce: true, signed: true }
    }

    /// Returns the challenges documented for v2.
    pub fn v2() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            schedule: ChallengeSchedule::HalfHourlyWhenStale,
            grace: Some(Duration::from_secs(28 * 3600)),
            nonce: true,
            signed: false,
        }
    }
}

/// The schedule of regular challenges. X's documents contain each of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChallengeSchedule {
    /// 24 hours after the last success, then hourly until the next: one reading of 1.1.
    DayAfterSuccess,
    /// Hourly: the other reading of 1.1, and the quickstart of v2.
    Hourly,
    /// Every 30 minutes if the last success is at least 24 hours ago: the introduction of v2.
    HalfHourlyWhenStale,
    /// Never.
    Never,
}

impl ChallengeSchedule {
    pub(crate) fn period(self) -> Option<Duration> {
        match self {
            Self::DayAfterSuccess | Self::Hourly => Some(Duration::from_secs(3600)),
            Self::HalfHourlyWhenStale => Some(Duration::from_secs(1800)),
            Self::Never => None,
        }
    }

    /// Returns the minimum age of the last success.
    pub(crate) fn staleness(self) -> Duration {
        match self {
            Self::Hourly | Self::Never => Duration::ZERO,
            Self::DayAfterSuccess | Self::HalfHourlyWhenStale => Duration::from_secs(24 * 3600),
        }
    }
}

/// Duplicates, reordering and concurrency of deliveries.
///
/// X guarantees neither order nor single delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chaos {
    /// Number of additional copies of each delivery, regardless of the response. Defaults to 0.
    pub duplicates: usize,
    /// The order of waiting deliveries to one webhook. Defaults to `DeliveryOrder::AsHappened`.
    pub order: DeliveryOrder,
    /// Maximum number of concurrent deliveries to one webhook. Defaults to 1, so that tests are
    /// repeatable.
    pub at_once: usize,
}

impl Default for Chaos {
    fn default() -> Self {
        Self { duplicates: 0, order: DeliveryOrder::AsHappened, at_once: 1 }
    }
}
