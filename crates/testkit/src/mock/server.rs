//! The server's listener and connections.

use std::sync::Arc;
use std::time::Duration;

use axum::response::IntoResponse;
use http::StatusCode;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::api;
use super::hosts::Hosts;
use super::inner::Inner;

const FORBIDDEN: &str = "this Host is not one of the mock's: name it in MockSettings::hosts, or with --allow-host";

/// Accepts connections until dropped; dropping it also closes them.
pub(crate) async fn run(listener: TcpListener, inner: Arc<Inner>) {
    let (named, listens) = (inner.settings.hosts.clone(), listener.local_addr().map(|address| address.ip()).ok());
    let router = api::router(inner);
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // The peer has disconnected, or too many files are open.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
        };
        let hosts = Hosts::new(&named, listens.into_iter().chain(stream.local_addr().map(|address| address.ip())));
        let router = TowerToHyperService::new(router.clone());
        let service = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let answer = hosts.allow(&request).then(|| router.call(request));
            async move {
                match answer {
                    Some(answer) => answer.await,
                    None => Ok((StatusCode::FORBIDDEN, FORBIDDEN).into_response()),
                }
            }
        });
        connections.spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // Ignores errors of the connection: clients may disconnect at any time.
            let _ = connection.await;
        });
    }
}
