//! `birdhook listen` and `birdhook record`: standalone receivers.

mod durable;
mod forwarder;
mod handed;
mod http;
mod receiver;
mod recorder;
mod server;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum::http::Uri;
use birdhook::Event;
use birdhook::client::redacted;

use self::durable::Durable;
use self::handed::Handed;
pub(crate) use self::server::ServerArgs;
use crate::Verdict;
use crate::engine::{EngineArgs, WritingArgs};

/// Time limit for deliveries in flight at shutdown.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Receive webhooks: answer challenges, verify, remove duplicates, and print one line for each event.
///
/// Ctrl-C or SIGTERM stops it after what is in flight is done. With --json each line is the documented JSON of an event
/// (docs/activity.md).
///
/// While standard output is not read (a full pipe, Ctrl-S), deliveries whose events cannot be printed are answered 503 at their deadline.
/// Challenges are answered, and notes on standard error are left out and counted.
///
/// With --inbox a delivery is answered 200 once it is on the disk. From there its events are forwarded and printed, one after
/// the other, and an event is done with once that has succeeded. Where it fails it is tried again after a second, then twice as
/// long each time, up to 10 minutes; after the last try it is a dead letter, which `birdhook inbox` shows and requeues. What
/// was not printed when the process ended, by a crash too, is printed when it is started again; what was printed in the last
/// moment before a crash may be printed twice. Duplicates are known for 5 days, after a restart too.
///
/// With --nats or --redis events go to that engine instead, and `birdhook consume` prints them: answered 200 once the engine has confirmed
/// them, or with --inbox once they are on the disk, from where they are relayed. Receivers that share an engine hand an event
/// to it once between them.
#[derive(Debug, clap::Args)]
pub(crate) struct Listen {
    #[command(flatten)]
    server: ServerArgs,
    /// Keep deliveries in this folder until their events are forwarded and printed, or the engine has them. It is made if need be; only one process at
    /// a time can use it. Not with --record, since headers are not kept: `birdhook inbox export` prints what is in it.
    #[arg(long, value_name = "DIR", conflicts_with = "record")]
    inbox: Option<PathBuf>,
    /// How often an event is tried before it is a dead letter of the inbox. An engine is waited for without end.
    #[arg(long, value_name = "N", default_value_t = 10, requires = "inbox", value_parser = clap::value_parser!(u32).range(1..))]
    tries: u32,
    /// Append each delivery to this file, as `birdhook replay` reads it; what cannot be written is answered 503.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Pass each delivery on to this URL, signed anew with the secret of its app; answered 200 only when the URL answers 2xx,
    /// or with --inbox tried again until it does.
    #[arg(long, value_name = "URL")]
    forward: Option<String>,
    #[command(flatten)]
    engine: EngineArgs,
    #[command(flatten)]
    writing: WritingArgs,
    /// With --inbox and an engine: relay each subscriber's events one after the other, in the order in which they were accepted.
    #[arg(long, requires_all = ["inbox", "engine"])]
    in_order: bool,
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

impl Record {
    pub(crate) async fn run(self, json: bool) -> Result<Verdict> {
        let work = Work { record: Some(self.file), ..Work::default() };
        self.server.serve(json, work, std::future::pending()).await?;
        Ok(Verdict::Good)
    }
}

impl Listen {
    pub(crate) async fn run(self, json: bool) -> Result<Verdict> {
        let Self { server, inbox, tries, record, forward, engine, writing, in_order } = self;
        if engine.is_named() {
            if record.is_some() || forward.is_some() {
                bail!("an engine takes the place of --record and --forward");
            }
            Handed { engine, writing, inbox, in_order }.serve(&server).await?;
            return Ok(Verdict::Good);
        }
        match inbox {
            Some(folder) => Durable { folder, tries, forward }.serve(&server, json).await?,
            None => {
                let work = Work { record, forward, ..Work::default() };
                server.serve(json, work, std::future::pending()).await?;
            }
        }
        Ok(Verdict::Good)
    }
}

/// Options for the processing of each delivery, besides printing it.
pub(crate) struct Work {
    pub(crate) record: Option<PathBuf>,
    pub(crate) forward: Option<String>,
    /// Overrides the deduplication window of `Webhook`: the number of events and the duration.
    pub(crate) window: Option<(usize, Duration)>,
    /// Called with each event once the delivery is answered 200.
    pub(crate) seen: Seen,
    /// Selects events that are neither printed nor passed to `seen`. Their delivery is still
    /// answered 200.
    pub(crate) skipped: fn(&Event) -> bool,
}

impl Default for Work {
    fn default() -> Self {
        Self { record: None, forward: None, window: None, seen: Box::new(|_| ()), skipped: |_| false }
    }
}

pub(crate) type Seen = Box<dyn Fn(&Event) + Send + Sync>;

/// Resolves on Ctrl-C or SIGTERM. SIGTERM is caught from this call on, Ctrl-C from the first poll.
pub(crate) fn asked_to_stop() -> impl Future<Output = ()> + Send {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    let terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    async move {
        #[cfg(unix)]
        if let Ok(mut terminated) = terminated {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
        let _ = interrupted.await;
    }
}

/// Rejects URLs that are not absolute `http` or `https` URLs.
pub(crate) fn check_url(url: &str) -> Result<()> {
    let invalid = || format!("{:?} is no URL of http or https", redacted(url));
    let parsed = Uri::try_from(url).with_context(invalid)?;
    match (parsed.scheme_str(), parsed.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(()),
        _ => bail!(invalid()),
    }
}
