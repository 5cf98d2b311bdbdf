//! A local receiver with configurable faults.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use birdhook_core::crc::{TokenPolicy, respond, token};
use birdhook_core::{Secret, signature};
use birdhook_testkit::{Ledger, MockX};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

#[derive(Clone, Debug)]
pub(crate) enum Crc {
    Right,
    OtherSecret,
    /// The right response for the app with this secret.
    RightOf(Secret),
    /// The right body, with another status and an additional header.
    RightWith(u16, Option<(header::HeaderName, &'static str)>),
    Answer(u16, &'static str),
    /// A gzip body without `Content-Encoding`.
    Gzip,
    Hang,
}

#[derive(Clone, Debug)]
pub(crate) enum Take {
    Status(u16),
    /// These statuses in order; the last one repeats.
    Statuses(Vec<u16>),
    /// 200 as soon as a permit is available.
    Wait(Arc<Semaphore>),
    Hang,
}

#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The name of the app whose secret verifies it.
    pub(crate) app: Option<String>,
}

impl Seen {
    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// The responses, and what was received.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The apps that the receiver knows, with their secrets.
    pub(crate) secrets: Vec<(String, Secret)>,
    pub(crate) crc: Crc,
    pub(crate) take: Take,
    pub(crate) consumes: bool,
    seen: Vec<Seen>,
    /// Number of deliveries being handled, now and at most.
    pub(crate) open: (usize, usize),
}

type Shared = Arc<Mutex<Settings>>;

#[derive(Debug)]
pub(crate) struct Receiver {
    settings: Shared,
    pub(crate) url: String,
    server: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Receiver {
    /// Starts a receiver that knows the first app's secret and consumes verified events.
    pub(crate) async fn start(x: &MockX) -> Self {
        let secrets = vec![(x.app().name.clone(), x.app().secret().clone())];
        let (crc, take, seen) = (Crc::Right, Take::Status(200), Vec::new());
        let settings = Settings { secrets, crc, take, consumes: true, seen, open: (0, 0) };
        let settings = Arc::new(Mutex::new(settings));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let router = Router::new().fallback(receive).with_state((Arc::clone(&settings), x.ledger()));
        let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { settings, url, server }
    }

    pub(crate) fn set(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap()
    }

    fn seen(&self, method: &Method) -> Vec<Seen> {
        self.set().seen.iter().filter(|seen| seen.method == *method).cloned().collect()
    }

    pub(crate) fn challenges(&self) -> Vec<Seen> {
        self.seen(&Method::GET)
    }

    pub(crate) fn deliveries(&self) -> Vec<Seen> {
        self.seen(&Method::POST)
    }
}

async fn receive(State((settings, ledger)): State<(Shared, Ledger)>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let secrets = settings.lock().unwrap().secrets.clone();
    let signed = head.headers.get(signature::HEADER).map(|value| value.as_bytes().to_vec()).unwrap_or_default();
    let verifies = |secret: &Secret| signature::verify(secret, &body, &signed).is_ok();
    let app = secrets.iter().find(|(_, secret)| verifies(secret)).map(|(name, _)| name.clone());
    let seen = Seen {
        method: head.method.clone(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.clone(),
        body: body.clone(),
        app: app.clone(),
    };
    settings.lock().unwrap().seen.push(seen.clone());
    if head.method == Method::GET {
        let crc = settings.lock().unwrap().crc.clone();
        return challenge(crc, &seen.query, &secrets[0].1).await;
    }
    let Some(app) = app else { return StatusCode::UNAUTHORIZED.into_response() };
    let status = {
        let mut settings = settings.lock().unwrap();
        settings.open.0 += 1;
        settings.open.1 = settings.open.1.max(settings.open.0);
        if let Take::Statuses(statuses) = &mut settings.take
            && statuses.len() > 1
        {
            Take::Status(statuses.remove(0))
        } else {
            settings.take.clone()
        }
    };
    let status = match status {
        Take::Status(status) => status,
        Take::Statuses(statuses) => statuses[0],
        Take::Wait(permits) => {
            permits.acquire().await.unwrap().forget();
            200
        }
        Take::Hang => std::future::pending().await,
    };
    settings.lock().unwrap().open.0 -= 1;
    if status == 200 && settings.lock().unwrap().consumes {
        birdhook_testkit::read(&app, body).unwrap().events().iter().for_each(|event| ledger.consumed(event));
    }
    StatusCode::from_u16(status).unwrap().into_response()
}

async fn challenge(crc: Crc, query: &str, secret: &Secret) -> Response {
    let token = token(query).unwrap();
    let right = |secret| respond(secret, &token, TokenPolicy::default()).unwrap();
    let json = [(header::CONTENT_TYPE, "application/json")];
    match crc {
        Crc::Right => (json, right(secret)).into_response(),
        Crc::RightOf(secret) => (json, right(&secret)).into_response(),
        Crc::OtherSecret => (json, right(&Secret::new("another").unwrap())).into_response(),
        Crc::RightWith(status, further) => {
            let mut response = Response::builder().status(status);
            if let Some((name, value)) = further {
                response = response.header(name, value);
            }
            response.body(Body::from(right(secret))).unwrap()
        }
        Crc::Answer(status, body) => (StatusCode::from_u16(status).unwrap(), body).into_response(),
        Crc::Gzip => (json, vec![0x1f, 0x8b, 8, 0]).into_response(),
        Crc::Hang => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::OK.into_response()
        }
    }
}
