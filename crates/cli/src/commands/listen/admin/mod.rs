//! The admin server of a receiver: health, readiness, metrics and the console, on a port of its own.

mod metrics;
mod readiness;
mod resend;

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use birdhook::Secret;
use birdhook::client::Client;
use birdhook::console::{Access, Console, HealthSource, History};
use birdhook::inbox::Inbox;
use clap::ArgGroup;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;

use self::readiness::Readiness;
use self::resend::{PreparedResend, ResendArgs};
use super::console::{local_access, serve_console};
use super::http;
use super::secrets::SecretUsage;
use super::target::Target;
use crate::error::{Code, Failure};
use crate::help::CREDENTIALS;
use crate::output::note;
use crate::secret_report;

/// Maximum size in bytes of a kept body. X's bodies are smaller.
const MAX_BODY: usize = 64 << 10;

/// Interval at which the recorder of metrics frees memory.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("admin_server").args(["admin", "console"]).multiple(true))]
pub(crate) struct AdminArgs {
    /// Serve /healthz, /readyz, /metrics, /secrets and the page /console at this address, for example
    /// 127.0.0.1:9090. It must not be one that X can reach. An address of another machine than this
    /// one needs --admin-token.
    #[arg(long, value_name = "ADDR")]
    admin: Option<SocketAddr>,
    /// Show the console only to requests with the token in this file, of at least 16 characters: as a
    /// bearer token, or as the password for which a browser asks. Health, readiness and metrics need
    /// no token.
    #[arg(long, value_name = "FILE", requires = "admin_server", help_heading = CREDENTIALS)]
    admin_token: Option<PathBuf>,
    /// Show the console under this host name too, besides localhost and loopback addresses. May be
    /// repeated.
    #[arg(long, value_name = "NAME", requires = "admin_server")]
    admin_host: Vec<String>,
    /// Show requests, causes of refusals and health on a page at this loopback address, for example
    /// 127.0.0.1:8081. --admin has this page too. With the app's keys, `birdhook listen` adds a page
    /// that shows its webhooks and subscriptions at X, validates and replays.
    #[arg(long, value_name = "ADDR")]
    console: Option<SocketAddr>,
    /// Keep the last N bodies in memory, and show them on the console.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "admin_server")]
    keep_bodies: usize,
    /// Calls X for the console.
    #[arg(skip)]
    client: Option<Client>,
    #[command(flatten)]
    resend: ResendArgs,
    /// Show the console without buttons, and refuse every change and every delivery that would be sent
    /// again.
    #[arg(long, requires = "admin_server")]
    admin_read_only: bool,
}

/// Servers that do not listen yet.
pub(super) struct PreparedAdmin {
    pub(super) history: History,
    admin: Option<(SocketAddr, PrometheusHandle)>,
    /// The address of the console, if it is another one than that of `admin`.
    console: Option<SocketAddr>,
    token: Option<Access>,
    hosts: Vec<String>,
    inbox: Option<Inbox>,
    client: Option<Client>,
    secrets: SecretUsage,
    resend: PreparedResend,
    is_read_only: bool,
}

impl AdminArgs {
    /// Returns whether a console is wanted.
    pub(super) fn has_console(&self) -> bool {
        self.admin.is_some() || self.console.is_some()
    }

    /// Sets the client with which the console calls X.
    pub(super) fn set_client(&mut self, client: Option<Client>) {
        self.client = client;
    }

    /// Offers these targets on the console, as places to which a delivery is sent again.
    pub(super) fn offer(&mut self, targets: &[Target]) {
        self.resend.offer(targets);
    }

    /// Checks addresses and the token. `public` is the address that X reaches.
    pub(super) fn check(&self, public: SocketAddr) -> Result<Option<Access>> {
        let token = self.admin_token.as_ref().map(read_token).transpose()?;
        for (option, address) in [("--admin", self.admin), ("--console", self.console)] {
            let Some(address) = address else { continue };
            if token.is_none() && !address.ip().is_loopback() {
                let message = format!("{option} {address}: expected a loopback address, because no token is set");
                let fix = "use an address such as 127.0.0.1:9090, or add --admin-token FILE";
                bail!(Failure::new(Code::Usage, message, fix));
            }
            let is_any = |address: SocketAddr| address.ip().is_unspecified();
            let is_same_host = address.ip() == public.ip() || is_any(address) || is_any(public);
            if address.port() == public.port() && address.port() != 0 && is_same_host {
                let message = format!("{option} {address} is the address that X reaches");
                bail!(Failure::new(Code::Usage, message, "choose another port, which no proxy makes public"));
            }
        }
        Ok(token)
    }

    /// Checks the options, and starts to record metrics. `None` if no server is wanted.
    pub(super) fn prepare(&self, public: SocketAddr, secrets: SecretUsage) -> Result<Option<PreparedAdmin>> {
        let token = self.check(public)?;
        if !self.has_console() {
            return Ok(None);
        }
        Ok(Some(PreparedAdmin {
            history: History::new().keep(self.keep_bodies, MAX_BODY),
            admin: self.admin.map(|address| Ok::<_, anyhow::Error>((address, metrics::record()?))).transpose()?,
            console: self.console.filter(|console| Some(*console) != self.admin),
            token,
            hosts: self.admin_host.clone(),
            inbox: None,
            client: self.client.clone(),
            secrets,
            resend: self.resend.prepare()?,
            is_read_only: self.admin_read_only,
        }))
    }
}

fn read_token(path: &PathBuf) -> Result<Access> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Access::bearer(text.trim_end_matches(['\n', '\r'])).map_err(|error| {
        let message = format!("invalid token in {}", path.display());
        anyhow!(error).context(Failure::new(Code::InvalidSecret, message, "create one with `openssl rand -hex 32`"))
    })
}

impl PreparedAdmin {
    /// Makes readiness depend on this inbox too.
    pub(super) fn with_inbox(self, inbox: &Inbox) -> Self {
        Self { inbox: Some(inbox.clone()), ..self }
    }

    /// Serves until the process ends, also during the shutdown, and prints the addresses.
    pub(super) fn serve(self, source: impl HealthSource + 'static) -> Result<()> {
        let Self { history, admin, console, token, hosts, inbox, secrets, resend, is_read_only, client } = self;
        let source: Arc<dyn HealthSource> = Arc::new(source);
        let page = |path: &str| {
            let access = token.clone().unwrap_or_else(local_access);
            let page = Console::new(Shared(Arc::clone(&source)), history.clone(), access).mounted_at(path);
            let page = inbox.iter().cloned().fold(page, Console::inbox);
            let page = client.iter().cloned().fold(page, Console::at_x);
            let page = resend.add_to(page);
            let page = if is_read_only { page.read_only() } else { page };
            hosts.iter().fold(page, Console::allow_host)
        };
        if let Some((address, recorder)) = admin {
            let readiness = Readiness { source: Arc::clone(&source), inbox: inbox.clone() };
            tokio::spawn(upkeep(recorder.clone()));
            let router = Router::new()
                .route("/healthz", get(|| async { text(StatusCode::OK, "ok\n".to_owned()) }))
                .route("/readyz", get(move || async move { ready(&readiness) }))
                .route("/metrics", get(move || async move { metrics::response(&recorder) }))
                .route(secret_report::PATH, get(move || async move { json(&secrets.report()) }))
                .route("/", get(|| async { Redirect::to("/console") }))
                .nest_service("/console", page("/console"));
            let address = listen(address, router)?;
            note(format!("health, metrics and console at http://{address}/"));
        }
        if let Some(address) = console {
            tokio::spawn(serve_console(address, page("/"))?);
        }
        Ok(())
    }
}

/// Listens, and serves without end. Returns the address.
fn listen(address: SocketAddr, router: Router) -> Result<SocketAddr> {
    let listener = http::listen(address, false).with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        // Never ends: it continues after errors of single connections.
        axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await
    });
    Ok(address)
}

fn ready(readiness: &Readiness) -> Response {
    match readiness.refusal() {
        None => text(StatusCode::OK, "ready\n".to_owned()),
        Some(reason) => text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {reason}\n")),
    }
}

fn json(value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => response(StatusCode::OK, "application/json", text),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

fn text(status: StatusCode, text: String) -> Response {
    response(status, "text/plain; charset=utf-8", text)
}

fn response(status: StatusCode, content_type: &'static str, text: String) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, text).into_response()
}

async fn upkeep(recorder: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP_INTERVAL).await;
        recorder.run_upkeep();
    }
}

/// A source of health that several services share.
struct Shared(Arc<dyn HealthSource>);

impl HealthSource for Shared {
    fn health(&self) -> birdhook::Health {
        self.0.health()
    }

    fn has_secret(&self, secret: &Secret) -> bool {
        self.0.has_secret(secret)
    }
}
