//! Receivers in one process: an empty handler, handlers written by hand, and birdhook.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook::{Deliveries, Receiver, Secret, Webhook, signature};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use sha2::Sha256;
use tokio::sync::mpsc;
use tower::Service;

const PATH: &str = "/webhooks/twitter";
const SECRET: &str = "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu";

/// The id of the event in both bodies.
const ID: &str = "2124797602821046272";

pub(crate) const BODIES: [(&str, &str); 2] = [
    ("message, 2 KB", include_str!("../../../core/benches/bodies/aaa_2k.json")),
    ("post, 6 KB", include_str!("../../../core/benches/bodies/aaa_6k.json")),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Reads the body and answers 200.
    Bare,
    /// Verifies the signature, parses the body to a `Value` and sends it to a channel.
    Value,
    /// Like `Value`, with a struct of the fields that an app uses.
    Typed,
    /// birdhook with its default settings and a channel. Removes duplicates.
    Birdhook,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Bare, Self::Value, Self::Typed, Self::Birdhook];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "empty handler",
            Self::Value => "by hand, `Value`",
            Self::Typed => "by hand, typed",
            Self::Birdhook => "birdhook",
        }
    }
}

/// A receiver, and the other end of its channel.
pub(crate) struct Candidate {
    router: Router,
    queue: Queue,
}

enum Queue {
    None,
    Values(mpsc::Receiver<Value>),
    Typed(mpsc::Receiver<Delivery>),
    Birdhook(Deliveries),
}

impl Candidate {
    pub(crate) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Bare => Self { router: Router::new().route(PATH, post(bare)), queue: Queue::None },
            Kind::Value => {
                let (router, receiver) = by_hand();
                Self { router, queue: Queue::Values(receiver) }
            }
            Kind::Typed => {
                let (router, receiver) = by_hand();
                Self { router, queue: Queue::Typed(receiver) }
            }
            Kind::Birdhook => {
                let (pipeline, deliveries) = Webhook::new(secret()).channel(64);
                let router = Router::new().route_service(PATH, Receiver::new(pipeline));
                Self { router, queue: Queue::Birdhook(deliveries) }
            }
        }
    }

    /// Answers a request, and receives the delivery from the channel.
    pub(crate) async fn receive(&mut self, request: Request<Body>) {
        let response = self.router.call(request).await.expect("a router does not fail");
        assert_eq!(response.status(), StatusCode::OK);
        match &mut self.queue {
            Queue::None => {}
            Queue::Values(receiver) => drop(receiver.recv().await.expect("a delivery")),
            Queue::Typed(receiver) => receiver.recv().await.expect("a delivery").consume(),
            Queue::Birdhook(deliveries) => drop(deliveries.recv().await.expect("a delivery")),
        }
    }
}

async fn bare(_: Bytes) -> StatusCode {
    StatusCode::OK
}

fn by_hand<T: DeserializeOwned + Send + 'static>() -> (Router, mpsc::Receiver<T>) {
    let (sender, receiver) = mpsc::channel(64);
    let state = App { keyed: keyed(), sender };
    (Router::new().route(PATH, post(receive::<T>)).with_state(state), receiver)
}

struct App<T> {
    keyed: Hmac<Sha256>,
    sender: mpsc::Sender<T>,
}

impl<T> Clone for App<T> {
    fn clone(&self) -> Self {
        Self { keyed: self.keyed.clone(), sender: self.sender.clone() }
    }
}

async fn receive<T: DeserializeOwned>(State(app): State<App<T>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = headers.get("x-twitter-webhooks-signature").and_then(|value| value.to_str().ok());
    let Some(claimed) = header.and_then(|text| STANDARD.decode(text.strip_prefix("sha256=")?).ok()) else {
        return StatusCode::UNAUTHORIZED;
    };
    if app.keyed.chain_update(&body).verify_slice(&claimed).is_err() {
        return StatusCode::UNAUTHORIZED;
    }
    let Ok(delivery) = serde_json::from_slice(&body) else { return StatusCode::BAD_REQUEST };
    match app.sender.try_send(delivery) {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The fields that a small app uses.
#[derive(Deserialize)]
#[allow(dead_code, reason = "an app would read them")]
struct Delivery {
    for_user_id: String,
    #[serde(default)]
    tweet_create_events: Vec<Post>,
    #[serde(default)]
    direct_message_events: Vec<Message>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "an app would read them")]
struct Post {
    id_str: String,
    text: String,
    created_at: String,
    user: User,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "an app would read them")]
struct User {
    id_str: String,
    screen_name: String,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "an app would read them")]
struct Message {
    id: String,
    created_timestamp: String,
    message_create: MessageCreate,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "an app would read them")]
struct MessageCreate {
    sender_id: String,
    target: Target,
    message_data: MessageData,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "an app would read them")]
struct Target {
    recipient_id: String,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "an app would read them")]
struct MessageData {
    text: String,
}

impl Delivery {
    /// Checks that it holds the body's event.
    fn consume(self) {
        assert_eq!(self.tweet_create_events.len() + self.direct_message_events.len(), 1);
    }
}

pub(crate) fn secret() -> Secret {
    Secret::new(SECRET).expect("a secret")
}

pub(crate) fn keyed() -> Hmac<Sha256> {
    Hmac::new_from_slice(SECRET.as_bytes()).expect("any key will do")
}

/// Verifies a signature as `hmac` does.
pub(crate) fn hmac(keyed: &Hmac<Sha256>, body: &[u8]) -> [u8; 32] {
    keyed.clone().chain_update(body).finalize().into_bytes().into()
}

/// Passes over the JSON as `serde_json` does.
pub(crate) fn scan(body: &[u8]) -> IgnoredAny {
    serde_json::from_slice(body).expect("JSON")
}

static NEXT: AtomicU64 = AtomicU64::new(1_000_000_000_000_000_001);

/// Returns this body with another event.
pub(crate) fn body(text: &str) -> Bytes {
    text.replace(ID, &NEXT.fetch_add(1, Relaxed).to_string()).into()
}

/// Returns a signed delivery of this body with another event, as it comes from a server.
pub(crate) fn request(text: &str) -> Request<Body> {
    let body = body(text);
    let request = Request::post(PATH)
        .header("host", "bees.example")
        .header("accept", "*/*")
        .header("content-type", "application/json")
        .header("content-length", body.len())
        .header(signature::HEADER, signature::sign(&secret(), &body));
    request.body(Body::from(body)).expect("a request")
}
