//! `birdhook watch`: monitors a webhook.

use std::future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use birdhook::client::{self, ManagementApi, WatchEvent, WatchSettings, redact_url};
use birdhook::event::Timestamp;
use birdhook_testkit::now;

use super::listen::{ServerArgs, Work};
use crate::account::AccountArgs;
use crate::error::{Code, Failure};
use crate::exit_status::ExitStatus;
use crate::output::{self, FAINT, note, plural, queue_output, shown, styled, try_print};
use crate::progress::{self, Progress};
use crate::shutdown::stop_requested;
use crate::values::{ManagementApiArg, seconds, time};

/// Monitor a webhook: have X challenge it when it is invalid, detect gaps, and request their
/// replay.
///
/// The command prints what it watches, then a line for each change. On a terminal, it also prints a
/// line at every --heartbeat. With --json, it prints only the changes.
///
/// Subscriptions to the X Activity API that expire within 3 days are reported once. --heal renews
/// them.
///
/// Replays are requested in jobs of at most 2 hours, one at a time, within the time that X keeps:
/// 24 hours in v2, 5 days in enterprise 1.1. With --receive, the command is also the receiver, and
/// learns from the deliveries when a job has ended and when events stop. Without it, the command
/// waits 2 hours for each job.
#[derive(Debug, clap::Args)]
pub(crate) struct Watch {
    /// The URL of the webhook.
    url: String,
    /// Also receive webhooks, as `birdhook listen` does.
    #[arg(long)]
    receive: bool,
    /// Manage the webhook through this API.
    #[arg(long, default_value = "v2")]
    api: ManagementApiArg,
    /// The old name of `--api enterprise`.
    #[arg(long, hide = true, conflicts_with = "api")]
    enterprise: bool,
    /// Check the webhook at this interval.
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds)]
    interval: Duration,
    /// Print a line at this interval, if standard error is a terminal and --json is not set.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    heartbeat: Duration,
    /// Treat this time without an event as a gap. Defaults to no limit. Requires --receive.
    #[arg(long, value_name = "SECONDS", value_parser = seconds, requires = "receive")]
    silence: Option<Duration>,
    /// Treat the receiver as down from this time, for example 2026-11-23T09:30:00Z. The time until
    /// --down-to is a gap.
    #[arg(long, value_name = "TIME", requires = "down_to", value_parser = time)]
    down_from: Option<Timestamp>,
    /// Treat the receiver as down until this time.
    #[arg(long, value_name = "TIME", requires = "down_from", value_parser = time)]
    down_to: Option<Timestamp>,
    /// Disable deduplication, so that replayed events are printed again. By default, --receive
    /// recognises events for as long as X replays them.
    #[arg(long, requires = "receive")]
    all_again: bool,
    /// Do not request replays.
    #[arg(long)]
    no_replays: bool,
    /// Renew subscriptions to the X Activity API that expire within 3 days: create each again with
    /// the same type, filter, webhook and tag. --heal=SECONDS sets their new lifetime from now.
    /// Without a value, it is 30 days.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "2592000", value_parser = seconds)]
    heal: Option<Duration>,
    /// Check once, print the results, and exit. Exit code 1 if a result needs action.
    #[arg(long, conflicts_with = "receive")]
    once: bool,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    account: AccountArgs,
}

/// Number of events remembered for deduplication, at 35 to 45 bytes each.
const MAX_KEYS: usize = 500_000;
const HOUR: Duration = Duration::from_secs(3600);

impl Watch {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        self.server.start_log();
        let mut settings = WatchSettings::default();
        settings.api = self.api();
        (settings.poll_interval, settings.event_silence, settings.replays) =
            (self.interval, self.silence, !self.no_replays);
        settings.renew_for = self.heal;
        let watch = self.account.client()?.watch(&*self.url, settings);
        if let (Some(from), Some(to)) = (self.down_from, self.down_to) {
            if to <= from {
                bail!(Failure::new(Code::Usage, "--down-to is not after --down-from", "pass a later --down-to"));
            }
            watch.was_down(from, to);
        }
        if self.once {
            let checking = Progress::spinner("checking the webhook and its subscriptions");
            let events = watch.step().await;
            drop(checking);
            events.iter().try_for_each(|event| print_event(event, json))?;
            if events.is_empty() && !json {
                output::line("the webhook is valid, and no gap was found")?;
            }
            return Ok((!events.iter().any(is_bad)).into());
        }
        queue_output();
        if !json {
            note(self.description());
        }
        let heartbeat = Some(self.heartbeat).filter(|_| !json && progress::is_shown());
        let watching = watch.clone();
        let look = async move {
            let last_change = Mutex::new(None);
            let changes = watching.run(|event| {
                *last_change.lock().unwrap_or_else(PoisonError::into_inner) = Some(now());
                // Standard output carries the events, so text for people goes to standard error.
                if json { queue_event(&event) } else { note(change(now(), &event)) }
            });
            let heartbeats = async {
                match heartbeat {
                    Some(interval) => print_heartbeats(&watching, interval, &last_change).await,
                    None => future::pending().await,
                }
            };
            tokio::select! {
                () = changes => {}
                () = heartbeats => {}
            }
        };
        if self.receive {
            let hours = if self.api() == ManagementApi::Enterprise { 5 * 24 + 1 } else { 25 };
            let window = if self.all_again { (0, Duration::ZERO) } else { (MAX_KEYS, hours * HOUR) };
            let on_event = Box::new(move |event: &_| watch.record_event(event));
            let work = Work { window: Some(window), on_event, ..Work::default() };
            self.server.serve(json, work, look).await?;
        } else {
            tokio::select! {
                () = look => {}
                () = stop_requested() => {}
            }
        }
        Ok(ExitStatus::Success)
    }
}

impl Watch {
    fn api(&self) -> ManagementApi {
        if self.enterprise { ManagementApi::Enterprise } else { self.api.into() }
    }

    /// Returns what the command watches.
    fn description(&self) -> String {
        let api = if self.api() == ManagementApi::Enterprise { "enterprise 1.1" } else { "v2" };
        let subscriptions = match self.heal {
            Some(lifetime) => format!("renewed for {} s when they expire within 3 days", lifetime.as_secs_f64()),
            None => "reported when they expire within 3 days".to_owned(),
        };
        let gaps = if self.no_replays { "reported, not replayed" } else { "reported, and replayed by X" };
        format!(
            "watching {} through {api}\n  webhook: checked every {} s\n  subscriptions to the X Activity API: {subscriptions}\n  gaps: {gaps}",
            shown(&redact_url(&self.url)),
            self.interval.as_secs_f64()
        )
    }
}

/// Prints at this interval that the command still watches, and the time of the last change.
async fn print_heartbeats(watch: &client::Watch, interval: Duration, last_change: &Mutex<Option<Timestamp>>) {
    let started = now();
    loop {
        tokio::time::sleep(interval).await;
        let last = *last_change.lock().unwrap_or_else(PoisonError::into_inner);
        let since = last.map_or(format!("no change since the start at {started}"), |at| format!("last change at {at}"));
        let replays = match watch.pending().len() {
            0 => String::new(),
            many => format!("; {} to do", plural(many, "replay")),
        };
        note(format!("{} still watching: {since}{replays}", styled(FAINT, format!("{:24}", now().to_string()))));
    }
}

/// Returns the line of a change.
fn change(time: Timestamp, event: &WatchEvent) -> String {
    format!("{} {}", styled(FAINT, format!("{:24}", time.to_string())), shown(&event.to_string()))
}

/// Returns whether the notice requires action.
fn is_bad(event: &WatchEvent) -> bool {
    matches!(
        event,
        WatchEvent::Unknown { .. }
            | WatchEvent::Missing { .. }
            | WatchEvent::StillInvalid { .. }
            | WatchEvent::Refused { .. }
            | WatchEvent::Lost { .. }
            | WatchEvent::Expiring { .. }
            | WatchEvent::NotRenewed { .. }
    )
}

fn print_event(event: &WatchEvent, json: bool) -> Result<()> {
    if json { output::json(event) } else { output::line(shown(&event.to_string())) }
}

/// Prints the notice as JSON, but does not wait for standard output to be read.
fn queue_event(event: &WatchEvent) {
    match output::json_line(event) {
        Ok(line) => try_print(line),
        Err(error) => note(format!("not printed: {error:#}")),
    }
}
