//! The tasks of a receiver with an inbox besides receiving: they record signs of life, ask X to replay
//! what was missed, and notify people of alarms.

mod alarm;
mod at_x;
mod gaps;
pub(crate) mod heartbeat;
mod plan;
mod private_file;
mod raised;
mod target;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use birdhook::Health;
use birdhook::client::api::ReplaySpan;
use birdhook::client::{Client, ManagementApi, ReplayRules, WatchEvent, WatchSettings, redact_url};
use birdhook::event::Timestamp;
use birdhook::inbox::Inbox;
use birdhook_testkit::now;
use bytesize::ByteSize;
use futures_util::future::join_all;
use serde::Serialize;
use tokio::task::JoinSet;

use self::alarm::{Facts, Limits, alarms};
use self::at_x::AtX;
pub(super) use self::gaps::Gaps;
use self::heartbeat::Heartbeat;
use self::plan::{Plan, plan};
use self::raised::RaisedAlarms;
use self::target::Target;
use crate::account::AccountArgs;
use crate::error::{Code, Failure};
use crate::output::{self, note, shown};
use crate::values::{ManagementApiArg, check_url, seconds};

#[derive(Debug, clap::Args)]
pub(crate) struct UpkeepArgs {
    /// After the start, ask X to replay what it could not deliver since the last sign of life, which
    /// an inbox records each minute. X replays the last 24 hours (5 days in enterprise 1.1), from 31
    /// minutes ago on; the newest part is asked for later. Needs the app's keys.
    #[arg(long, requires = "inbox")]
    catch_up: bool,
    /// Print what --catch-up would ask for, with times, and exit.
    #[arg(long, requires = "catch_up")]
    dry_run: bool,
    /// The URL of this receiver as registered at X. Defaults to the app's only webhook with the path
    /// of --path.
    #[arg(long, value_name = "URL", requires = "inbox")]
    webhook_url: Option<String>,
    /// Manage the webhook through this API.
    #[arg(long, default_value = "v2", requires = "inbox")]
    api: ManagementApiArg,
    /// Check the webhook at X at this interval, for --catch-up and alarms.
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds, requires = "inbox")]
    poll_interval: Duration,
    /// Notify this URL of alarms and of their ends by a POST of JSON (docs/guide/gateway.md). May be
    /// repeated.
    #[arg(long, value_name = "URL", requires = "inbox")]
    notify: Vec<String>,
    /// Notify by this program, which reads the JSON from its standard input. Exit code 0 accepts it.
    /// May be repeated.
    #[arg(long, value_name = "PROGRAM", requires = "inbox")]
    notify_exec: Vec<PathBuf>,
    /// Check for alarms, and send those not accepted again, at this interval.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds, requires = "inbox")]
    notify_interval: Duration,
    /// Raise an alarm after this time without a challenge. X challenges a webhook at least daily.
    #[arg(long, value_name = "HOURS", default_value = "25", value_parser = hours, requires = "inbox")]
    alarm_no_challenge: Duration,
    /// Raise an alarm if less is free on the disk of the inbox. Not checked on Windows.
    #[arg(long, value_name = "SIZE", default_value = "1 GiB", requires = "inbox")]
    alarm_free_disk: ByteSize,
    #[command(flatten)]
    account: AccountArgs,
}

fn hours(text: &str) -> Result<Duration, String> {
    let hours = text.parse::<f64>().ok().filter(|hours| *hours > 0.0);
    let time = hours.and_then(|hours| Duration::try_from_secs_f64(hours * 3600.0).ok());
    time.ok_or("expected a number of hours above 0".to_owned())
}

/// Milliseconds for which a receiver without --catch-up keeps the spans of an earlier one: 5 days.
const KEPT: i64 = 5 * 24 * 3_600_000;

/// The upkeep of a receiver that has not started.
pub(super) struct Upkeep {
    folder: PathBuf,
    path: String,
    heartbeat: Heartbeat,
    /// Whether an earlier receiver has recorded a sign of life.
    was_alive: bool,
    gaps: Gaps,
    at_x: AtX,
    catches_up: bool,
    client: Option<Client>,
    api: ManagementApi,
    webhook_url: Option<String>,
    poll_interval: Duration,
    targets: Vec<Target>,
    notify_interval: Duration,
    limits: Limits,
}

/// A printed plan.
#[derive(Serialize)]
struct Printed {
    now: Timestamp,
    last_sign_of_life: Option<Timestamp>,
    #[serde(flatten)]
    plan: Plan,
}

impl UpkeepArgs {
    pub(super) fn account(&self) -> &AccountArgs {
        &self.account
    }

    /// Returns whether the command prints a plan instead of receiving.
    pub(super) fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// Prints the plan of --catch-up for the inbox in a folder.
    pub(super) fn print_plan(&self, folder: &Path, json: bool) -> Result<()> {
        let (heartbeat, now) = (Heartbeat::read(folder)?, now());
        let gaps = heartbeat.as_ref().map(|heartbeat| heartbeat.gaps(now)).unwrap_or_default();
        let plan = plan(&gaps, now, ReplayRules::of(self.api.into()));
        let last_sign_of_life = heartbeat.map(|heartbeat| heartbeat.alive_at);
        let printed = Printed { now, last_sign_of_life, plan };
        if json { output::json(&printed) } else { output::line(text(&printed)) }
    }

    /// Reads what earlier receivers have recorded. `path` is the path of the webhook.
    pub(super) fn prepare(self, folder: &Path, path: &str) -> Result<Upkeep> {
        if let Some(url) = &self.webhook_url {
            check_url("--webhook-url", url)?;
        }
        let urls = self.notify.iter().map(|url| Target::url(url));
        let mut targets = urls.collect::<Result<Vec<_>>>()?;
        targets.extend(self.notify_exec.into_iter().map(Target::program));
        let client = if self.catch_up {
            Some(self.account.client()?)
        } else if targets.is_empty() {
            None
        } else {
            match self.account.client() {
                Ok(client) => Some(client),
                Err(error) if error.downcast_ref::<Failure>().is_some_and(|failure| failure.code() == Code::NoKeys) => {
                    None
                }
                Err(error) => return Err(error),
            }
        };
        let (recorded, now) = (Heartbeat::read(folder)?, now());
        let was_alive = recorded.is_some();
        let heartbeat = recorded.unwrap_or_else(|| Heartbeat::first(now));
        // With --catch-up, a span that is too old is reported as lost.
        let is_recent = |span: &ReplaySpan| now.as_millis().saturating_sub(span.to().as_millis()) < KEPT;
        let is_kept = |span: &ReplaySpan| self.catch_up || is_recent(span);
        let waiting = heartbeat.waiting.iter().copied().filter(is_kept).collect();
        Ok(Upkeep {
            folder: folder.to_owned(),
            path: path.to_owned(),
            heartbeat,
            was_alive,
            gaps: Gaps::new(waiting),
            at_x: AtX::default(),
            catches_up: self.catch_up,
            client,
            api: self.api.into(),
            webhook_url: self.webhook_url,
            poll_interval: self.poll_interval,
            targets,
            notify_interval: self.notify_interval,
            limits: Limits { no_challenge: self.alarm_no_challenge, free_disk: self.alarm_free_disk.as_u64() },
        })
    }
}

/// Returns a plan for people.
fn text(printed: &Printed) -> String {
    let Printed { now, last_sign_of_life, plan } = printed;
    let Some(last) = last_sign_of_life else {
        return "no sign of life is recorded in this inbox, so no gap is known".to_owned();
    };
    let mut lines = format!("last sign of life: {last}\nnow:               {now}");
    for job in &plan.jobs {
        let at = if job.at <= *now { "now".to_owned() } else { job.at.to_string() };
        lines += &format!("\n  ask at {at:24} for {} to {}", job.span.from(), job.span.to());
    }
    for span in &plan.lost {
        lines += &format!("\n  lost: {} to {}, which X no longer replays", span.from(), span.to());
    }
    if plan.jobs.is_empty() && plan.lost.is_empty() {
        lines += "\nnothing to ask for";
    }
    lines
}

/// The state that the tasks share.
struct Shared {
    folder: PathBuf,
    heartbeat: Mutex<Heartbeat>,
    gaps: Gaps,
    at_x: AtX,
    catches_up: bool,
    health: Box<dyn Fn() -> Health + Send + Sync>,
}

/// Ends the tasks when it is dropped.
pub(super) struct RunningUpkeep {
    _tasks: JoinSet<()>,
}

impl Upkeep {
    /// Returns the gaps, whose replays end with the events that the receiver gets.
    pub(super) fn gaps(&self) -> Gaps {
        self.gaps.clone()
    }

    /// Starts once the receiver accepts connections. The first inbox is the one in the folder;
    /// dead letters of all inboxes count. `address` is the receiver's own.
    pub(super) fn start(
        self,
        inboxes: Vec<Inbox>,
        address: &str,
        health: impl Fn() -> Health + Send + Sync + 'static,
    ) -> Result<RunningUpkeep> {
        let mut heartbeat = self.heartbeat;
        let started = now();
        let last = heartbeat.alive_at;
        if self.catches_up {
            match (self.was_alive, last < started) {
                (true, true) => {
                    self.gaps.add(last, started);
                    note(format!("catching up from {last}, the last sign of life; `--dry-run` prints the plan"));
                }
                (true, false) => {
                    note(format!("nothing to catch up: the last sign of life, {last}, is not in the past"));
                }
                (false, _) => note("nothing to catch up: the inbox has no sign of life from an earlier receiver"),
            }
        }
        heartbeat.alive_at = started;
        let shared = Arc::new(Shared {
            folder: self.folder,
            heartbeat: Mutex::new(heartbeat),
            gaps: self.gaps,
            at_x: self.at_x,
            catches_up: self.catches_up,
            health: Box::new(health),
        });
        // With the gap, so that another restart does not lose it.
        shared.write()?;
        let inbox = inboxes.first().cloned().context("no inbox")?;
        let mut tasks = JoinSet::new();
        tasks.spawn(beat(Arc::clone(&shared), inbox));
        let lacks_keys = self.client.is_none();
        if let Some(client) = self.client {
            let url = self.webhook_url.clone();
            let mut settings = WatchSettings::default();
            (settings.api, settings.poll_interval, settings.replays) = (self.api, self.poll_interval, self.catches_up);
            tasks.spawn(watch(Arc::clone(&shared), client, url, self.path, settings));
        }
        if !self.targets.is_empty() {
            if lacks_keys {
                note(
                    "no alarms about the webhook and its subscriptions at X: they need the app's keys, which \
                     `birdhook auth app` stores",
                );
            }
            let raised = RaisedAlarms::read(&shared.folder)?;
            let receiver = redact_url(self.webhook_url.as_deref().unwrap_or(address));
            let alarms = Alarms { shared, inboxes, targets: self.targets, receiver, limits: self.limits, raised };
            tasks.spawn(alarms.run(self.notify_interval));
        }
        Ok(RunningUpkeep { _tasks: tasks })
    }
}

impl Shared {
    /// Writes the heartbeat.
    fn write(&self) -> Result<()> {
        let heartbeat = {
            let mut heartbeat = self.heartbeat.lock().unwrap_or_else(PoisonError::into_inner);
            heartbeat.waiting = self.gaps.waiting();
            heartbeat.clone()
        };
        heartbeat.write(&self.folder)
    }

    /// Writes the heartbeat, and reports a failure.
    fn try_write(&self) {
        if let Err(error) = self.write() {
            note(format!("the sign of life is not recorded: {error:#}"));
        }
    }
}

/// Records signs of life while the inbox accepts deliveries.
async fn beat(shared: Arc<Shared>, inbox: Inbox) {
    let mut other_secret = 0;
    loop {
        tokio::time::sleep(heartbeat::INTERVAL).await;
        shared.observe(&mut other_secret);
        if inbox.failure().is_none() {
            let gap = shared.heartbeat.lock().unwrap_or_else(PoisonError::into_inner).beat(now());
            if let Some((from, to)) = gap.filter(|_| shared.catches_up) {
                shared.gaps.add(from, to);
            }
        }
        shared.try_write();
    }
}

impl Shared {
    /// Records the last challenge, and whether deliveries signed by another secret have arrived.
    /// `counted` is their number so far.
    fn observe(&self, counted: &mut u64) {
        let (health, now) = ((self.health)(), now());
        let mut heartbeat = self.heartbeat.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = health.since_last_challenge {
            let since = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
            heartbeat.challenged_at = Some(Timestamp::from_millis(now.as_millis().saturating_sub(since)));
        }
        if health.signed_with_other_kind > *counted {
            *counted = health.signed_with_other_kind;
            heartbeat.other_secret_at = Some(now);
        }
    }
}

/// Watches the webhook, and has the gaps replayed.
async fn watch(shared: Arc<Shared>, client: Client, url: Option<String>, path: String, settings: WatchSettings) {
    let url = match url {
        Some(url) => url,
        None => at_x::webhook_url(&client, settings.api, &path, settings.poll_interval).await,
    };
    let watch = client.watch(url, settings);
    shared.at_x.watch(watch.clone());
    if shared.catches_up {
        shared.gaps.watch(watch.clone());
    }
    let on_event = |event: WatchEvent| {
        shared.at_x.record(&event);
        note(shown(&format!("{} {event}", now())));
        // A restart must neither lose a span nor have a replayed one replayed again.
        let is_replay = matches!(
            event,
            WatchEvent::Gap(_) | WatchEvent::Replayed { .. } | WatchEvent::Lost { .. } | WatchEvent::NoStatus { .. }
        );
        if shared.catches_up && is_replay {
            shared.try_write();
        }
    };
    watch.run(on_event).await;
}

/// Checks the state, and notifies people of alarms.
struct Alarms {
    shared: Arc<Shared>,
    inboxes: Vec<Inbox>,
    targets: Vec<Target>,
    receiver: String,
    limits: Limits,
    raised: RaisedAlarms,
}

impl Alarms {
    async fn run(mut self, interval: Duration) {
        let mut other_secret = 0;
        let mut failing = vec![false; self.targets.len()];
        let ids: Vec<_> = self.targets.iter().map(|target| target.id.clone()).collect();
        loop {
            self.shared.observe(&mut other_secret);
            let facts = self.facts();
            let before = self.raised.clone();
            self.raised.update(alarms(&facts, self.limits), &facts);
            let sending = self.targets.iter().map(|target| self.send(target));
            let results = join_all(sending).await;
            for ((target, failing), (sent, error)) in self.targets.iter().zip(&mut failing).zip(results) {
                sent.iter().for_each(|notification| self.raised.sent(&target.id, notification));
                if let Some(error) = &error
                    && !*failing
                {
                    note(shown(&format!("not notified, and tried again: {}: {error:#}", target.name)));
                }
                *failing = error.is_some();
            }
            self.raised.prune(&ids);
            if self.raised != before
                && let Err(error) = self.raised.write(&self.shared.folder)
            {
                note(format!("the raised alarms are not recorded: {error:#}"));
            }
            tokio::time::sleep(interval).await;
        }
    }

    /// Sends what a target has not been notified of. Returns what it accepted, and the first error.
    async fn send(&self, target: &Target) -> (Vec<raised::Notification>, Option<anyhow::Error>) {
        let mut sent = Vec::new();
        for notification in self.raised.due(&target.id) {
            if let Err(error) = target.send(&notification, &self.receiver).await {
                return (sent, Some(error));
            }
            sent.push(notification);
        }
        (sent, None)
    }

    fn facts(&self) -> Facts {
        let heartbeat = self.shared.heartbeat.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Facts {
            now: now(),
            since: heartbeat.since,
            challenged_at: heartbeat.challenged_at,
            other_secret_at: heartbeat.other_secret_at,
            dead_letters: self.inboxes.iter().map(|inbox| inbox.stats().dead).sum(),
            refusal: self.inboxes.iter().find_map(Inbox::failure).map(|why| why.to_string()),
            free_disk: free_disk(&self.shared.folder),
            webhook: self.shared.at_x.webhook(),
            expiring: self.shared.at_x.expiring(),
        }
    }
}

/// Returns the bytes that are free on the disk of a folder. `None` if it is unknown.
#[cfg(unix)]
fn free_disk(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_disk(_: &Path) -> Option<u64> {
    None
}
