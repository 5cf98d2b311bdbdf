//! The server that receives webhooks.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::http::uri::PathAndQuery;
use axum::routing::{MethodRouter, any_service};
use birdhook::axum::webhook;
use birdhook::{
    App, Apps, Health, Pipeline, Receiver as Service, Webhook, app::SecretKind, dedupe::ApiMode, sink::EventSink,
};
use tokio::net::TcpListener;

use super::forwarder::Forwarder;
use super::receiver::{Receiver, receive};
use super::recorder::Recorder;
use super::{PATIENCE, Work, asked_to_stop, http};
use crate::apps::AppArgs;
use crate::lines::Form;
use crate::output::{BAD, note, serving, styled};

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
    #[arg(long)]
    cut_over: bool,
}

impl ServerArgs {
    /// Receives until it is asked to stop, or until `enough` resolves.
    pub(crate) async fn serve(
        &self,
        json: bool,
        work: Work,
        enough: impl Future<Output = ()> + Send + 'static,
    ) -> Result<()> {
        let (apps, mut described) = self.webhook()?;
        if let Some((events, time)) = work.window {
            described = described.dedupe_window(events, time);
        }
        let gate = described.gate();
        let (closed, mut output_closed) = tokio::sync::mpsc::channel(1);
        let receiver = Receiver {
            recorder: work.record.as_deref().map(Recorder::open).transpose()?,
            forwarder: work.forward.map(|url| Forwarder::new(url, apps.clone())).transpose()?,
            form: self.form(json),
            seen: work.seen,
            skipped: work.skipped,
            closed,
        };
        let route = webhook(gate.clone(), receive).with_state(Arc::new(receiver));
        let enough = async move {
            tokio::select! {
                () = enough => {}
                _ = output_closed.recv() => {}
            }
        };
        let health = Box::new({
            let gate = gate.clone();
            move || gate.health()
        });
        let shut_down = async move { (gate.shutdown(PATIENCE).await, gate.health()) };
        self.bind(route, &apps).await?.run(enough, health, shut_down).await
    }

    /// Returns the apps, and the webhook that the arguments describe.
    pub(super) fn webhook(&self) -> Result<(Apps, Webhook)> {
        let apps = self.apps.read()?;
        check_path(&self.path)?;
        let cut_over = if self.cut_over { ApiMode::Dual } else { ApiMode::Single };
        Ok((apps.clone(), Webhook::new(apps).api_mode(cut_over)))
    }

    pub(super) fn form(&self, json: bool) -> Form {
        Form::new(json, self.raw)
    }

    /// Listens for a pipeline, and prints the address.
    pub(super) async fn bind_to<S>(&self, pipeline: &Pipeline<S>, apps: &Apps) -> Result<Server>
    where
        S: EventSink<Future: Send> + Send + Sync + 'static,
    {
        self.bind(any_service(Service::new(pipeline.clone())), apps).await
    }

    async fn bind(&self, route: MethodRouter, apps: &Apps) -> Result<Server> {
        serving();
        let asked_to_stop = Box::pin(asked_to_stop());
        let router = Router::new().route(&self.path, route);
        let listener =
            http::listen(self.addr, self.share_port).with_context(|| format!("cannot listen on {}", self.addr))?;
        let names: Vec<_> = apps.iter().map(described).collect();
        let (address, path) = (listener.local_addr()?, &self.path);
        note(format!("listening on http://{address}{path} for {}", names.join(", ")));
        Ok(Server { listener, router, asked_to_stop })
    }
}

/// Rejects paths that the router would read as a pattern, or that no request can have.
fn check_path(path: &str) -> Result<()> {
    let is_of_a_request = PathAndQuery::try_from(path).is_ok_and(|parsed| parsed.as_str() == path);
    // The router reads these as patterns.
    let is_pattern = path.contains(['{', '}', '?', '#']) || path.split('/').any(|part| part.starts_with([':', '*']));
    if !path.starts_with('/') || !is_of_a_request || is_pattern {
        bail!(
            "invalid --path {path:?}: expected a path such as /webhooks/twitter, without ?, # and braces, and with no part that begins with : or *"
        );
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
            note(another_kind(deliveries));
            limit = deliveries * 2;
        }
        tokio::time::sleep(WARNING_INTERVAL).await;
    }
}

fn another_kind(deliveries: u64) -> String {
    format!(
        "{}: deliveries signed with another kind of secret than answers challenges: {deliveries}; X may refuse the next \
         answer: run `birdhook webhooks validate ID`, and if X refuses, start again with the other --answer-with",
        styled(BAD, "WARNING")
    )
}

/// Returns the name of an app and the kinds of its secrets.
fn described(app: &App) -> String {
    let has = |kind| app.has(kind);
    match (has(SecretKind::Consumer), has(SecretKind::Client), app.challenge_kind()) {
        (true, true, Some(kind)) => format!("{} (both secrets; the {kind} answers challenges)", app.name()),
        (_, true, _) => format!("{} (client secret)", app.name()),
        _ => format!("{} (consumer secret)", app.name()),
    }
}

/// A server that is bound to its address, and answers once `run` is called.
pub(super) struct Server {
    listener: TcpListener,
    router: Router,
    asked_to_stop: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Server {
    /// Receives into a pipeline until it is asked to stop, or until `enough` resolves. Returns once
    /// the deliveries in flight are answered.
    pub(super) async fn receive<S>(
        self,
        pipeline: Pipeline<S>,
        enough: impl Future<Output = ()> + Send + 'static,
    ) -> Result<()>
    where
        S: EventSink<Future: Send> + Send + Sync + 'static,
    {
        let health = Box::new({
            let pipeline = pipeline.clone();
            move || pipeline.health()
        });
        self.run(enough, health, async move { (pipeline.shutdown(PATIENCE).await.in_flight, pipeline.health()) }).await
    }

    /// Serves until a stop condition. `shut_down` returns the number of deliveries that were cut
    /// off, and the final health.
    async fn run(
        self,
        enough: impl Future<Output = ()> + Send + 'static,
        health: Box<dyn Fn() -> Health + Send>,
        shut_down: impl Future<Output = (usize, Health)> + Send + 'static,
    ) -> Result<()> {
        let stop = async move {
            tokio::select! {
                () = self.asked_to_stop => {}
                () = enough => {}
                () = warn_of_another_kind(health) => {}
            }
            let (left, health) = shut_down.await;
            let Health { events, duplicates, signed_with_other_kind: other, .. } = health;
            if other > 0 {
                note(another_kind(other));
            }
            note(format!("stopped: {events} events, {duplicates} duplicates, {left} deliveries cut off"));
        };
        Ok(http::serve(self.listener, self.router, stop).await?)
    }
}
