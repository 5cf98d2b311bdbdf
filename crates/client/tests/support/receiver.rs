//! A receiver that answers challenges, verifies and deduplicates deliveries, and can misbehave.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use birdhook_client::Watch;
use birdhook_core::{Event, EventKind, Secret, crc, signature};
use birdhook_testkit::{Clock, Ledger, MockX};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const CLIENT_SECRET: &str = "the-client-secret-of-the-app";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crc {
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

#[derive(Debug)]
pub(crate) struct Behaviour {
    pub(crate) crc: Crc,
    pub(crate) status: u16,
    pub(crate) next: VecDeque<u16>,
    /// Whether the ends of replays are reported to the watch.
    pub(crate) reports_ends: bool,
}

struct Inner {
    secret: Secret,
    ledger: Ledger,
    clock: Clock,
    behaviour: Mutex<Behaviour>,
    challenges: Mutex<usize>,
    /// The watch to which challenges and events are reported.
    watch: OnceLock<Watch>,
    /// The consumed events. An event that both APIs report is consumed once.
    consumed: Mutex<Vec<Event>>,
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
    pub(crate) async fn start(x: &MockX) -> Self {
        let behaviour = Behaviour { crc: Crc::Right, status: 200, next: VecDeque::new(), reports_ends: true };
        let inner = Arc::new(Inner {
            secret: x.app().secret().clone(),
            ledger: x.ledger(),
            clock: x.clock(),
            behaviour: Mutex::new(behaviour),
            challenges: Mutex::default(),
            watch: OnceLock::new(),
            consumed: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks/twitter", listener.local_addr().unwrap());
        let methods = get(challenge).post(delivery);
        let router = Router::new().fallback_service(methods.with_state(Arc::clone(&inner)));
        let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { inner, url, server }
    }

    pub(crate) fn crc(&self, crc: Crc) {
        self.behaviour().crc = crc;
    }

    pub(crate) fn behaviour(&self) -> MutexGuard<'_, Behaviour> {
        self.inner.behaviour.lock().unwrap()
    }

    pub(crate) fn report_to(&self, watch: Watch) {
        assert!(self.inner.watch.set(watch).is_ok());
    }

    pub(crate) fn consumed(&self) -> Vec<Event> {
        self.inner.consumed.lock().unwrap().clone()
    }

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
    let crc = inner.behaviour.lock().unwrap().crc;
    match crc {
        Crc::Right => {
            if let Some(watch) = inner.watch.get() {
                watch.challenged(inner.clock.now());
            }
            signed(&inner.secret)
        }
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
    let (status, reports_ends) = {
        let mut behaviour = inner.behaviour.lock().unwrap();
        (behaviour.next.pop_front().unwrap_or(behaviour.status), behaviour.reports_ends)
    };
    if status == 200 {
        for event in birdhook_testkit::read("default", body).unwrap().into_events() {
            let is_reported = reports_ends || event.kind() != EventKind::ReplayFinished;
            if let Some(watch) = inner.watch.get().filter(|_| is_reported) {
                watch.record_event(&event);
            }
            let mut consumed = inner.consumed.lock().unwrap();
            if !consumed.iter().any(|one| one.content_key() == event.content_key()) {
                inner.ledger.consumed(&event);
                consumed.push(event);
            }
        }
    }
    StatusCode::from_u16(status).unwrap()
}
