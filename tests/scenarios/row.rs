//! The rows of the table, and how they run.

use std::net::SocketAddr;

use birdhook::{App, Apps, Delivery, Secret, Webhook};
use birdhook_test_harness::http_client::{Answer, Request, post, sign};
use birdhook_tests::server::{Adapter, Behaviour, Server};

pub(crate) const SECRET: &str = "testsecret";
pub(crate) const OTHER: &str = "othersecret";

/// The secrets of [`rotated`] and of [`two_apps`], as the examples read them.
pub(crate) const ROTATED: &str = "app=testsecret,app=othersecret";
pub(crate) const TWO_APPS: &str = "first=testsecret,second=othersecret";

/// The body of a delivery with one event.
pub(crate) const DELETED: &str = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"20","user_id":"1"},"timestamp_ms":"1432228155593"}]}"#;

/// A scenario: requests sent in sequence to a new server, and the expected results.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    webhook: Webhook,
    behaviour: Behaviour,
    is_stopping: bool,
    /// The secrets with which the row runs on an example server too.
    #[cfg_attr(not(unix), expect(dead_code, reason = "read by the tests of the example servers"))]
    environment: Option<Environment>,
    steps: Vec<Step>,
    /// The kinds of all events that the app must receive, in order.
    delivered: Vec<&'static str>,
}

#[derive(Clone)]
pub(crate) struct Step {
    request: Request,
    expected: Expected,
}

#[derive(Clone)]
struct Expected {
    status: u16,
    body: Option<String>,
    headers: Vec<(&'static str, &'static str)>,
}

pub(crate) fn row(name: &'static str, webhook: Webhook, steps: impl IntoIterator<Item = Step>) -> Row {
    let (behaviour, steps) = (Behaviour::Takes, steps.into_iter().collect());
    Row { name, webhook, behaviour, is_stopping: false, environment: None, steps, delivered: Vec::new() }
}

/// Environment variables of an example server.
pub(crate) type Environment = Vec<(&'static str, String)>;

pub(crate) fn consumer_secrets(secrets: impl Into<String>) -> Environment {
    vec![("BIRDHOOK_CONSUMER_SECRET", secrets.into())]
}

pub(crate) fn client_secret(secret: &str) -> Environment {
    vec![("BIRDHOOK_CLIENT_SECRET", secret.to_owned())]
}

/// A scenario on a server without special settings.
pub(crate) fn plain(name: &'static str, steps: impl IntoIterator<Item = Step>) -> Row {
    row(name, webhook(), steps).on_examples(consumer_secrets(SECRET))
}

/// A delivery on a server without special settings. It is accepted, and deletes a post.
pub(crate) fn accepts(name: &'static str, delivery: Request) -> Row {
    plain(name, [delivery.gives(200)]).delivers(["post_deleted"])
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

    /// Sets how the app's sink behaves.
    pub(crate) fn behaves(self, behaviour: Behaviour) -> Self {
        Self { behaviour, environment: None, ..self }
    }

    /// Sends the requests to a server that is shutting down.
    pub(crate) fn while_stopping(self) -> Self {
        Self { is_stopping: true, environment: None, ..self }
    }

    /// Runs the row on an example server with these secrets too.
    pub(crate) fn on_examples(self, environment: Environment) -> Self {
        Self { environment: Some(environment), ..self }
    }

    /// Returns the secrets for an example server on which this row can run. `None` if the row needs a
    /// setting that the examples do not have.
    #[cfg(unix)]
    pub(crate) fn environment(&self) -> Option<Environment> {
        self.environment.clone()
    }

    pub(crate) async fn run(&self, adapter: Adapter) -> Result<(), String> {
        let mut server = Server::start(adapter, self.webhook.clone(), self.behaviour).await;
        if self.is_stopping {
            server.stop().await;
        }
        self.send_to(server.address).await?;
        let taken = server.taken();
        let kinds: Vec<_> = taken.iter().flat_map(Delivery::events).map(|event| event.kind().as_str()).collect();
        self.check_delivered(&kinds)
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
    fn gives(self, status: u16) -> Step;
    /// Expects a 200 with the response token for this secret and CRC token.
    fn gives_token(self, secret: &str, token: &str) -> Step;
}

impl Gives for Request {
    fn gives(self, status: u16) -> Step {
        let headers = match status {
            405 => vec![("allow", "GET, POST")],
            503 => vec![("retry-after", "3")],
            _ => Vec::new(),
        };
        // A response to a forgery reveals nothing, and X ignores the body of a 200.
        let body = matches!(status, 200 | 401).then(String::new);
        Step { request: self, expected: Expected { status, body, headers } }
    }

    fn gives_token(self, secret: &str, token: &str) -> Step {
        let body = format!(r#"{{"response_token":"{}"}}"#, sign(secret, token.as_bytes()));
        let headers = vec![("content-type", "application/json")];
        Step { request: self, expected: Expected { status: 200, body: Some(body), headers } }
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

/// A webhook of an app with [`SECRET`].
pub(crate) fn webhook() -> Webhook {
    Webhook::new(secret(SECRET))
}

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

/// An app with [`SECRET`].
pub(crate) fn app() -> App {
    App::new("app", secret(SECRET))
}

/// A webhook of an app with [`SECRET`] as the current secret and [`OTHER`] as the previous one.
pub(crate) fn rotated() -> Webhook {
    Webhook::new(app().add_consumer_secret(secret(OTHER)))
}

/// A webhook of two apps: `first` with [`SECRET`], `second` with [`OTHER`].
pub(crate) fn two_apps() -> Webhook {
    Webhook::new(TWO_APPS.parse::<Apps>().unwrap())
}
