//! `birdhook listen` and `birdhook record`: standalone receivers.

mod admin;
mod arrival;
mod cause;
pub(crate) mod console;
mod destination;
mod engine_receiver;
mod http;
mod inbox_receiver;
mod mark;
mod marking_sink;
mod next_steps;
mod observed;
mod receiver;
mod recorder;
mod relaying;
mod request_log;
mod secrets;
mod server;
mod signature_cause;
pub(crate) mod target;
pub(crate) mod upkeep;
mod work;

use std::io::{IsTerminal, stderr};
use std::path::PathBuf;

use anyhow::{Result, bail};
use birdhook::Apps;
use bytesize::ByteSize;

use self::engine_receiver::EngineReceiver;
use self::inbox_receiver::InboxReceiver;
use self::recorder::RecordFile;
use self::request_log::RequestFormat;
pub(crate) use self::server::ServerArgs;
use self::target::args::TargetArgs;
use self::target::{Target, check_targets};
use self::upkeep::UpkeepArgs;
pub(crate) use self::work::Work;
use crate::apps::{ConfigSource, ConfiguredApp};
use crate::engine::{EngineArgs, WritingArgs};
use crate::error::{Code, Failure};
use crate::exit_status::ExitStatus;

/// Receive webhooks: answer challenges, verify, remove duplicates, and print one line for each
/// event.
///
/// If standard error is a terminal, each request gets a line there: time, method, status, outcome,
/// duration and, for a refused request, the likely cause. For a challenge, it has whether X signed
/// it. The start prints next steps, and the end counts the requests by outcome. --requests prints the same without a terminal, except the signed
/// request to try. --quiet leaves events and notes.
///
/// With --json, each line of standard output is a JSON object. Its `type` is `event` for the
/// documented JSON of an event (docs/activity.md), and `request` for a request: `time`, `method`,
/// `path`, `status`, `outcome`, `ms`, and the likely `cause` of a refusal. A request without an
/// answer has no `status`, and the outcome `unanswered`. An answered challenge has `signed_by_x`,
/// which is true if a signature proves that X sent it. The outcome of a request to another path is
/// `not_found`. With --quiet, all lines are events. Requests that arrive faster than they can be
/// printed are left out and counted; events never are.
///
/// Ctrl-C or SIGTERM stops the receiver after it has answered the deliveries in progress, or after
/// 10 s.
///
/// While standard output is not read (a full pipe, Ctrl-S), deliveries whose events cannot be
/// printed are answered 503 at their deadline. Challenges are still answered. Notes that cannot be
/// written to standard error are left out and counted.
///
/// With --inbox, a delivery is answered 200 once it is on disk. Its events are then forwarded,
/// acknowledged and printed. A failed event is retried after 1 s; the delay doubles after each
/// attempt, up to 10 minutes. After the last attempt, the event becomes a dead letter, which
/// `birdhook inbox` and the console show and requeue while the receiver runs. Events left by a stop or a crash are processed after the
/// next start. The last events before a crash may be processed twice. Duplicates are recognised for
/// 5 days and 1 hour, also after a restart.
///
/// With --forward, each event is sent to a URL as one request, and with --exec, each event is the
/// input of a program. Each target has its own retries and dead letters; two targets need --inbox.
/// docs/guide/gateway.md describes the requests and the program's environment.
///
/// With --catch-up, X replays what it could not deliver while the receiver was down, and the inbox
/// removes what it already has. What X no longer replays is reported as lost. With --notify or
/// --notify-exec, people learn of an invalid webhook, missing challenges, dead letters, a full disk,
/// expiring subscriptions, and deliveries signed by another secret than answers challenges: once at
/// the beginning, and once at the end.
///
/// With --nats or --redis, events go to that engine instead, and `birdhook consume` prints them. A
/// delivery is answered 200 once the engine has confirmed its events. With --inbox, it is answered
/// once it is on disk, and its events are relayed from there. If several receivers share an engine,
/// each event is forwarded to it once across all of them. An engine cannot be combined with
/// --record, --forward or --exec.
#[derive(Debug, clap::Args)]
pub(crate) struct Listen {
    #[command(flatten)]
    server: ServerArgs,
    /// Store deliveries in this folder until their events are forwarded or printed, or until the
    /// engine has confirmed them. The folder is created if needed. Only one process at a time can
    /// use it. Not available with --record, because an inbox does not store headers; `birdhook
    /// inbox export` prints its events.
    #[arg(long, value_name = "DIR", conflicts_with = "record")]
    inbox: Option<PathBuf>,
    /// Turn an event into a dead letter of the inbox after this many attempts. Attempts to reach an
    /// engine are not limited.
    #[arg(long, alias = "tries", value_name = "N", default_value_t = 10, requires = "inbox", value_parser = clap::value_parser!(u32).range(1..))]
    max_attempts: u32,
    /// Append each delivery to this file, in the format that `birdhook replay` reads. A delivery
    /// that cannot be written is answered 503.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Start a new file once the recording has this size, for example 512 MiB. The file becomes
    /// FILE.1, that one FILE.2 and so on.
    #[arg(long, value_name = "SIZE", default_value = "1 GiB", requires = "record")]
    record_max_bytes: ByteSize,
    /// Keep this many earlier files of a recording, and delete the oldest ones.
    #[arg(long, value_name = "N", default_value_t = 4, requires = "record")]
    record_keep: u32,
    #[command(flatten)]
    targets: TargetArgs,
    #[command(flatten)]
    engine: EngineArgs,
    #[command(flatten)]
    writing: WritingArgs,
    /// Forward or relay each subscriber's events one at a time, in the order in which they were
    /// accepted. Requires --inbox, and --forward, --exec or an engine.
    #[arg(long, requires = "inbox")]
    in_order: bool,
    #[command(flatten)]
    upkeep: Box<UpkeepArgs>,
    /// Print a line for each request, and the next steps, also if standard error is not a terminal.
    #[arg(long, conflicts_with_all = ["quiet", "json"])]
    requests: bool,
    /// Print neither requests nor next steps.
    #[arg(long, short)]
    quiet: bool,
    /// Read settings from this TOML file. Options override it. `birdhook config example` prints one
    /// with every setting.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The targets of the file.
    #[arg(skip)]
    configured: Vec<Target>,
}

/// Receive webhooks, and append each delivery to a file that `birdhook replay` reads.
///
/// The file holds one JSON object per line. Standard output is that of `birdhook listen --quiet`,
/// without `type` in the JSON of events.
#[derive(Debug, clap::Args)]
pub(crate) struct Record {
    /// The file to append to. It is made readable only by its owner, because deliveries hold
    /// private content.
    file: PathBuf,
    /// Start a new file once the recording has this size, for example 512 MiB. The file becomes
    /// FILE.1, that one FILE.2 and so on.
    #[arg(long, alias = "record-max-bytes", value_name = "SIZE", default_value = "1 GiB")]
    max_bytes: ByteSize,
    /// Keep this many earlier files, and delete the oldest ones.
    #[arg(long, alias = "record-keep", value_name = "N", default_value_t = 4)]
    keep: u32,
    #[command(flatten)]
    server: ServerArgs,
}

impl Record {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        let record = RecordFile { path: self.file, max_bytes: self.max_bytes.as_u64(), keep: self.keep };
        let requests = if self.server.start_log() { RequestFormat::Log } else { RequestFormat::Off };
        let work = Work { record: Some(record), requests, ..Work::default() };
        self.server.serve(json, work, std::future::pending()).await?;
        Ok(ExitStatus::Success)
    }
}

impl Listen {
    /// Sets the apps and the targets of a configuration file.
    pub(crate) fn configure(&mut self, apps: Vec<ConfiguredApp>, targets: Vec<Target>, secret_variables: Vec<String>) {
        self.server.configure(apps, secret_variables);
        self.configured = targets;
    }

    /// Sets the file of which the apps are read again while the receiver runs.
    pub(crate) fn configure_source(&mut self, source: ConfigSource) {
        self.server.configure_source(source);
    }

    /// Checks apps, secrets and targets without listening.
    pub(crate) fn check(&self) -> Result<(Apps, Vec<Target>)> {
        let mut targets = self.targets.clone().targets(self.max_attempts, self.in_order);
        targets.extend(self.configured.iter().cloned());
        check_targets(&targets)?;
        Ok((self.server.check()?.apps, targets))
    }

    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        let Self {
            mut server,
            inbox,
            max_attempts,
            record,
            record_max_bytes,
            record_keep,
            targets,
            engine,
            writing,
            in_order,
            upkeep,
            requests,
            quiet,
            ..
        } = self;
        if let (true, Some(folder)) = (upkeep.is_dry_run(), &inbox) {
            upkeep.print_plan(folder, json)?;
            return Ok(ExitStatus::Success);
        }
        server.show_at_x(upkeep.account())?;
        let mut targets = targets.targets(max_attempts, in_order);
        targets.extend(self.configured);
        check_targets(&targets)?;
        server.offer(&targets);
        let requests = match (quiet, json, requests || stderr().is_terminal()) {
            _ if server.start_log() => RequestFormat::Log,
            (true, ..) | (false, false, false) => RequestFormat::Off,
            (false, true, _) => RequestFormat::Json,
            (false, false, true) => RequestFormat::Line,
        };
        if engine.is_named() {
            if record.is_some() || !targets.is_empty() {
                let message = "--record, --forward and --exec cannot be used with an engine";
                bail!(Failure::new(Code::Usage, message, "leave out these options, or the engine"));
            }
            EngineReceiver { engine, writing, inbox, in_order, upkeep: *upkeep, requests }.serve(&server).await?;
        } else if let Some(folder) = inbox {
            if in_order && targets.is_empty() {
                let message = "--in-order needs --forward, --exec or an engine";
                bail!(Failure::new(Code::Usage, message, "add one of them, or leave out --in-order"));
            }
            InboxReceiver { folder, max_attempts, targets, upkeep: *upkeep, requests }.serve(&server, json).await?;
        } else {
            let target = sole(targets)?;
            let record =
                record.map(|path| RecordFile { path, max_bytes: record_max_bytes.as_u64(), keep: record_keep });
            let work = Work { record, target, requests, has_type: true, ..Work::default() };
            server.serve(json, work, std::future::pending()).await?;
        }
        Ok(ExitStatus::Success)
    }
}

/// Returns the target of a receiver without an inbox, which has at most one.
fn sole(mut targets: Vec<Target>) -> Result<Option<Target>> {
    let target = targets.pop();
    let needs_inbox = |message: &str| Failure::new(Code::Usage, message, "add --inbox DIR");
    if !targets.is_empty() {
        bail!(needs_inbox("several targets need an inbox, so that a slow one does not delay the others"));
    }
    if target.as_ref().is_some_and(|target| target.in_order) {
        bail!(needs_inbox("in_order needs an inbox, because X does not keep the order of its attempts"));
    }
    Ok(target)
}
