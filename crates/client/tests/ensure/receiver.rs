//! A receiver that answers challenges, verifies and deduplicates deliveries, and can misbehave.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use birdhook_core::{Secret, crc, signature};
use birdhook_testkit::Ledger;
use bytes::Bytes;

pub(crate) const CLIENT_SECRET: &str = "the-client-secret-of-the-app";

/// The response to challenges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Answers {
    #[default]
    Well,
    WithAnotherSecret,
    /// Signs with [`CLIENT_SECRET`], the app's OAuth 2.0 client secret.
    WithTheClientSecret,
    WithAPage,
    NotAtAll,
    WithARedirect,
}

struct Inner {
    secret: Secret,
    ledger: Ledger,
    answers: Mutex<Answers>,
    challenges: Mutex<usize>,
    /// The content keys of consumed events. An event that both APIs report is consumed once.
    seen: Mutex<BTreeSet<String>>,
}

#[derive(Clone)]
pub(crate) struct Receiver {
    inner: Arc<Inner>,
    pub(crate) url: String,
}

impl Receiver {
    pub(crate) async fn start(secret: &Secret, ledger: Ledger) -> Self {
        let inner = Arc::new(Inner {
            secret: secret.clone(),
            ledger,
            answers: Mutex::default(),
            challenges: Mutex::default(),
            seen: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks/twitter", listener.local_addr().unwrap());
        let route = get(challenge).post(delivery);
        let router = Router::new().route("/webhooks/twitter", route).with_state(Arc::clone(&inner));
        tokio::spawn(axum::serve(listener, router).into_future());
        Self { inner, url }
    }

    pub(crate) fn answers(&self, how: Answers) {
        *self.inner.answers.lock().unwrap() = how;
    }

    /// Returns whether an event with this content key was consumed.
    pub(crate) fn has_seen(&self, key: &str) -> bool {
        self.inner.seen.lock().unwrap().contains(key)
    }

    /// Returns the number of challenges received.
    pub(crate) fn challenges(&self) -> usize {
        *self.inner.challenges.lock().unwrap()
    }
}

async fn challenge(State(inner): State<Arc<Inner>>, RawQuery(query): RawQuery) -> axum::response::Response {
    use axum::response::IntoResponse;
    *inner.challenges.lock().unwrap() += 1;
    let query = query.unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let token = pairs.find(|(name, _)| name == "crc_token").unwrap().1.into_owned();
    let how = *inner.answers.lock().unwrap();
    let secret = match how {
        Answers::WithAnotherSecret => Secret::new("another").unwrap(),
        Answers::WithTheClientSecret => Secret::new(CLIENT_SECRET).unwrap(),
        _ => inner.secret.clone(),
    };
    match how {
        Answers::NotAtAll => StatusCode::NOT_FOUND.into_response(),
        Answers::WithAPage => "<!doctype html>".into_response(),
        Answers::WithARedirect => (StatusCode::FOUND, [("location", "/elsewhere")]).into_response(),
        Answers::Well | Answers::WithAnotherSecret | Answers::WithTheClientSecret => {
            let answer = crc::respond(&secret, &token, crc::TokenPolicy::default()).unwrap();
            ([("content-type", "application/json")], answer).into_response()
        }
    }
}

async fn delivery(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signed = headers
        .get(signature::HEADER)
        .is_some_and(|header| signature::verify(&inner.secret, &body, header.as_bytes()).is_ok());
    if !signed {
        return StatusCode::UNAUTHORIZED;
    }
    for event in birdhook_testkit::read("default", body).unwrap().events() {
        if inner.seen.lock().unwrap().insert(event.content_key().to_string()) {
            inner.ledger.consumed(event);
        }
    }
    StatusCode::OK
}
