//! The console of a receiver, on a loopback port of its own.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::ConnectInfo;
use birdhook::console::{Access, Console, HealthSource, History};
use birdhook::inbox::Inbox;

use super::http;
use crate::output::note;

/// Maximum size in bytes of a kept body. X's bodies are smaller.
const MAX_BODY: usize = 64 << 10;

#[derive(Debug, clap::Args)]
pub(crate) struct ConsoleArgs {
    /// Show requests, causes of refusals and health on a page at this loopback address, for example
    /// 127.0.0.1:8081.
    #[arg(long, value_name = "ADDR", value_parser = loopback)]
    console: Option<SocketAddr>,
    /// Keep the last N bodies in memory, and show them on the console.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "console")]
    keep_bodies: usize,
}

pub(crate) fn loopback(text: &str) -> Result<SocketAddr, &'static str> {
    let address = text.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback());
    address.ok_or("expected a loopback address and a port, such as 127.0.0.1:8081")
}

/// A console that is not served yet.
pub(super) struct PreparedConsole {
    address: SocketAddr,
    pub(super) history: History,
    inbox: Option<Inbox>,
}

impl ConsoleArgs {
    pub(super) fn prepare(&self) -> Option<PreparedConsole> {
        let history = || History::new().keep(self.keep_bodies, MAX_BODY);
        self.console.map(|address| PreparedConsole { address, history: history(), inbox: None })
    }
}

impl PreparedConsole {
    /// Adds the inbox to the console.
    pub(super) fn inbox(self, inbox: &Inbox) -> Self {
        Self { inbox: Some(inbox.clone()), ..self }
    }

    /// Serves the console until the process ends, and prints its address.
    pub(super) fn serve(self, source: impl HealthSource + 'static) -> Result<()> {
        let Self { address, history, inbox } = self;
        let console = Console::new(source, history, local_access());
        let console = inbox.into_iter().fold(console, Console::inbox);
        tokio::spawn(serve_console(address, console)?);
        Ok(())
    }
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
