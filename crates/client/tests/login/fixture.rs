//! A fixture with a mock X on a manual clock, a browser, and a transport that can be cut off.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use birdhook_client::login::{OAuth1, OAuth2};
use birdhook_client::{
    Client, ClientBuilder, ConsumerKeys, Credentials, Error, HttpsTransport, RetryPolicy, Transport, TransportError,
    TransportFuture,
};
use birdhook_testkit::MockX;
use birdhook_testkit::mock::{MockSettings, MockToken};
use bytes::Bytes;
use http::{Request, Response, header};
use secrecy::ExposeSecret;
use tokio::sync::watch;

use crate::support::{USER, consumer};

pub(crate) const SECRET: &str = "the-secret-of-a-confidential-client";

pub(crate) struct Fixture {
    pub(crate) x: MockX,
    pub(crate) network: Network,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn confidential() -> Self {
        Self::with(|settings| settings.client_secret = Some(MockToken::new(SECRET))).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut MockSettings)) -> Self {
        let mut settings = MockSettings::manual();
        change(&mut settings);
        Self { x: MockX::start(settings).await.unwrap(), network: Network::new() }
    }

    pub(crate) fn keys(&self) -> ConsumerKeys {
        consumer(self.x.app())
    }

    pub(crate) fn oauth1(&self) -> OAuth1 {
        let clock = self.x.clock();
        let login = OAuth1::new(self.keys()).unwrap();
        login.base_url(self.x.url()).transport(self.network.clone()).clock(move || clock.now())
    }

    pub(crate) fn oauth2(&self) -> OAuth2 {
        let (clock, app) = (self.x.clock(), self.x.app());
        let secret = app.client_secret.as_ref().map(|secret| secret.as_str().into());
        let login = OAuth2::new(&app.client_id, secret).unwrap().base_url(self.x.url());
        let login = login.authorize_url(format!("{}/i/oauth2/authorize", self.x.url()));
        login.transport(self.network.clone()).clock(move || clock.now())
    }

    /// Returns a builder of a client without retries.
    pub(crate) fn client(&self, credentials: Credentials) -> ClientBuilder {
        let clock = self.x.clock();
        let builder = Client::builder(credentials).base_url(self.x.url()).transport(self.network.clone());
        builder.clock(move || clock.now()).retries(RetryPolicy::never())
    }

    pub(crate) async fn advance(&self, seconds: u64) {
        self.x.clock().advance(Duration::from_secs(seconds)).await;
    }
}

/// Checks that the error asks for another login of the user.
pub(crate) fn check_login_again(error: &Error) {
    let fix = error.fix();
    assert!(fix.starts_with("run `birdhook auth user2` and have user 2001 authorise the app again"), "{fix}");
}

/// Renews a token by several concurrent calls of each client, and returns the different tokens.
pub(crate) async fn concurrent_tokens(clients: &[Client], calls: usize) -> BTreeSet<String> {
    let calls = clients.iter().flat_map(|client| std::iter::repeat_n(client, calls)).cloned();
    let tasks: Vec<_> = calls.map(|client| tokio::spawn(async move { client.access_token(USER).await })).collect();
    let mut tokens = BTreeSet::new();
    for task in tasks {
        tokens.insert(task.await.unwrap().unwrap().expose_secret().to_owned());
    }
    tokens
}

/// Opens a URL as a browser that does not follow redirects.
pub(crate) async fn open(url: &str) -> Response<Bytes> {
    let https = HttpsTransport::new(Duration::from_secs(10)).unwrap();
    https.send(Request::get(url).body(Bytes::new()).unwrap()).await.unwrap()
}

pub(crate) fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

pub(crate) fn location(response: &Response<Bytes>) -> String {
    assert_eq!(response.status(), 302, "{response:?}");
    response.headers()[header::LOCATION].to_str().unwrap().to_owned()
}

/// Authorises the app as the user, and returns the redirect's URL.
pub(crate) async fn agree(authorize_url: &str) -> String {
    location(&open(&format!("{authorize_url}&user_id={USER}")).await)
}

/// Refuses as the user, and returns the redirect's URL.
pub(crate) async fn deny(authorize_url: &str) -> String {
    location(&open(&format!("{authorize_url}&denied=1")).await)
}

/// A fake response to paths with this ending: a status and a body, or an error.
pub(crate) type Fake = (&'static str, Result<(u16, &'static str), TransportError>);

/// A transport that records requests and can fake or hold responses.
#[derive(Clone)]
pub(crate) struct Network {
    https: HttpsTransport,
    sent: Arc<Mutex<Vec<Request<Bytes>>>>,
    fake: Arc<Mutex<Option<Fake>>>,
    /// Whether responses to token requests are held back.
    pub(crate) held: watch::Sender<bool>,
    /// The number of responses held back.
    pub(crate) waiting: watch::Sender<usize>,
}

impl Network {
    fn new() -> Self {
        let https = HttpsTransport::new(Duration::from_secs(10)).unwrap();
        let (held, waiting) = (watch::Sender::new(false), watch::Sender::new(0));
        Self { https, sent: Arc::default(), fake: Arc::default(), held, waiting }
    }

    pub(crate) fn fake(&self, fake: Option<Fake>) {
        *self.fake.lock().unwrap() = fake;
    }

    pub(crate) fn sent(&self) -> MutexGuard<'_, Vec<Request<Bytes>>> {
        self.sent.lock().unwrap()
    }

    pub(crate) fn token_requests(&self) -> usize {
        self.sent().iter().filter(|request| request.uri().path() == "/2/oauth2/token").count()
    }
}

impl Transport for Network {
    fn send(&self, request: Request<Bytes>) -> TransportFuture<'_> {
        Box::pin(async move {
            self.sent().push(request.clone());
            let path = request.uri().path().to_owned();
            let fake = self.fake.lock().unwrap().clone().filter(|(end, _)| path.ends_with(end));
            if let Some((_, fake)) = fake {
                let (status, body) = fake?;
                return Ok(Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap());
            }
            let response = self.https.send(request).await;
            if path == "/2/oauth2/token" {
                self.waiting.send_modify(|many| *many += 1);
                self.held.subscribe().wait_for(|held| !held).await.unwrap();
            }
            response
        })
    }
}
