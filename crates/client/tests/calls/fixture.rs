//! A fixture with a mock X, a receiver, and a client that has every kind of credentials.

use std::time::Duration;

use birdhook_client::{
    AccessToken, Client, ClientBuilder, ConsumerKeys, Credentials, RetryPolicy, Transport, UserToken,
};
use birdhook_core::Timestamp;
use birdhook_testkit::mock::{Contradictions, MockApi, MockSettings, MockWebhook};
use birdhook_testkit::{MockEventKind, MockX};

use crate::support::receiver::Receiver;
use crate::support::transport::{Outcome, Recorder, Script, Sent};
use crate::support::{START, USER, credentials, with_users};

pub(crate) const OTHER: &str = "3003";

pub(crate) struct Fixture {
    pub(crate) x: MockX,
    pub(crate) receiver: Receiver,
    pub(crate) client: Client,
    pub(crate) sent: Sent,
}

impl Fixture {
    /// Creates the fixture with a clock that does not advance by itself.
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn of(change: impl FnOnce(&mut Contradictions)) -> Self {
        Self::with(|settings| change(&mut settings.contradictions)).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut MockSettings)) -> Self {
        let mut settings = MockSettings::manual();
        change(&mut settings);
        let x = MockX::start(settings).await.unwrap();
        let receiver = Receiver::start(&x).await;
        let (client, sent) = client(&x, everything(&x));
        Self { x, receiver, client, sent }
    }

    pub(crate) async fn webhook(&self, api: MockApi) -> MockWebhook {
        self.x.register_for(self.x.app(), &self.receiver.url, api).await.unwrap()
    }

    /// Delivers three likes of a subscribed user, one a minute.
    pub(crate) async fn three_likes(&self) {
        for _ in 0..3 {
            self.x.emit(MockEventKind::Like, USER);
            self.x.settle().await;
            self.x.clock().advance(Duration::from_secs(60)).await;
        }
    }

    /// Returns the kinds delivered, without the first `skipped` deliveries.
    pub(crate) async fn delivered_after(&self, skipped: usize) -> Vec<&'static str> {
        self.x.settle().await;
        self.x.ledger().sent().into_iter().skip(skipped).map(|sent| sent.kind.as_str()).collect()
    }

    pub(crate) fn client_with(&self, credentials: Credentials) -> (Client, Sent) {
        client(&self.x, credentials)
    }
}

pub(crate) fn everything(x: &MockX) -> Credentials {
    with_users(credentials(x.app()), x, &[USER, OTHER])
}

/// Creates a client over real HTTP without retries.
pub(crate) fn client(x: &MockX, credentials: Credentials) -> (Client, Sent) {
    let network = Recorder::new();
    (client_over(&network, x, credentials), network.sent)
}

pub(crate) fn client_over(network: &Recorder, x: &MockX, credentials: Credentials) -> Client {
    let clock = x.clock();
    let builder = Client::builder(credentials).base_url(x.url()).clock(move || clock.now());
    builder.retries(RetryPolicy::never()).transport(network.clone()).build().unwrap()
}

pub(crate) fn made_up() -> Credentials {
    Credentials::new(ConsumerKeys::new("key", "consumer-secret"))
        .bearer("bearer-token")
        .owner(AccessToken::new("42-owner", "owner-secret"))
        .user(USER, AccessToken::new("2001-user", "user-secret"))
        .user2(USER, UserToken::new("oauth2-token"))
}

/// Returns a builder that uses tokio's clock, beginning at `START`.
pub(crate) fn builder(credentials: Credentials, transport: impl Transport) -> ClientBuilder {
    let started = tokio::time::Instant::now();
    let clock = move || Timestamp::from_millis(START + i64::try_from(started.elapsed().as_millis()).unwrap());
    Client::builder(credentials).transport(transport).clock(clock)
}

/// Creates a client with scripted outcomes and without retries.
pub(crate) fn scripted(outcomes: impl IntoIterator<Item = Outcome>) -> (Client, Sent) {
    let (script, sent) = Script::new(outcomes);
    (builder(made_up(), script).retries(RetryPolicy::never()).build().unwrap(), sent)
}

/// Creates a client with scripted outcomes and the default retries.
pub(crate) fn scripted_with_retries(outcomes: impl IntoIterator<Item = Outcome>) -> (Client, Sent) {
    let (script, sent) = Script::new(outcomes);
    (builder(made_up(), script).build().unwrap(), sent)
}
