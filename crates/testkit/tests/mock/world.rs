//! The test harness: a mock X, a receiver, and calls to the management APIs.

use std::cell::Cell;
use std::time::Duration;

use birdhook_testkit::mock::{MockApi, MockApp, MockSettings, MockToken, MockUser, MockWebhook};
use birdhook_testkit::{MockEvent, MockEventKind, MockX, Sender};
use bytes::Bytes;
use http::{HeaderMap, Request, header};
use serde_json::Value;

use crate::mock::receiver::Receiver;
use crate::mock::signer::{self, Keys};

pub(crate) const USER: &str = "2001";
/// The initial time of the manual clock in milliseconds: 2026-11-23T09:30:00Z.
pub(crate) const START: i64 = 1_795_426_200_000;

/// Returns a duration in seconds.
pub(crate) fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Returns a duration in hours.
pub(crate) fn h(hours: u64) -> Duration {
    s(hours * 3600)
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) x: MockX,
    pub(crate) receiver: Receiver,
    nonces: Cell<u32>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum As<'a> {
    Nobody,
    /// A bearer token of an app or of an OAuth 2.0 user.
    Bearer(&'a MockToken),
    User(&'a MockApp, &'a MockUser),
    /// This `Authorization` header.
    Header(&'a str),
}

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Null if there is no body.
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn both(self) -> (u16, Value) {
        (self.status, self.body)
    }

    /// Returns the status, and the code and message of a 1.1 error.
    pub(crate) fn error(&self) -> (u16, u64, &str) {
        let error = &self.body["errors"][0];
        assert_eq!(self.body["errors"].as_array().map(Vec::len), Some(1), "{self:?}");
        (self.status, error["code"].as_u64().unwrap(), error["message"].as_str().unwrap())
    }

    /// Returns the status, and X's reason in a v2 problem.
    pub(crate) fn reason(&self) -> (u16, &str) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(self.body["status"], self.status, "{self:?}");
        assert_eq!(self.body["type"], "https://api.x.com/2/problems/invalid-request", "{self:?}");
        assert_eq!(self.body["title"], if self.status == 409 { "Conflict" } else { "Invalid Request" }, "{self:?}");
        let error = &self.body["errors"][0];
        let detail =
            self.body["detail"].as_str().unwrap().strip_prefix("One or more parameters to your request was invalid. ");
        assert_eq!(detail, error["message"].as_str(), "{self:?}");
        (self.status, error["title"].as_str().unwrap_or_else(|| panic!("{self:?}")))
    }
}

impl World {
    /// Starts a mock X with a manual clock.
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// Starts a mock X with a long timeout for slow machines, or a short one for a receiver that
    /// hangs.
    pub(crate) async fn that_waits(hangs: bool) -> Self {
        let short = Duration::from_millis(150);
        Self::with(|settings| settings.timeout = if hangs { short } else { settings.timeout }).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut MockSettings)) -> Self {
        let mut settings = MockSettings::manual();
        change(&mut settings);
        let x = MockX::start(settings).await.unwrap();
        let receiver = Receiver::start(&x).await;
        Self { x, receiver, nonces: Cell::new(0) }
    }

    pub(crate) fn app(&self) -> &MockApp {
        self.x.app()
    }

    /// The app's owner, with OAuth 1.0a.
    pub(crate) fn owner(&self) -> As<'_> {
        As::User(self.app(), &self.app().owner)
    }

    /// The app, with its bearer token.
    pub(crate) fn bearer(&self) -> As<'_> {
        As::Bearer(&self.app().bearer)
    }

    /// Registers a webhook of the first app.
    pub(crate) async fn webhook(&self, generation: MockApi) -> MockWebhook {
        self.x.register_for(self.app(), &self.receiver.url, generation).await.unwrap()
    }

    /// Registers a webhook of the first app and subscribes the user.
    pub(crate) async fn subscribe(&self, generation: MockApi) -> MockWebhook {
        let webhook = self.webhook(generation).await;
        self.x.subscribe(&webhook, USER).unwrap();
        webhook
    }

    /// Starts a mock X with a webhook.
    pub(crate) async fn registered(generation: MockApi) -> (Self, MockWebhook) {
        let world = Self::new().await;
        let webhook = world.webhook(generation).await;
        (world, webhook)
    }

    /// Starts a mock X with a v2 webhook to which the user is subscribed.
    pub(crate) async fn subscribed() -> (Self, MockWebhook) {
        let world = Self::new().await;
        let webhook = world.subscribe(MockApi::V2).await;
        (world, webhook)
    }

    /// Starts a mock X with a 1.1 webhook to which the user is subscribed.
    pub(crate) async fn subscribed_v1() -> (Self, MockWebhook) {
        let world = Self::new().await;
        let webhook = world.subscribe(MockApi::Enterprise).await;
        (world, webhook)
    }

    /// Generates an event of the user, and waits until it is delivered.
    pub(crate) async fn emit(&self, kind: MockEventKind) -> MockEvent {
        let event = self.x.emit(kind, USER);
        self.x.settle().await;
        event
    }

    /// Waits until this is the case.
    pub(crate) async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        while !is_so(self) {
            tokio::task::yield_now().await;
        }
    }

    /// Returns the kinds of the delivery attempts, in order.
    pub(crate) fn delivered(&self) -> Vec<MockEventKind> {
        self.x.ledger().sent().iter().map(|sent| sent.kind).collect()
    }

    /// Returns the times of the delivery attempts, in milliseconds since the start.
    pub(crate) fn sent_at(&self) -> Vec<i64> {
        self.x.ledger().sent().iter().map(|sent| sent.at.as_millis() - START).collect()
    }

    pub(crate) async fn advance(&self, by: Duration) {
        let passed = tokio::time::timeout(s(30), self.x.clock().advance(by)).await;
        passed.expect("the clock waits for something that nobody does");
    }

    /// Returns the OAuth 1.0a header of a call.
    pub(crate) fn oauth(&self, method: &str, path: &str, form: &str, app: &MockApp, user: &MockUser) -> String {
        self.nonces.set(self.nonces.get() + 1);
        let nonce = format!("nonce{}", self.nonces.get());
        let time = self.x.clock().now().as_millis() / 1000;
        self.oauth_at(method, path, form, keys(app, user), (&nonce, time))
    }

    pub(crate) fn oauth_at(&self, method: &str, path: &str, form: &str, keys: Keys<'_>, at: (&str, i64)) -> String {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let pairs: Vec<(String, String)> = [query, form]
            .into_iter()
            .flat_map(|text| form_urlencoded::parse(text.as_bytes()).into_owned().collect::<Vec<_>>())
            .collect();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        signer::header(method, &format!("{}{path}", self.x.url()), (&[], &pairs), keys, at)
    }

    /// Calls an endpoint with a JSON body.
    pub(crate) async fn call(&self, method: &str, path: &str, who: As<'_>, body: &str) -> Reply {
        self.call_with(method, path, who, "application/json", body).await
    }

    pub(crate) async fn call_with(&self, method: &str, path: &str, who: As<'_>, media_type: &str, body: &str) -> Reply {
        let form = if media_type == "application/x-www-form-urlencoded" { body } else { "" };
        let authorization = match who {
            As::Nobody => None,
            As::Bearer(token) => Some(format!("Bearer {}", token.as_str())),
            As::User(app, user) => Some(self.oauth(method, path, form, app, user)),
            As::Header(header) => Some(header.to_owned()),
        };
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.x.url()));
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, media_type);
        }
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let sender = Sender::new(s(10)).unwrap();
        let answer = sender.send(request.body(Bytes::from(body.to_owned())).unwrap()).await.unwrap();
        let body = if answer.body.is_empty() { Value::Null } else { serde_json::from_slice(&answer.body).unwrap() };
        Reply { status: answer.status.as_u16(), headers: answer.headers, body }
    }
}

pub(crate) fn keys<'a>(app: &'a MockApp, user: &'a MockUser) -> Keys<'a> {
    Keys {
        consumer_key: &app.consumer_key,
        consumer_secret: app.consumer_secret.as_str(),
        token: user.token.as_str(),
        token_secret: user.token_secret.as_str(),
    }
}

/// Returns every call of every API: its method, its path, the credentials it accepts, and its limit
/// per 15 minutes.
pub(crate) fn calls() -> impl Iterator<Item = [&'static str; 4]> {
    include_str!("calls.txt").lines().map(|line| line.split(' ').collect::<Vec<_>>().try_into().unwrap())
}

/// Returns a 1.1 path with the URL to register.
pub(crate) fn with_url(path: &str, url: &str) -> String {
    format!("{path}?url={}", signer::encode(url))
}
