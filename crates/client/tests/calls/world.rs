//! A fixture with a mock X, a receiver, and a client that has every kind of credentials.

use std::time::Duration;

use birdhook_client::{
    AccessToken, Client, ClientBuilder, ConsumerKeys, Credentials, RetryPolicy, Transport, UserToken,
};
use birdhook_core::Timestamp;
use birdhook_testkit::MockX;
use birdhook_testkit::mock::{Contradictions, MockApi, MockApp, MockSettings, MockUser, MockWebhook};

use crate::calls::receiver::Receiver;
use crate::calls::transport::{Book, End, Recorder, Sent};

pub(crate) const USER: &str = "2001";
pub(crate) const OTHER: &str = "3003";
/// The initial time of the mock's clock: 2026-11-23T09:30:00Z.
pub(crate) const START: i64 = 1_795_426_200_000;

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub(crate) struct World {
    pub(crate) x: MockX,
    pub(crate) receiver: Receiver,
    pub(crate) client: Client,
    pub(crate) sent: Sent,
}

pub(crate) fn token(user: &MockUser) -> AccessToken {
    AccessToken::new(user.token.as_str(), user.token_secret.as_str())
}

pub(crate) fn consumer(app: &MockApp) -> ConsumerKeys {
    ConsumerKeys::new(&app.consumer_key, app.consumer_secret.as_str())
}

/// Returns the app's credentials, without users.
pub(crate) fn credentials(app: &MockApp) -> Credentials {
    Credentials::new(consumer(app)).bearer(app.bearer.as_str()).owner(token(&app.owner))
}

impl World {
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
        let receiver = Receiver::start(x.app().secret().clone()).await;
        let (client, sent) = client(&x, everything(&x));
        Self { x, receiver, client, sent }
    }

    pub(crate) async fn webhook(&self, generation: MockApi) -> MockWebhook {
        self.x.register_for(self.x.app(), &self.receiver.url, generation).await.unwrap()
    }

    /// Creates another client of this mock X.
    pub(crate) fn client_with(&self, credentials: Credentials) -> (Client, Sent) {
        client(&self.x, credentials)
    }
}

pub(crate) fn everything(x: &MockX) -> Credentials {
    [USER, OTHER].into_iter().fold(credentials(x.app()), |all, id| {
        let user = x.user(id);
        all.user(id, token(&user)).user2(id, UserToken::new(user.oauth2_token.as_str()))
    })
}

/// Creates a client over real HTTP without retries.
pub(crate) fn client(x: &MockX, credentials: Credentials) -> (Client, Sent) {
    let (transport, sent) = Recorder::new(Duration::from_secs(20));
    let clock = x.clock();
    let builder = Client::builder(credentials).base_url(x.url()).clock(move || clock.now());
    (builder.retries(RetryPolicy::never()).transport(transport).build().unwrap(), sent)
}

/// Returns made-up credentials of every kind.
pub(crate) fn made_up() -> Credentials {
    Credentials::new(ConsumerKeys::new("key", "consumer-secret"))
        .bearer("bearer-token")
        .owner(AccessToken::new("42-owner", "owner-secret"))
        .user(USER, AccessToken::new("2001-user", "user-secret"))
        .user2(USER, UserToken::new("oauth2-token"))
}

/// Returns a builder that uses tokio's clock, beginning at `START`.
pub(crate) fn builder(credentials: Credentials, transport: impl Transport) -> ClientBuilder {
    let begun = tokio::time::Instant::now();
    let clock = move || Timestamp::from_millis(START + i64::try_from(begun.elapsed().as_millis()).unwrap());
    Client::builder(credentials).transport(transport).clock(clock)
}

/// Creates a client with scripted responses and without retries.
pub(crate) fn by_the_book(ends: impl IntoIterator<Item = End>) -> (Client, Sent) {
    let (book, sent) = Book::new(ends);
    (builder(made_up(), book).retries(RetryPolicy::never()).build().unwrap(), sent)
}

/// Creates a client with scripted responses and the default retries.
pub(crate) fn again_by_the_book(ends: impl IntoIterator<Item = End>) -> (Client, Sent) {
    let (book, sent) = Book::new(ends);
    (builder(made_up(), book).build().unwrap(), sent)
}
