//! Where webhooks are received.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::routing::MethodRouter;
use birdhook::axum::webhook;
use birdhook::{Apps, CutOver, Webhook};

use super::forwarder::Forwarder;
use super::receiver::{Receiver, receive};
use super::recorder::Recorder;
use super::{PATIENCE, Work, asked_to_stop};
use crate::apps::AppArgs;
use crate::lines::Form;
use crate::output::note;

/// Where to receive, and for whom.
#[derive(Debug, clap::Args)]
pub(crate) struct ServerArgs {
    /// Where to listen. X itself needs a public https URL without a port: put a proxy or a tunnel in front.
    #[arg(long, default_value = "127.0.0.1:8080")]
    addr: SocketAddr,
    /// The path that X knows.
    #[arg(long, default_value = "/webhooks/twitter")]
    path: String,
    #[command(flatten)]
    apps: AppArgs,
    /// Print the event as X wrote it too, as `raw` in its JSON.
    #[arg(long, requires = "json")]
    raw: bool,
    /// Hand over once what both the Account Activity API and the X Activity API tell.
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
            closed,
        };
        let route = webhook(gate.clone(), receive).with_state(Arc::new(receiver));
        let asked_to_stop = asked_to_stop();
        let server = self.bind(route, &apps).await?;
        let stop = async move {
            tokio::select! {
                () = asked_to_stop => {}
                () = enough => {}
                _ = output_closed.recv() => {}
            }
            let left = gate.shutdown(PATIENCE).await;
            let health = gate.health();
            note(format!(
                "stopped: {} events, {} duplicates, {left} deliveries cut off",
                health.events, health.duplicates
            ));
        };
        server.run(stop).await
    }

    /// The webhook as the arguments describe it, and its apps.
    pub(super) fn webhook(&self) -> Result<(Apps, Webhook)> {
        let apps = self.apps.read()?;
        if !self.path.starts_with('/') || self.path.contains(['{', '}', '?', '#']) {
            bail!("--path must begin with / and hold no ? or #, nor braces");
        }
        let cut_over = if self.cut_over { CutOver::Both } else { CutOver::One };
        Ok((apps.clone(), Webhook::new(apps).cut_over(cut_over)))
    }

    pub(super) fn form(&self, json: bool) -> Form {
        Form::new(json, self.raw)
    }

    /// Listens, and says where.
    pub(super) async fn bind(&self, route: MethodRouter, apps: &Apps) -> Result<Server> {
        let listener = tokio::net::TcpListener::bind(self.addr)
            .await
            .with_context(|| format!("cannot listen on {}", self.addr))?;
        let names: Vec<_> = apps.iter().map(|app| app.name().to_owned()).collect();
        let (address, path) = (listener.local_addr()?, &self.path);
        note(format!("listening on http://{address}{path} for {}", names.join(", ")));
        Ok(Server { listener, router: Router::new().route(path, route) })
    }
}

/// Listens already; answers once it runs.
pub(super) struct Server {
    listener: tokio::net::TcpListener,
    router: Router,
}

impl Server {
    /// Ends once `stop` has resolved and what is in flight is answered.
    pub(super) async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        Ok(axum::serve(self.listener, self.router).with_graceful_shutdown(stop).await?)
    }
}
