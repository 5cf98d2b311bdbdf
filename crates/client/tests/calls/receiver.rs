//! A receiver on this machine with configurable challenge responses.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use birdhook_core::{Secret, crc};
use http::StatusCode;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The response to a challenge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Crc {
    Right,
    OtherSecret,
    /// Responds with this status and no body.
    Status(u16),
    Hang,
}

#[derive(Debug)]
pub(crate) struct Receiver {
    crc: Arc<Mutex<Crc>>,
    pub(crate) url: String,
    server: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Receiver {
    pub(crate) async fn start(secret: Secret) -> Self {
        let crc = Arc::new(Mutex::new(Crc::Right));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let router = Router::new().fallback(receive).with_state((secret, Arc::clone(&crc)));
        let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { crc, url, server }
    }

    pub(crate) fn crc(&self, crc: Crc) {
        *self.crc.lock().unwrap() = crc;
    }
}

async fn receive(State((secret, kind)): State<(Secret, Arc<Mutex<Crc>>)>, request: Request) -> Response {
    let Ok(token) = crc::token(request.uri().query().unwrap_or_default()) else {
        return StatusCode::OK.into_response();
    };
    let right = |secret: &Secret| crc::respond(secret, &token, crc::TokenPolicy::default()).unwrap();
    let kind = *kind.lock().unwrap();
    match kind {
        Crc::Right => right(&secret).into_response(),
        Crc::OtherSecret => right(&Secret::new("another").unwrap()).into_response(),
        Crc::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Crc::Hang => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::OK.into_response()
        }
    }
}
