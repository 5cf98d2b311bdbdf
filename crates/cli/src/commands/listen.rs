//! A standalone receiver.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use birdhook::axum::{Verified, webhook};
use birdhook::{Apps, CutOver, Delivery, Event, Webhook, signature};
use birdhook_testkit::{Recorded, Recording, Sender};
use bytes::Bytes;

use crate::Verdict;
use crate::apps::AppArgs;
use crate::lines::Form;
use crate::output::{self, note};

/// How long deliveries in flight are waited for when stopping.
const PATIENCE: Duration = Duration::from_secs(10);

/// Receive webhooks: answer challenges, verify, remove duplicates, and print one line for each event.
///
/// Ctrl-C or SIGTERM stops it after what is in flight is done. With --json each line is the documented JSON of an event
/// (docs/activity.md).
#[derive(Debug, clap::Args)]
pub(crate) struct Listen {
    #[command(flatten)]
    server: ServerArgs,
    /// Append each delivery to this file, as `birdhook replay` reads it; what cannot be written is answered 503.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Pass each delivery on to this URL, signed anew with the secret of its app; answered 200 only when the URL answers 2xx.
    #[arg(long, value_name = "URL")]
    forward: Option<String>,
}

/// Receive webhooks and append each delivery to a file, one JSON object a line, as `birdhook replay` reads it.
///
/// The same as `birdhook listen --record FILE`.
#[derive(Debug, clap::Args)]
pub(crate) struct Record {
    /// The file; it is made readable by its owner only, for it holds what people wrote.
    file: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
}

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

impl Record {
    pub(crate) async fn run(self, json: bool) -> Result<Verdict> {
        Listen { server: self.server, record: Some(self.file), forward: None }.run(json).await
    }
}

impl Listen {
    pub(crate) async fn run(self, json: bool) -> Result<Verdict> {
        let work = Work { record: self.record, forward: self.forward, ..Work::default() };
        self.server.serve(json, work, std::future::pending()).await?;
        Ok(Verdict::Good)
    }
}

/// What is done with each delivery besides printing it.
pub(crate) struct Work {
    pub(crate) record: Option<PathBuf>,
    pub(crate) forward: Option<String>,
    /// How many events are remembered, and for how long, in place of what `Webhook` remembers.
    pub(crate) window: Option<(usize, Duration)>,
    /// Told of each event once it is answered 200.
    pub(crate) seen: Seen,
}

impl Default for Work {
    fn default() -> Self {
        Self { record: None, forward: None, window: None, seen: Box::new(|_| ()) }
    }
}

pub(crate) type Seen = Box<dyn Fn(&Event) + Send + Sync>;

impl ServerArgs {
    /// Receives until it is asked to stop, or until `enough` resolves.
    pub(crate) async fn serve(
        &self,
        json: bool,
        work: Work,
        enough: impl Future<Output = ()> + Send + 'static,
    ) -> Result<()> {
        let apps = self.apps.read()?;
        let names: Vec<_> = apps.iter().map(|app| app.name().to_owned()).collect();
        let path = &self.path;
        if !path.starts_with('/') || path.contains(['{', '}', '?', '#']) {
            bail!("--path must begin with / and hold no ? or #, nor braces");
        }
        let cut_over = if self.cut_over { CutOver::Both } else { CutOver::One };
        let mut described = Webhook::new(apps.clone()).cut_over(cut_over);
        if let Some((events, time)) = work.window {
            described = described.dedupe_window(events, time);
        }
        let gate = described.gate();
        let (closed, mut output_closed) = tokio::sync::mpsc::channel(1);
        let receiver = Receiver {
            recorder: work.record.as_deref().map(Recorder::open).transpose()?,
            forwarder: work.forward.map(|url| Forwarder::new(url, apps)).transpose()?,
            form: Form::new(json, self.raw),
            seen: work.seen,
            closed,
        };
        let router = Router::new().route(path, webhook(gate.clone(), receive)).with_state(Arc::new(receiver));
        let listener = tokio::net::TcpListener::bind(self.addr)
            .await
            .with_context(|| format!("cannot listen on {}", self.addr))?;
        note(format!("listening on http://{}{path} for {}", listener.local_addr()?, names.join(", ")));
        let stop = async move {
            tokio::select! {
                () = asked_to_stop() => {}
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
        axum::serve(listener, router).with_graceful_shutdown(stop).await?;
        Ok(())
    }
}

/// What is done with a verified delivery before it is answered 200.
struct Receiver {
    recorder: Option<Recorder>,
    forwarder: Option<Forwarder>,
    form: Form,
    seen: Seen,
    /// Told when nobody reads the output any more.
    closed: tokio::sync::mpsc::Sender<()>,
}

async fn receive(
    State(receiver): State<Arc<Receiver>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    Verified(delivery): Verified,
) -> StatusCode {
    if let Some(forwarder) = &receiver.forwarder
        && let Err(error) = forwarder.forward(&delivery).await
    {
        note(format!("not forwarded, so answered 503: {error:#}"));
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    if let Some(recorder) = &receiver.recorder {
        let mut request = http::Request::new(delivery.body().clone().into_bytes());
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, uri, headers);
        if let Err(error) = recorder.record(&request) {
            note(format!("not recorded, so answered 503: {error:#}"));
            return StatusCode::SERVICE_UNAVAILABLE;
        }
    }
    match receiver.form.print(&delivery) {
        Ok(()) => {
            delivery.events().iter().for_each(|event| (receiver.seen)(event));
            StatusCode::OK
        }
        Err(error) => {
            if output::is_closed(&error) {
                let _ = receiver.closed.try_send(());
            } else {
                note(format!("not printed, so answered 503: {error:#}"));
            }
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// Appends to a file, one delivery at a time.
struct Recorder(Mutex<File>);

impl Recorder {
    fn open(path: &Path) -> Result<Self> {
        let failed = || format!("cannot write {}", path.display());
        let mut options = File::options();
        options.create(true).read(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).with_context(failed)?;
        let about = file.metadata().with_context(failed)?;
        if about.is_file() {
            // It may have been there before, for all to read.
            #[cfg(unix)]
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).with_context(failed)?;
            if about.len() > 0 {
                // A line that was cut off, as in a crash, must not take the next one with it.
                let mut last = [0];
                file.seek(SeekFrom::End(-1)).and_then(|_| file.read_exact(&mut last)).with_context(failed)?;
                if last != *b"\n" {
                    file.write_all(b"\n").with_context(failed)?;
                }
            }
        }
        Ok(Self(Mutex::new(file)))
    }

    fn record(&self, request: &http::Request<Bytes>) -> Result<()> {
        let file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let length = file.metadata()?.len();
        let written = Recording::append(&*file, &Recorded::now(request));
        if written.is_err() {
            // Half a line, as of a full disk, must not take the next one with it.
            let _ = file.set_len(length);
        }
        Ok(written?)
    }
}

/// Passes deliveries on.
struct Forwarder {
    url: String,
    apps: Apps,
    sender: Sender,
}

impl Forwarder {
    fn new(url: String, apps: Apps) -> Result<Self> {
        check_url(&url).context("--forward")?;
        Ok(Self { url, apps, sender: Sender::new(Duration::from_secs(2))? })
    }

    async fn forward(&self, delivery: &Delivery) -> Result<()> {
        let app = self.apps.iter().find(|app| app.name() == delivery.app()).context("its app is gone")?;
        let body = delivery.body().clone().into_bytes();
        let request = http::Request::post(&self.url)
            .header(http::header::CONTENT_TYPE, "application/json")
            .header(signature::HEADER, app.sign(&body))
            .body(body)?;
        let status = self.sender.send(request).await?.status;
        if !status.is_success() {
            bail!("{} answered {status}", self.url);
        }
        Ok(())
    }
}

/// Resolves when the process is asked to stop, by Ctrl-C or SIGTERM.
pub(crate) async fn asked_to_stop() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    if let Ok(mut terminated) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = interrupted => {}
            _ = terminated.recv() => {}
        }
        return;
    }
    let _ = interrupted.await;
}

/// Whether requests can be sent to it.
pub(crate) fn check_url(url: &str) -> Result<()> {
    let parsed = Uri::try_from(url).with_context(|| format!("{url:?} is no URL"))?;
    match (parsed.scheme_str(), parsed.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(()),
        _ => bail!("{url:?} is no URL of http or https"),
    }
}
