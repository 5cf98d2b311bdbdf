//! The rows of the table, and how they run.

use std::net::SocketAddr;
use std::time::Duration;

use birdhook::{
    App, Apps, Delivery, Secret, Webhook,
    app::{AppSelector, ChallengeSignature},
    crc::TokenPolicy,
    dedupe::DedupeScope,
};
use birdhook_test_harness::http_client::{Answer, Request, post, sign};
use birdhook_tests::server::{Adapter, Behaviour, Server};

pub(crate) const SECRET: &str = "testsecret";
pub(crate) const OTHER: &str = "othersecret";

/// The body of a delivery with one event.
pub(crate) const DELETED: &str = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"20","user_id":"1"},"timestamp_ms":"1432228155593"}]}"#;

/// A scenario: requests sent in sequence to a new server, and the expected results.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    setup: Setup,
    steps: Vec<HeadResult>,
    /// The kinds of all events that the app must receive, in order.
    delivered: Vec<&'static str>,
}

/// The server of a row.
#[derive(Clone, Copy)]
pub(crate) enum Setup {
    Plain,
    /// `first` with [`SECRET`], `second` with [`OTHER`].
    TwoApps(AppSelector2),
    /// [`SECRET`] as the current secret, [`OTHER`] as the previous one.
    Rotated,
    /// [`SECRET`] and the OAuth 2.0 client secret [`OTHER`].
    BothSecrets,
    /// Only the OAuth 2.0 client secret [`OTHER`].
    ClientSecret,
    NoApps,
    Stopping,
    Base64Tokens,
    DemandsSignedChallenge,
    Limit(usize),
    Deadline(u64),
    Scope(DedupeScope),
    DropsEchoes,
    App(Behaviour),
}

/// The method to select the app of a challenge, if two apps share the URL.
#[derive(Clone, Copy)]
pub(crate) enum AppSelector2 {
    First,
    Path,
    Query,
}

#[derive(Clone)]
pub(crate) struct HeadResult {
    request: Request,
    expected: Expected,
}

#[derive(Clone)]
struct Expected {
    status: u16,
    body: Option<String>,
    headers: Vec<(&'static str, &'static str)>,
}

pub(crate) fn row(name: &'static str, setup: Setup, steps: impl IntoIterator<Item = HeadResult>) -> Row {
    Row { name, setup, steps: steps.into_iter().collect(), delivered: Vec::new() }
}

/// A scenario on a server without special settings.
pub(crate) fn plain(name: &'static str, steps: impl IntoIterator<Item = HeadResult>) -> Row {
    row(name, Setup::Plain, steps)
}

/// Returns a POST of this body, signed with [`SECRET`].
pub(crate) fn signed(body: impl Into<Vec<u8>>) -> Request {
    post(body).signed(SECRET)
}

impl Row {
    pub(crate) fn delivers(mut self, kinds: impl IntoIterator<Item = &'static str>) -> Self {
        self.delivered = kinds.into_iter().collect();
        self
    }

    pub(crate) async fn run(&self, adapter: Adapter) -> Result<(), String> {
        let (webhook, behaviour) = self.setup.webhook();
        let mut server = Server::start(adapter, webhook, behaviour).await;
        if matches!(self.setup, Setup::Stopping) {
            server.stop().await;
        }
        self.send_to(server.address).await?;
        let taken = server.taken();
        let kinds: Vec<_> = taken.iter().flat_map(Delivery::events).map(|event| event.kind().as_str()).collect();
        self.check_delivered(&kinds)
    }

    /// Returns the secrets for an example server on which this row can run, as environment
    /// variables. `None` if the row needs a setting that the examples do not have.
    #[cfg(unix)]
    pub(crate) fn environment(&self) -> Option<Vec<(&'static str, String)>> {
        const CONSUMER: &str = "BIRDHOOK_CONSUMER_SECRET";
        const CLIENT: &str = "BIRDHOOK_CLIENT_SECRET";
        match self.setup {
            // The default deadline is longer, and gives the same responses.
            Setup::Plain | Setup::Deadline(_) => Some(vec![(CONSUMER, SECRET.to_owned())]),
            Setup::TwoApps(AppSelector2::First) => Some(vec![(CONSUMER, format!("first={SECRET},second={OTHER}"))]),
            Setup::Rotated => Some(vec![(CONSUMER, format!("app={SECRET},app={OTHER}"))]),
            Setup::BothSecrets => Some(vec![(CONSUMER, SECRET.to_owned()), (CLIENT, OTHER.to_owned())]),
            Setup::ClientSecret => Some(vec![(CLIENT, OTHER.to_owned())]),
            _ => None,
        }
    }

    /// Sends the requests and checks the responses.
    pub(crate) async fn send_to(&self, server: SocketAddr) -> Result<(), String> {
        for (number, step) in self.steps.iter().enumerate() {
            let answer = step.request.try_send(server).await.map_err(|error| format!("no answer: {error}"));
            answer
                .and_then(|answer| step.expected.check(&answer))
                .map_err(|why| format!("step {}: {why}", number + 1))?;
        }
        Ok(())
    }

    /// Checks the kinds of the events that the app received.
    pub(crate) fn check_delivered(&self, kinds: &[impl AsRef<str>]) -> Result<(), String> {
        let kinds: Vec<_> = kinds.iter().map(AsRef::as_ref).collect();
        if kinds == self.delivered { Ok(()) } else { Err(format!("delivered {kinds:?}, not {:?}", self.delivered)) }
    }
}

/// Builds a step from a request and its expected response.
pub(crate) trait Gives {
    fn gives(self, status: u16) -> HeadResult;
    /// Expects a 200 with the response token for this secret and CRC token.
    fn gives_token(self, secret: &str, token: &str) -> HeadResult;
}

impl Gives for Request {
    fn gives(self, status: u16) -> HeadResult {
        let headers = match status {
            405 => vec![("allow", "GET, POST")],
            503 => vec![("retry-after", "3")],
            _ => Vec::new(),
        };
        // A response to a forgery reveals nothing, and X ignores the body of a 200.
        let body = matches!(status, 200 | 401).then(String::new);
        HeadResult { request: self, expected: Expected { status, body, headers } }
    }

    fn gives_token(self, secret: &str, token: &str) -> HeadResult {
        let body = format!(r#"{{"response_token":"{}"}}"#, sign(secret, token.as_bytes()));
        let headers = vec![("content-type", "application/json")];
        HeadResult { request: self, expected: Expected { status: 200, body: Some(body), headers } }
    }
}

impl Expected {
    fn check(&self, answer: &Answer) -> Result<(), String> {
        let body = String::from_utf8_lossy(&answer.body);
        if answer.status != self.status {
            return Err(format!("answered {} {body:?}, not {}", answer.status, self.status));
        }
        if self.body.as_ref().is_some_and(|expected| *expected != body) {
            return Err(format!("the body is {body:?}, not {:?}", self.body));
        }
        match self.headers.iter().find(|(name, value)| answer.header(name) != Some(*value)) {
            Some((name, value)) => Err(format!("{name}: {value} is missing from {:?}", answer.headers)),
            None => Ok(()),
        }
    }
}

pub(crate) fn webhook() -> Webhook {
    Webhook::new(secret(SECRET))
}

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

impl Setup {
    fn webhook(self) -> (Webhook, Behaviour) {
        let two_apps = || format!("first={SECRET},second={OTHER}").parse::<Apps>().unwrap();
        let app = App::new("app", secret(SECRET));
        let mut behaviour = Behaviour::Takes;
        let webhook = match self {
            Self::Plain | Self::Stopping => webhook(),
            Self::TwoApps(selector) => Webhook::new(two_apps()).app_selector(match selector {
                AppSelector2::First => AppSelector::First,
                AppSelector2::Path => AppSelector::PathSegment,
                AppSelector2::Query => AppSelector::QueryParameter("app".into()),
            }),
            Self::Rotated => Webhook::new(app.add_consumer_secret(secret(OTHER))),
            Self::BothSecrets => Webhook::new(app.add_client_secret(secret(OTHER))),
            Self::ClientSecret => Webhook::new(App::with_client_secret("app", secret(OTHER))),
            Self::NoApps => Webhook::new(Apps::none()),
            Self::Base64Tokens => webhook().token_policy(TokenPolicy::Base64),
            Self::DemandsSignedChallenge => webhook().challenge_signature(ChallengeSignature::Demanded),
            Self::Limit(bytes) => webhook().body_limit(bytes),
            Self::Deadline(millis) => webhook().deadline(Duration::from_millis(millis)),
            Self::Scope(scope) => Webhook::new(two_apps()).dedupe_scope(scope),
            Self::DropsEchoes => Webhook::new(app.drop_echoes_of("13090192")),
            Self::App(does) => {
                behaviour = does;
                webhook().deadline(Duration::from_millis(300))
            }
        };
        (webhook, behaviour)
    }
}
