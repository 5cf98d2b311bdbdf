//! `birdhook consume`: prints and acknowledges the events of an engine.

use std::time::Duration;

use anyhow::Result;
use birdhook::dedupe::DedupeWindow;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::engine::EngineArgs;
use crate::event_format::EventFormat;
use crate::exit_status::ExitStatus;
use crate::logging::LogArgs;
use crate::output::{self, note, plural, print, queue_output, try_print};
use crate::shutdown::stop_requested;

/// Read events from JetStream or Redis, print one line for each, and acknowledge it.
///
/// Consumers with the same group name share the events. The summary at the end counts the events,
/// the redelivered events, and the keys that arrived more than once. Exit code 1 if a key arrived
/// more than once.
#[derive(Debug, clap::Args)]
pub(crate) struct Consume {
    #[command(flatten)]
    engine: EngineArgs,
    /// Read as this consumer group. Each group receives all events.
    #[arg(long, value_name = "NAME", default_value = "birdhook-consume")]
    group: String,
    /// Include the event as X wrote it, as `raw` in the JSON.
    #[arg(long, requires = "json")]
    raw: bool,
    /// Print only the summary.
    #[arg(long)]
    quiet: bool,
    /// Exit after this many seconds without an event. Defaults to running until stopped.
    #[arg(long, value_name = "SECONDS")]
    idle: Option<f64>,
    #[command(flatten)]
    log: LogArgs,
}

const MAX_ACKS: usize = 256;

/// Number of recent keys that are checked for duplicates.
const MAX_KEYS: usize = 1_000_000;

impl Consume {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        self.log.start();
        queue_output();
        let engine = self.engine.connect().await?;
        let mut reader = engine.reader(&self.group).await?;
        note(format!("reading {} as {}", engine.name(), self.group));
        let format = EventFormat::new(json, self.raw);
        let idle = self.idle.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(Duration::MAX);
        let (started, mut seen) = (Instant::now(), DedupeWindow::new(MAX_KEYS, Duration::MAX));
        let (mut events, mut redelivered, mut duplicates) = (0_usize, 0_usize, 0_usize);
        let mut acks = JoinSet::new();
        let mut stopped = std::pin::pin!(stop_requested());
        let mut last = Instant::now();
        loop {
            let idle_timeout = async {
                match last.checked_add(idle) {
                    Some(end) => tokio::time::sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            let received = tokio::select! {
                () = &mut stopped => break,
                () = idle_timeout => break,
                received = reader.recv() => received?,
            };
            match received {
                Ok(received) => {
                    last = Instant::now();
                    if !self.quiet {
                        let line = format.line(received.event(), None)?;
                        let printed = tokio::select! {
                            () = &mut stopped => break,
                            printed = print(line) => printed,
                        };
                        if let Err(error) = printed.map_err(anyhow::Error::from) {
                            if output::is_closed(&error) {
                                break;
                            }
                            return Err(error);
                        }
                    }
                    events += 1;
                    // A redelivery is the same entry again, not a duplicate.
                    if received.is_redelivery() {
                        redelivered += 1;
                    } else if seen.contains(&received.event().dedupe_key(), started.elapsed()) {
                        duplicates += 1;
                    }
                    seen.insert(&received.event().dedupe_key(), started.elapsed());
                    acks.spawn(received.ack());
                }
                Err(error) => note(output::error_chain(error.as_ref())),
            }
            while acks.len() >= MAX_ACKS {
                await_ack(&mut acks).await;
            }
        }
        while !acks.is_empty() {
            await_ack(&mut acks).await;
        }
        let summary = serde_json::json!({"events": events, "handed_out_again": redelivered, "doubled": duplicates});
        let text =
            format!("{}, {redelivered} redelivered, {}", plural(events, "event"), plural(duplicates, "duplicate"));
        let text = if json { summary.to_string() } else { text };
        if self.quiet {
            try_print(text);
        } else {
            note(text);
        }
        Ok((duplicates == 0).into())
    }
}

async fn await_ack(acks: &mut JoinSet<Result<()>>) {
    if let Some(Ok(Err(error))) = acks.join_next().await {
        note(format!("not acknowledged, so it will be redelivered: {}", output::error_chain(error.as_ref())));
    }
}
