//! axum, as in the README and examples/axum.rs.

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook::Receiver;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde::de::IgnoredAny;
use sha2::Sha256;
use tokio::net::TcpListener;

use super::{App, PATH, SECRET, consuming, listening, webhook};

#[tokio::main]
pub(super) async fn serve(app: App) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listening(listener.local_addr().expect("an address"));
    let (router, deliveries) = match app {
        App::Bare | App::BareTwoWorkers => (Router::new().route(PATH, post(bare)), None),
        App::Floor => (floor(), None),
        App::Birdhook | App::MainConsumes | App::Patient | App::TwoWorkers => {
            let (pipeline, deliveries) = webhook(app).channel(1024);
            (Router::new().route_service(PATH, Receiver::new(pipeline)), Some(deliveries))
        }
    };
    let serving = async move { axum::serve(listener, router).await.expect("a server") };
    match deliveries {
        Some(deliveries) => consuming(app, deliveries, serving).await,
        None => serving.await,
    }
}

async fn bare(_: Bytes) -> StatusCode {
    StatusCode::OK
}

fn floor() -> Router {
    let keyed = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key will do");
    let handle = move |headers: HeaderMap, body: Bytes| {
        let mut mac = keyed.clone();
        async move {
            let signature = headers.get("x-twitter-webhooks-signature").and_then(|value| value.to_str().ok());
            let claimed = signature.and_then(|text| STANDARD.decode(text.strip_prefix("sha256=")?).ok());
            mac.update(&body);
            if claimed.is_none_or(|claimed| mac.verify_slice(&claimed).is_err()) {
                return StatusCode::UNAUTHORIZED;
            }
            match serde_json::from_slice::<IgnoredAny>(&body) {
                Ok(_) => StatusCode::OK,
                Err(_) => StatusCode::BAD_REQUEST,
            }
        }
    };
    Router::new().route(PATH, post(handle))
}
