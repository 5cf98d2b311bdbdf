//! What a mock X can be told.

use std::time::Duration;

use birdhook_core::{SecretKind, Timestamp};

use super::contradictions::Contradictions;
use super::{Clock, Token};

/// What a [`MockX`](super::MockX) can be told. [`Settings::default`] is X as its documentation
/// describes it, for receivers with a public URL; [`Settings::local`] is for receivers on this
/// machine.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Whether webhooks may be on this machine: URLs with `http`, with a port, of any host. `false`
    /// by default, as X refuses them.
    pub local: bool,
    /// Where the server listens; `127.0.0.1:0` by default, which is a free port of this machine.
    pub listen: String,
    /// Host names by which the server may be called, besides loopback, the address at which it
    /// listens, and `localhost`. A request with another `Host` is answered 403, so that a page of
    /// another site cannot reach the mock through a name that resolves to this machine. None by
    /// default.
    pub hosts: Vec<String>,
    /// The seed of ids and made-up content. Secrets and tokens are random, whatever the seed.
    pub seed: u64,
    /// The first app's consumer secret; made up when there is none.
    pub consumer_secret: Option<Token>,
    /// The first app's OAuth 2.0 client secret.
    pub client_secret: Option<Token>,
    /// In which headers requests are signed; by default in the one that X's newest pages name.
    pub signs: Signs,
    /// The kind of secret that must answer challenges; any that the app has by default.
    pub answers: Option<SecretKind>,
    /// The URLs to which users may be sent back when they have let an app in; any when there are
    /// none, as by default.
    pub callbacks: Vec<String>,
    /// The clock; the machine's by default.
    pub clock: Clock,
    /// How long, in real time, a mock with a manual clock waits for an answer before it takes it
    /// for a timeout. 3 s by default; shorter in a test of receivers that do not answer.
    pub patience: Duration,
    /// What the account has bought.
    pub plan: Plan,
    /// How much the account may have; by default what [`Plan::Enterprise`] includes.
    pub limits: Limits,
    /// Whether calls are counted and refused with 429 above the documented numbers in 15 minutes.
    /// `true` by default.
    pub rate_limits: bool,
    /// How far the timestamp of an OAuth 1.0a signature may be off; 5 minutes by default. With a
    /// manual clock, off that clock and the machine's.
    pub oauth_window: Duration,
    /// How long after subscribing the first event is delivered. X says up to 10 s, the default;
    /// nothing in [`Settings::local`].
    pub subscription_delay: Duration,
    /// What becomes of events before that.
    pub early_events: EarlyEvents,
    /// How long a delivery waits for its answer: 3 s.
    pub delivery_timeout: Duration,
    /// Whether deliveries that fail are tried again.
    pub retries: Retries,
    /// What a retry waits after the attempt before it has failed, which it has at the latest when
    /// its [`delivery_timeout`](Self::delivery_timeout) is over: 3, 27 and 242 s.
    pub retry_waits: Vec<Duration>,
    /// Challenges of webhooks that were registered with 1.1.
    pub challenges_v1: Challenges,
    /// Challenges of webhooks that were registered with v2.
    pub challenges_v2: Challenges,
    /// How long [`Ledger::expect`](super::Ledger::expect) waits, in real time: 5 s.
    pub expect_timeout: Duration,
    /// In which way deliveries are not as they should be; in none by default.
    pub chaos: Chaos,
    /// Where X's documents disagree.
    pub contradictions: Contradictions,
    /// Certificates to trust besides Mozilla's authorities, each in DER.
    pub trusted_certificates: Vec<Vec<u8>>,
}

impl Settings {
    /// For receivers on this machine: URLs with `http` and a port, and events at once after
    /// subscribing.
    pub fn local() -> Self {
        Self { local: true, subscription_delay: Duration::ZERO, ..Self::default() }
    }

    /// The same with a clock that stands at a fixed time until it is told to go on.
    pub fn manual() -> Self {
        Self { clock: Clock::manual(Timestamp::from_millis(1_795_426_200_000)), ..Self::local() }
    }

    /// The same with another plan and its limits.
    #[must_use]
    pub fn plan(mut self, plan: Plan) -> Self {
        self.plan = plan;
        self.limits = plan.limits();
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            local: false,
            listen: "127.0.0.1:0".to_owned(),
            hosts: Vec::new(),
            seed: 7,
            consumer_secret: None,
            client_secret: None,
            signs: Signs::default(),
            answers: None,
            callbacks: Vec::new(),
            clock: Clock::real(),
            patience: Duration::from_secs(3),
            plan: Plan::Enterprise,
            limits: Plan::Enterprise.limits(),
            rate_limits: true,
            oauth_window: Duration::from_secs(300),
            subscription_delay: Duration::from_secs(10),
            early_events: EarlyEvents::Late,
            delivery_timeout: Duration::from_secs(3),
            retries: Retries::AsDocumented,
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

/// In which headers deliveries and challenges are signed. Only a secret that the app has signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signs {
    /// In the new header alone, with the OAuth 2.0 client secret; for an app without one in the old
    /// header. So say X's newest pages.
    #[default]
    Client,
    /// In the old header alone, with the consumer secret.
    Consumer,
    /// In both.
    Both,
}

impl Signs {
    /// Whether a secret of this kind signs for an app.
    pub(super) fn with(self, kind: SecretKind, app_has_client_secret: bool) -> bool {
        match self {
            Self::Client => (kind == SecretKind::Client) == app_has_client_secret,
            Self::Consumer => kind == SecretKind::Consumer,
            Self::Both => true,
        }
    }
}

/// What an account has bought (<https://docs.x.com/x-api/account-activity/introduction>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Plan {
    /// 1.1 and replay, filtered streams, 5 webhooks, 5,000 users, 150,000 subscriptions of the X
    /// Activity API.
    #[default]
    Enterprise,
    /// v2 only, without filtered streams: 1 webhook, 3 users, 1,500 subscriptions of the X Activity
    /// API.
    PayPerUse,
}

impl Plan {
    /// What it includes.
    pub fn limits(self) -> Limits {
        match self {
            Self::Enterprise => Limits { webhooks: 5, users: 5_000, activity_subscriptions: 150_000 },
            Self::PayPerUse => Limits { webhooks: 1, users: 3, activity_subscriptions: 1_500 },
        }
    }
}

/// How much an account may have, in all its apps together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Webhooks.
    pub webhooks: usize,
    /// Subscriptions of the Account Activity API.
    pub users: usize,
    /// Subscriptions of the X Activity API.
    pub activity_subscriptions: usize,
}

/// What becomes of events that happen before the first one is delivered, up to 10 s after
/// subscribing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EarlyEvents {
    /// They are delivered when that time has come.
    #[default]
    Late,
    /// They are never delivered.
    Lost,
}

/// Whether deliveries that fail are tried again. Replayed ones never are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retries {
    /// To webhooks that were registered with 1.1; the documentation of v2 promises none.
    #[default]
    AsDocumented,
    /// To every webhook.
    Always,
    /// Never.
    Never,
}

/// How webhooks of one API are challenged (<https://docs.x.com/x-api/webhooks/introduction>).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenges {
    /// How long the answer may take: 3 s in 1.1, 10 s in v2.
    pub timeout: Duration,
    /// When webhooks are challenged without being asked.
    pub schedule: ChallengeSchedule,
    /// How long after the last success a failure that may pass (4xx, 5xx, timeout, closed
    /// connection) leaves the webhook valid: 28 hours in v2. `None`, as in 1.1: it never does.
    pub grace: Option<Duration>,
    /// Whether the GET carries a `nonce`, as the one captured did: `true`.
    pub nonce: bool,
    /// Whether the GET is signed: as 1.1 says at registration and on PUT, in v2 not.
    pub signed: bool,
}

impl Challenges {
    /// As the documentation of 1.1 says.
    pub fn v1() -> Self {
        let timeout = Duration::from_secs(3);
        Self { timeout, schedule: ChallengeSchedule::DayAfterSuccess, grace: None, nonce: true, signed: true }
    }

    /// As the documentation of v2 says.
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

/// When webhooks are challenged without being asked; X's documents name all of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChallengeSchedule {
    /// 24 hours after the last success, and every hour until the next: one reading of 1.1.
    DayAfterSuccess,
    /// Every hour: the other reading of 1.1, and the quickstart of v2.
    Hourly,
    /// Every 30 minutes, but only when the last success is 24 hours ago: the introduction of v2.
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

    /// How old the last success must be.
    pub(crate) fn staleness(self) -> Duration {
        match self {
            Self::Hourly | Self::Never => Duration::ZERO,
            Self::DayAfterSuccess | Self::HalfHourlyWhenStale => Duration::from_secs(24 * 3600),
        }
    }
}

/// In which way deliveries are not as one would wish. X promises neither order nor that a delivery
/// comes once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chaos {
    /// How many further times each delivery is sent, whatever is answered.
    pub duplicates: usize,
    /// In which order deliveries to one webhook that wait are sent.
    pub order: Order,
    /// How many deliveries to one webhook are under way at once: 1, so that tests can be repeated.
    pub at_once: usize,
}

impl Default for Chaos {
    fn default() -> Self {
        Self { duplicates: 0, order: Order::AsHappened, at_once: 1 }
    }
}

/// In which order deliveries that wait are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// As things happened.
    #[default]
    AsHappened,
    /// The last first.
    Reversed,
    /// As the seed has it.
    Shuffled,
}
