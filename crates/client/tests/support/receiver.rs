//! A receiver that answers challenges, verifies and deduplicates deliveries, and can misbehave.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use birdhook_core::{Secret, crc, signature};
use birdhook_testkit::{Ledger, MockX};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const CLIENT_SECRET: &str = "the-client-secret-of-the-app";

/// The response to challenges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Crc {
    #[default]
    Right,
    OtherSecret,
    /// Signed with [`CLIENT_SECRET`], the app's OAuth 2.0 client secret.
    ClientSecret,
    Page,
    Redirect,
    /// This status and no body.
    Status(u16),
    Hang,
}

struct Inner {
    secret: Secret,
    ledger: Ledger,
    crc: Mutex<Crc>,
    challenges: Mutex<usize>,
    /// The content keys of consumed events. An event that both APIs report is consumed once.
    seen: Mutex<BTreeSet<String>>,
}

pub(crate) struct Receiver {
    inner: Arc<Inner>,
    pub(crate) url: String,
    server: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Receiver {
    /// Starts a receiver of the mock's app.
    pub(crate) async fn start(x: &MockX) -> Self {
        let inner = Arc::new(Inner {
            secret: x.app().secret().clone(),
            ledger: x.ledger(),
            crc: Mutex::default(),
            challenges: Mutex::default(),
            seen: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks/twitter", listener.local_addr().unwrap());
        let methods = get(challenge).post(delivery);
        let router = Router::new().fallback_service(methods.with_state(Arc::clone(&inner)));
        let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { inner, url, server }
    }

    pub(crate) fn crc(&self, crc: Crc) {
        *self.inner.crc.lock().unwrap() = crc;
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

async fn challenge(State(inner): State<Arc<Inner>>, RawQuery(query): RawQuery) -> Response {
    *inner.challenges.lock().unwrap() += 1;
    let query = query.unwrap_or_default();
    let token = crc::token(&query).unwrap();
    let signed = |secret: &Secret| {
        let body = crc::respond(secret, &token, crc::TokenPolicy::default()).unwrap();
        ([("content-type", "application/json")], body).into_response()
    };
    let crc = *inner.crc.lock().unwrap();
    match crc {
        Crc::Right => signed(&inner.secret),
        Crc::OtherSecret => signed(&Secret::new("another").unwrap()),
        Crc::ClientSecret => signed(&Secret::new(CLIENT_SECRET).unwrap()),
        Crc::Page => "<!doctype html>".into_response(),
        Crc::Redirect => (StatusCode::FOUND, [("location", "/elsewhere")]).into_response(),
        Crc::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Crc::Hang => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::OK.into_response()
        }
    }
}

async fn delivery(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let is_signed = headers
        .get(signature::HEADER)
        .is_some_and(|header| signature::verify(&inner.secret, &body, header.as_bytes()).is_ok());
    if !is_signed {
        return StatusCode::UNAUTHORIZED;
    }
    for event in birdhook_testkit::read("default", body).unwrap().events() {
        if inner.seen.lock().unwrap().insert(event.content_key().to_string()) {
            inner.ledger.consumed(event);
        }
    }
    StatusCode::OK
}
