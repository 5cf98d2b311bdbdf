//! A mock of X for tests of receivers and clients. See [`MockX`].

/// Declares enums of choices, with documentation beside each. The first one is the default.
macro_rules! choices {
    ($($name:ident $doc:literal { $first:ident $first_doc:literal $(, $variant:ident $variant_doc:literal)+ $(,)? })+) => {$(
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            #[default]
            #[doc = $first_doc]
            $first,
            $(#[doc = $variant_doc] $variant,)+
        }
    )+};
}

mod api;
mod auth;
mod clock;
mod contradictions;
mod control;
mod crc;
mod credentials;
mod delivery;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod hosts;
mod inner;
mod ledger;
mod lock;
mod manage;
mod oauth1;
mod random;
mod refusal;
mod replay;
mod runner;
mod scheduler;
mod server;
mod settings;
mod state;
mod tagging;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_core::SecretError;
use rustls::pki_types::CertificateDer;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::payload::PayloadGenerator;
use crate::sender::{SendError, Sender};
use inner::{Inner, wake};
use state::State;

pub use clock::Clock;
pub use contradictions::{
    ActivityAnswer, Contradictions, ErrorForm, RepeatedSubscription, ReplayAnswer, ReplayEnd, SameActivity,
    StreamLinksList, StreamLinksPath, WebhookAuth, WebhookCheck,
};
pub use credentials::{MockApp, MockToken, MockUser, Permission, SCOPES, Signs};
pub use ledger::{Challenged, DeliveryCause, DeliveryResult, Entry, Ledger, LedgerError, Occasion, Sent};
pub use refusal::{ChallengeFailure, DateFault, Refusal};
pub use settings::{
    AccessTier, ChallengeSchedule, Challenges, Chaos, DeliveryOrder, EarlyEvents, Limits, MockApi, MockSettings,
    RetrySchedule,
};
pub use state::{MockActivitySubscription, MockFilter, MockStreamLink, MockSubscription, MockWebhook, Outage, Written};

/// A server that simulates X. It registers and challenges webhooks, sends them signed deliveries
/// over real HTTP, retries, replays, and records every request and response in a [`Ledger`].
///
/// Clients call the management APIs at [`url`](Self::url); the methods of this type do the same
/// without HTTP. A dashboard at `/` shows the state. Dropping the value stops the server.
///
/// ```
/// use birdhook_testkit::{MockEventKind, mock::{MockX, MockSettings}};
/// # async fn your_app(_: birdhook_core::App) -> String { String::new() }
///
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// let x = MockX::start(MockSettings::local()).await?;
/// // The app as in its `src`: the mock sees which events it consumes.
/// let url = your_app(x.app().to_app()).await;
///
/// let webhook = x.register(&url).await?;
/// x.subscribe(&webhook, "2001")?;
/// x.emit(MockEventKind::Like, "2001");
///
/// x.ledger().expect(MockEventKind::Like.event_kind()).await?;
/// x.settle().await;
/// x.ledger().every_200_was_consumed().await?;
/// x.ledger().none_consumed_twice()?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct MockX {
    inner: Arc<Inner>,
    app: MockApp,
    address: SocketAddr,
    tasks: [Task; 2],
}

#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Marks the mock as stopped, so that a shared clock no longer waits for it.
impl Drop for MockX {
    fn drop(&mut self) {
        self.inner.state().has_ended = true;
        wake(&self.inner);
    }
}

impl MockX {
    /// Starts a server.
    ///
    /// # Errors
    /// Returns an error if the server cannot listen, or if a secret or certificate in `settings` is
    /// not valid.
    pub async fn start(settings: MockSettings) -> Result<Self, StartError> {
        let listener = TcpListener::bind(&settings.listen).await?;
        let address = listener.local_addr()?;
        let roots: Vec<_> = settings.trusted_certificates.iter().cloned().map(CertificateDer::from).collect();
        let longest = [settings.challenges_v1.timeout, settings.challenges_v2.timeout, settings.timeout];
        let longest = longest.into_iter().fold(settings.delivery_timeout, Duration::max);
        let sender = Sender::trusting(longest + Duration::from_secs(1), &roots)?;
        let ledger = Ledger::new(settings.expect_timeout);
        let random = fastrand::Rng::with_seed(settings.seed);
        let state = Mutex::new(State { random, chaos: settings.chaos, ..State::default() });
        // Ids depend on the time and the number of the event, but not on the seed.
        let scene = PayloadGenerator::new(settings.seed).skip(settings.seed.wrapping_sub(7).wrapping_mul(1000));
        let (scene, changed) = (Mutex::new(scene), watch::Sender::new(()));
        let inner = Arc::new(Inner { settings, ledger, state, scene, changed, sender });
        let app =
            inner.new_app("default", inner.settings.consumer_secret.clone(), inner.settings.client_secret.clone())?;
        let timed: Arc<dyn clock::Timed> = Arc::<Inner>::clone(&inner);
        inner.settings.clock.register(Arc::downgrade(&timed));
        let scheduler = tokio::spawn(runner::run(Arc::clone(&inner)));
        let server = tokio::spawn(server::run(listener, Arc::clone(&inner)));
        Ok(Self { inner, app, address, tasks: [Task(scheduler), Task(server)] })
    }

    /// Returns the base URL of the management APIs, such as `http://127.0.0.1:12345`.
    ///
    /// Append `/1.1/...` or `/2/...`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the first app, as it was at the start.
    pub fn app(&self) -> &MockApp {
        &self.app
    }

    /// Returns the settings.
    pub fn settings(&self) -> &MockSettings {
        &self.inner.settings
    }

    /// Returns the clock.
    pub fn clock(&self) -> Clock {
        self.inner.settings.clock.clone()
    }

    /// Returns the ledger.
    pub fn ledger(&self) -> Ledger {
        self.inner.ledger.clone()
    }

    /// Resolves when no delivery or challenge is due or under way.
    ///
    /// Does not wait for work that is due later.
    pub async fn settle(&self) {
        clock::settled(&*self.inner).await;
    }

    /// Stops the server, and waits until its tasks have ended.
    pub async fn stop(mut self) {
        for task in &mut self.tasks {
            task.0.abort();
            // Always an abort error, which is expected here.
            let _ = (&mut task.0).await;
        }
    }
}

/// The reason why a mock X cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The server cannot listen on the address.
    #[error("cannot listen")]
    Listen(#[from] std::io::Error),
    /// A trusted certificate is not valid, or TLS cannot be set up.
    #[error("cannot set up TLS")]
    Tls(#[from] SendError),
    /// A secret of the app is not valid.
    #[error("the app's secret is not valid")]
    Secret(#[from] SecretError),
}
