//! Serves a console on a port of its own.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::ConnectInfo;
use birdhook::console::{Access, Console};

use super::http;
use crate::output::note;

pub(crate) fn loopback(text: &str) -> Result<SocketAddr, &'static str> {
    let address = text.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback());
    address.ok_or("expected a loopback address and a port, such as 127.0.0.1:8081")
}

/// Allows connections from this machine.
pub(crate) fn local_access() -> Access {
    Access::loopback(|request| Some(request.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip()))
}

/// Listens and prints the address. The returned future serves and never ends: it continues after
/// errors of single connections.
pub(crate) fn serve_console(address: SocketAddr, console: Console) -> Result<impl Future<Output = ()> + Send> {
    let listener = http::listen(address, false).with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    let router = Router::new().fallback_service(console.mounted_at("/"));
    note(format!("console at http://{address}/"));
    Ok(async move {
        let _ = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await;
    })
}
