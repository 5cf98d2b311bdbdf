//! `birdhook consume`: prints and acknowledges the events of an engine.

use std::time::Duration;

use anyhow::Result;
use birdhook::dedupe::DedupeWindow;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::listen::asked_to_stop;
use crate::Verdict;
use crate::engine::EngineArgs;
use crate::lines::Form;
use crate::output::{self, note, plural, print, serving, try_print};

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
}

/// Maximum number of acknowledgements in progress.
const SETTLING: usize = 256;

/// Number of recent keys that are checked for duplicates.
const REMEMBERED: usize = 1_000_000;

impl Consume {
    pub(crate) async fn run(self, json: bool) -> Result<Verdict> {
        serving();
        let engine = self.engine.connect().await?;
        let mut reader = engine.reader(&self.group).await?;
        note(format!("reading {} as {}", engine.name(), self.group));
        let form = Form::new(json, self.raw);
        let idle = self.idle.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(Duration::MAX);
        let (begun, mut seen) = (Instant::now(), DedupeWindow::new(REMEMBERED, Duration::MAX));
        let (mut events, mut again, mut doubled) = (0_usize, 0_usize, 0_usize);
        let mut settling = JoinSet::new();
        let mut stopped = std::pin::pin!(asked_to_stop());
        let mut last = Instant::now();
        loop {
            let silent = async {
                match last.checked_add(idle) {
                    Some(end) => tokio::time::sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            let taken = tokio::select! {
                () = &mut stopped => break,
                () = silent => break,
                taken = reader.recv() => taken?,
            };
            match taken {
                Ok(taken) => {
                    last = Instant::now();
                    if !self.quiet {
                        let line = form.line(taken.event())?;
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
                    if taken.is_handed_out_again() {
                        again += 1;
                    } else if seen.contains(&taken.key(), begun.elapsed()) {
                        doubled += 1;
                    }
                    seen.insert(&taken.key(), begun.elapsed());
                    settling.spawn(taken.ack());
                }
                Err(error) => note(output::told(error.as_ref())),
            }
            while settling.len() >= SETTLING {
                settled(&mut settling).await;
            }
        }
        while !settling.is_empty() {
            settled(&mut settling).await;
        }
        let summary = serde_json::json!({"events": events, "handed_out_again": again, "doubled": doubled});
        let text = format!("{}, {again} handed out again, {doubled} doubled", plural(events, "event"));
        let text = if json { summary.to_string() } else { text };
        if self.quiet {
            try_print(text);
        } else {
            note(text);
        }
        Ok((doubled == 0).into())
    }
}

async fn settled(settling: &mut JoinSet<Result<()>>) {
    if let Some(Ok(Err(error))) = settling.join_next().await {
        note(format!("not acknowledged, so it comes again: {}", output::told(error.as_ref())));
    }
}
