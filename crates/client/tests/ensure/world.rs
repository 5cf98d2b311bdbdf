//! A fixture with a mock X, a receiver, and a client whose requests can be cut off.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_client::{
    AccessToken, Client, ConsumerKeys, Credentials, HttpsTransport, RetryPolicy, Transport, TransportError,
    TransportFuture, UserToken,
};
use birdhook_testkit::mock::{MockSettings, MockX};
use bytes::Bytes;
use http::Request;

use super::receiver::Receiver;

pub(crate) const USERS: [&str; 3] = ["2001", "2002", "2003"];

pub(crate) struct World {
    pub(crate) x: MockX,
    pub(crate) receiver: Receiver,
    pub(crate) client: Client,
    pub(crate) line: Line,
}

/// The point at which a request is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The request does not reach X.
    Before,
    /// X carries out the request, but the response is lost.
    After,
}

/// A transport that can be cut off.
#[derive(Clone)]
pub(crate) struct Line {
    https: Arc<HttpsTransport>,
    /// Methods and paths, without requests to the receiver.
    pub(crate) sent: Arc<Mutex<Vec<String>>>,
    cut: Arc<Mutex<Option<(usize, Cut)>>>,
}

impl Line {
    /// Cuts off the request with this number, counted from now, and all later ones.
    pub(crate) fn cut(&self, number: usize, how: Cut) {
        *self.cut.lock().unwrap() = Some((number, how));
    }

    pub(crate) fn mend(&self) {
        *self.cut.lock().unwrap() = None;
    }

    /// Returns the calls that change state.
    pub(crate) fn changes(&self) -> Vec<String> {
        let sent = self.sent.lock().unwrap();
        sent.iter().filter(|call| !call.starts_with("GET ") && !call.contains("/oauth2/token")).cloned().collect()
    }
}

impl Transport for Line {
    fn send(&self, request: Request<Bytes>) -> TransportFuture<'_> {
        Box::pin(async move {
            if request.uri().path().starts_with("/webhooks/") {
                return self.https.send(request).await;
            }
            let mut is_cut = None;
            if let Some((left, how)) = &mut *self.cut.lock().unwrap() {
                match left.checked_sub(1) {
                    Some(less) => *left = less,
                    None => {
                        is_cut = Some(*how);
                        // Later requests do not reach X.
                        *how = Cut::Before;
                    }
                }
            }
            if is_cut == Some(Cut::Before) {
                return Err(TransportError::Connect("cut".to_owned()));
            }
            self.sent.lock().unwrap().push(format!("{} {}", request.method(), request.uri().path()));
            let answer = self.https.send(request).await;
            if is_cut.is_some() { Err(TransportError::Broken("cut".to_owned())) } else { answer }
        })
    }
}

fn client(x: &MockX, line: &Line, credentials: Credentials) -> Client {
    let builder = Client::builder(credentials).base_url(x.url()).retries(RetryPolicy::never());
    builder.transport(line.clone()).build().unwrap()
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(MockSettings::local()).await
    }

    pub(crate) async fn with(settings: MockSettings) -> Self {
        let x = MockX::start(settings).await.unwrap();
        let receiver = Receiver::start(x.app().secret(), x.ledger()).await;
        let https = Arc::new(HttpsTransport::new(Duration::from_secs(10)).unwrap());
        let line = Line { https, sent: Arc::default(), cut: Arc::default() };
        let app = x.app();
        let token =
            |user: &birdhook_testkit::mock::MockUser| AccessToken::new(user.token.as_str(), user.token_secret.as_str());
        let keys = ConsumerKeys::new(&*app.consumer_key, app.consumer_secret.as_str());
        let mut credentials = Credentials::new(keys).owner(token(&app.owner));
        for id in USERS {
            let user = x.user(id);
            credentials = credentials.user(id, token(&user)).user2(id, UserToken::new(user.oauth2_token.as_str()));
        }
        if let Some(secret) = &app.client_secret {
            credentials = credentials.client_secret(secret.as_str());
        }
        let client = client(&x, &line, credentials);
        Self { x, receiver, client, line }
    }

    /// Creates a client with the app's keys and additional credentials.
    pub(crate) fn client_with(&self, add: impl FnOnce(Credentials) -> Credentials) -> Client {
        let app = self.x.app();
        let keys = ConsumerKeys::new(&*app.consumer_key, app.consumer_secret.as_str());
        client(&self.x, &self.line, add(Credentials::new(keys)))
    }
}
