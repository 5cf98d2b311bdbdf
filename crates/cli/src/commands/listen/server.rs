//! The server that receives webhooks.

use std::io::{IsTerminal, stderr};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::http::uri::PathAndQuery;
use axum::routing::{MethodRouter, any_service};
use birdhook::adapter::{Endpoint, EndpointSettings};
use birdhook::axum::webhook;
use birdhook::console::{HeaderLayer, HealthSource};
use birdhook::{
    App, Health, Pipeline, Receiver as Service, Webhook, app::SecretKind, dedupe::ApiMode, sink::EventSink,
};
use tokio::net::TcpListener;

use super::admin::{AdminArgs, PreparedAdmin};
use super::destination::Destination;
use super::http;
use super::next_steps::next_steps;
use super::receiver::{Receiver, receive};
use super::recorder::Recorder;
use super::request_log::{RequestFormat, RequestLog};
use super::secrets::LiveApps;
use super::signature_cause::Explainer;
use super::target::Target;
use super::target::client::TargetClient;
use super::target::direct::DirectForwarder;
use super::work::Work;
use crate::account::AccountArgs;
use crate::apps::{AppArgs, ConfigSource, ConfiguredApp, LoadedApps};
use crate::error::{Code, Failure};
use crate::event_format::EventFormat;
use crate::logging::LogArgs;
use crate::output::{BAD, note, plural, queue_output, styled};
use crate::shutdown::{SHUTDOWN_TIMEOUT, stop_requested};
use crate::signature_mistakes::secret::Secrets;

/// The address and the apps of a receiver.
#[derive(Debug, clap::Args)]
pub(crate) struct ServerArgs {
    /// Listen on this address. X needs a public https URL without a port, so put a proxy or a
    /// tunnel in front.
    #[arg(long, default_value = "127.0.0.1:8080")]
    addr: SocketAddr,
    /// Receive webhooks at this path.
    #[arg(long, default_value = "/webhooks/twitter")]
    path: String,
    /// Share the address with other receivers that use this option. The system assigns each new
    /// connection to one of them. Not available on Windows.
    #[arg(long)]
    share_port: bool,
    #[command(flatten)]
    apps: AppArgs,
    /// Include the event as X wrote it, as `raw` in the JSON.
    #[arg(long, requires = "json")]
    raw: bool,
    /// Enable dual mode: process an event once if both the Account Activity API and the X Activity
    /// API deliver it.
    #[arg(long, alias = "cut-over")]
    dual_mode: bool,
    #[command(flatten)]
    admin: AdminArgs,
    #[command(flatten)]
    log: LogArgs,
}

impl ServerArgs {
    /// Receives until it is asked to stop, or until `stop_early` resolves.
    pub(crate) async fn serve(
        &self,
        json: bool,
        work: Work,
        stop_early: impl Future<Output = ()> + Send + 'static,
    ) -> Result<()> {
        let (apps, mut description, admin) = self.webhook()?;
        if let Some((events, time)) = work.window {
            description = description.dedupe_window(events, time);
        }
        let gate = description.gate();
        let (closed, mut output_closed) = tokio::sync::mpsc::channel(1);
        let forwarder = work.target.map(|target| self.client(target, &apps)).transpose()?.map(DirectForwarder::new);
        let mut destination = Destination::output();
        destination.notes.extend(forwarder.as_ref().map(DirectForwarder::description));
        let receiver = Receiver {
            recorder: work.record.map(Recorder::open).transpose()?,
            forwarder,
            format: self.event_format(json, work.has_type),
            on_event: work.on_event,
            skipped: work.skipped,
            closed,
        };
        let route = webhook(gate.clone(), receive).with_state(Arc::new(receiver));
        let stop_early = async move {
            tokio::select! {
                () = stop_early => {}
                _ = output_closed.recv() => {}
            }
        };
        let health = Box::new({
            let gate = gate.clone();
            move || gate.health()
        });
        let admin = admin.map(|admin| (admin, gate.clone()));
        let replaced = gate.clone();
        let shut_down = async move { (gate.shutdown(SHUTDOWN_TIMEOUT).await, gate.health()) };
        let server = self.bind(route, &apps, work.requests, destination, admin).await?;
        apps.follow_files(server.log.clone(), move |apps| replaced.replace_apps(apps));
        server.run(stop_early, health, shut_down).await
    }

    /// Starts the log if an option asks for it. Returns whether one did.
    pub(crate) fn start_log(&self) -> bool {
        self.log.start()
    }

    /// Lets the console call X with these credentials, if there are any.
    pub(super) fn show_at_x(&mut self, account: &AccountArgs) -> Result<()> {
        if self.admin.has_console() {
            self.admin.set_client(account.console_client()?);
        }
        Ok(())
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Sets the apps of a configuration file.
    pub(super) fn configure(&mut self, apps: Vec<ConfiguredApp>, secret_variables: Vec<String>) {
        self.apps.configure(apps, secret_variables);
    }

    /// Sets the file of which the apps are read again while the receiver runs.
    pub(super) fn configure_source(&mut self, source: ConfigSource) {
        self.apps.configure_source(source);
    }

    /// Offers these targets on the console.
    pub(super) fn offer(&mut self, targets: &[Target]) {
        self.admin.offer(targets);
    }

    /// Checks the values that are otherwise checked at the start, and returns the apps.
    pub(super) fn check(&self) -> Result<LoadedApps> {
        check_path(&self.path)?;
        self.admin.check(self.addr)?;
        self.apps.read()
    }

    pub(super) fn webhook(&self) -> Result<(LiveApps, Webhook, Option<PreparedAdmin>)> {
        let apps = LiveApps::new(&self.apps, self.check()?);
        let mode = if self.dual_mode { ApiMode::Dual } else { ApiMode::Single };
        let mut webhook = Webhook::new(apps.first().clone()).api_mode(mode);
        let admin = self.admin.prepare(self.addr, apps.usage())?;
        if let Some(admin) = &admin {
            webhook = webhook.observer(apps.observer(admin.history.clone()));
        }
        Ok((apps, webhook, admin))
    }

    /// Prepares a target. Its program does not see the variables with the secrets of the apps.
    pub(super) fn client(&self, target: Target, apps: &LiveApps) -> Result<TargetClient> {
        TargetClient::new(target, apps.shared(), self.apps.sources().map(str::to_owned).collect())
    }

    pub(super) fn event_format(&self, json: bool, has_type: bool) -> EventFormat {
        let format = EventFormat::new(json, self.raw);
        if has_type { format.with_type() } else { format }
    }

    /// Listens for a pipeline, and prints the address.
    pub(super) async fn bind_to<S>(
        &self,
        pipeline: &Pipeline<S>,
        apps: &LiveApps,
        requests: RequestFormat,
        destination: Destination,
        admin: Option<PreparedAdmin>,
    ) -> Result<Server>
    where
        S: EventSink<Future: Send> + Send + Sync + 'static,
    {
        let admin = admin.map(|admin| (admin, pipeline.clone()));
        let route = any_service(Service::new(pipeline.clone()));
        let server = self.bind(route, apps, requests, destination, admin).await?;
        let pipeline = pipeline.clone();
        apps.follow_files(server.log.clone(), move |apps| pipeline.replace_apps(apps));
        Ok(server)
    }

    async fn bind(
        &self,
        route: MethodRouter,
        apps: &LiveApps,
        requests: RequestFormat,
        destination: Destination,
        admin: Option<(PreparedAdmin, impl HealthSource + 'static)>,
    ) -> Result<Server> {
        queue_output();
        let (stop, closed) = (stop_requested(), apps.terminal_closed());
        let stop_requested = Box::pin(async move {
            tokio::select! {
                () = stop => {}
                () = closed => {}
            }
        });
        let mut router = Router::new().route(&self.path, route);
        let listener =
            http::listen(self.addr, self.share_port).with_context(|| format!("cannot listen on {}", self.addr))?;
        let names: Vec<_> = apps.first().iter().map(description).collect();
        let (address, path) = (listener.local_addr()?, &self.path);
        let url = format!("http://{address}{path}");
        note(format!("listening on {url} for {}", names.join(", ")));
        destination.notes.iter().for_each(note);
        if let Some((admin, source)) = admin {
            router = router.layer(HeaderLayer);
            admin.serve(source)?;
        }
        let is_terminal = stderr().is_terminal();
        if requests == RequestFormat::Line || (requests == RequestFormat::Json && is_terminal) {
            note(next_steps(apps.first(), &url, path, destination.consume.as_deref(), is_terminal));
        }
        let bound = url.clone();
        let log = match requests {
            RequestFormat::Off => None,
            format => {
                let endpoint = Endpoint::new(apps.first().clone(), EndpointSettings::default());
                let secrets = Secrets::new(&apps.loaded().texts());
                Some(RequestLog::new(format, Explainer { endpoint, secrets, destination, url, path: path.clone() }))
            }
        };
        if let Some(log) = &log {
            router = log.observe(router);
        }
        Ok(Server { url: bound, listener, router, stop_requested, log })
    }
}

/// Rejects paths that the router would read as a pattern, or that no request can have.
fn check_path(path: &str) -> Result<()> {
    let is_of_a_request = PathAndQuery::try_from(path).is_ok_and(|parsed| parsed.as_str() == path);
    // The router reads these as patterns.
    let is_pattern = path.contains(['{', '}', '?', '#']) || path.split('/').any(|part| part.starts_with([':', '*']));
    if !path.starts_with('/') || !is_of_a_request || is_pattern {
        bail!(Failure::new(
            Code::Usage,
            format!("invalid --path {path:?}"),
            "pass a path such as /webhooks/twitter, without ?, # and braces, and without parts that begin with : or *",
        ));
    }
    Ok(())
}

/// Interval between checks for deliveries signed with another kind of secret.
const WARNING_INTERVAL: Duration = Duration::from_secs(5);

/// Warns of deliveries signed with a kind of secret that does not answer challenges. Warns at the
/// first such delivery, and each time their number has doubled. Never resolves.
async fn warn_of_another_kind(health: Box<dyn Fn() -> Health + Send>) {
    let mut limit = 1;
    loop {
        let deliveries = health().signed_with_other_kind;
        if deliveries >= limit {
            note(other_kind_warning(deliveries));
            limit = deliveries * 2;
        }
        tokio::time::sleep(WARNING_INTERVAL).await;
    }
}

fn other_kind_warning(deliveries: u64) -> String {
    format!(
        "{}: {} signed with a kind of secret that does not answer challenges; X may refuse the next answer; run \
         `birdhook webhooks validate ID`, and if X refuses, restart with the other --answer-with",
        styled(BAD, "warning"),
        plural(deliveries, "delivery")
    )
}

fn description(app: &App) -> String {
    let has = |kind| app.has(kind);
    match (has(SecretKind::Consumer), has(SecretKind::Client), app.challenge_kind()) {
        (true, true, Some(kind)) => format!("{} (both secrets; the {kind} answers challenges)", app.name()),
        (_, true, _) => format!("{} (client secret)", app.name()),
        _ => format!("{} (consumer secret)", app.name()),
    }
}

/// A server that is bound to its address, and answers once `run` is called.
pub(super) struct Server {
    /// The URL at which it receives, on this machine.
    pub(super) url: String,
    listener: TcpListener,
    router: Router,
    stop_requested: Pin<Box<dyn Future<Output = ()> + Send>>,
    log: Option<RequestLog>,
}

impl Server {
    /// Receives into a pipeline until it is asked to stop, or until `stop_early` resolves. Returns once
    /// the deliveries in flight are answered.
    pub(super) async fn receive<S>(
        self,
        pipeline: Pipeline<S>,
        stop_early: impl Future<Output = ()> + Send + 'static,
    ) -> Result<()>
    where
        S: EventSink<Future: Send> + Send + Sync + 'static,
    {
        let health = Box::new({
            let pipeline = pipeline.clone();
            move || pipeline.health()
        });
        self.run(
            stop_early,
            health,
            async move { (pipeline.shutdown(SHUTDOWN_TIMEOUT).await.in_flight, pipeline.health()) },
        )
        .await
    }

    /// Serves until a stop condition. `shut_down` returns the number of aborted deliveries and the
    /// final health.
    async fn run(
        self,
        stop_early: impl Future<Output = ()> + Send + 'static,
        health: Box<dyn Fn() -> Health + Send>,
        shut_down: impl Future<Output = (usize, Health)> + Send + 'static,
    ) -> Result<()> {
        let stop = async move {
            tokio::select! {
                () = self.stop_requested => {}
                () = stop_early => {}
                () = warn_of_another_kind(health) => {}
            }
            let (left, health) = shut_down.await;
            let Health { events, duplicates, signed_with_other_kind: other, .. } = health;
            if other > 0 {
                note(other_kind_warning(other));
            }
            let table = match &self.log {
                Some(log) => Some(log.finish().await),
                None => None,
            };
            note(format!(
                "stopped: {}, {}, {} aborted",
                plural(events, "event"),
                plural(duplicates, "duplicate"),
                plural(left, "delivery")
            ));
            if let Some(table) = table {
                note(table);
            }
        };
        Ok(http::serve(self.listener, self.router, stop).await?)
    }
}
