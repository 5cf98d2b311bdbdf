//! `birdhook relay`: forwards events from an inbox to an engine.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use birdhook::dedupe::{ApiMode, DedupePolicy, DedupeScope};
use birdhook::inbox::{self, Inbox, InboxSettings, Order, RelayError};

use super::inbox::{no_inbox, open_inbox};
use crate::engine::{EngineArgs, EngineSink, WritingArgs};
use crate::exit_status::ExitStatus;
use crate::logging::LogArgs;
use crate::output::{error_chain, note, plural, queue_output, try_print};
use crate::shutdown::{SHUTDOWN_TIMEOUT, stop_requested};

/// Forward the events of an inbox to JetStream or Redis.
///
/// Use it while the receiver of the inbox is not running; `birdhook listen --inbox DIR --nats URL`
/// relays its own events. Events keep the keys that the receiver would give them. An event is
/// acknowledged once the engine has confirmed it. While the engine is unavailable, events wait. The
/// command exits when the inbox is empty, or with --follow when it is stopped. Exit code 1 if the
/// engine refused an event, or without --follow if events are left.
#[derive(Debug, clap::Args)]
pub(crate) struct Relay {
    /// Forward the events of the inbox in this folder.
    #[arg(long, value_name = "DIR")]
    inbox: PathBuf,
    #[command(flatten)]
    engine: EngineArgs,
    #[command(flatten)]
    writing: WritingArgs,
    /// Forward each subscriber's events one at a time, in the order in which they were accepted.
    #[arg(long)]
    in_order: bool,
    /// Use the keys of dual mode. Set it if the receiver ran with --dual-mode.
    #[arg(long, alias = "cut-over")]
    dual_mode: bool,
    /// Keep running when the inbox is empty.
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    log: LogArgs,
}

const CHECK_INTERVAL: Duration = Duration::from_millis(50);

impl Relay {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        self.log.start();
        queue_output();
        if !Inbox::contains(&self.inbox) {
            return Err(no_inbox(&self.inbox));
        }
        let engine = self.engine.connect().await?;
        let sink = engine.sink(&self.writing).await?;
        let inbox = open_inbox(&self.inbox, inbox_settings(self.in_order)).await?;
        let before = inbox.stats();
        note(format!("{} to forward to {}", plural(before.depth, "event"), engine.name()));
        let stopped = stop_requested();
        let mode = if self.dual_mode { ApiMode::Dual } else { ApiMode::Single };
        let policy = DedupePolicy::new(DedupeScope::default(), mode);
        let relaying = tokio::spawn(relay(&inbox, sink).dedupe_policy(policy).run());
        let empty = async {
            while self.follow || inbox.stats().depth > 0 {
                tokio::time::sleep(CHECK_INTERVAL).await;
            }
        };
        tokio::select! {
            () = stopped => {}
            () = empty => {}
        }
        inbox.close(SHUTDOWN_TIMEOUT).await;
        relaying.await.context("the relay failed")?;
        let after = inbox.stats();
        let (left, refused) = (after.depth, after.dead.saturating_sub(before.dead));
        let relayed = usize::try_from(after.acknowledged).unwrap_or(usize::MAX);
        try_print(match json {
            true => serde_json::json!({"relayed": relayed, "left": left, "refused": refused}).to_string(),
            false => format!("forwarded {}, {left} left, {refused} refused", plural(relayed, "event")),
        });
        Ok((refused == 0 && (left == 0 || self.follow)).into())
    }
}

pub(super) fn relay(inbox: &Inbox, sink: EngineSink) -> inbox::Relay<EngineSink> {
    inbox.relay(sink).on_error(|failure: &RelayError<'_>| {
        let why = error_chain(failure.error);
        if failure.is_dead {
            note(format!("event {} is now a dead letter: {why}", failure.id));
        } else {
            note(format!("not forwarded, will be retried: {why}"));
        }
    })
}

/// Returns inbox options without a limit on attempts. An unavailable engine must not cause dead
/// letters.
pub(super) fn inbox_settings(in_order: bool) -> InboxSettings {
    let order = if in_order { Order::BySubscriber } else { Order::Unordered };
    InboxSettings::new().max_attempts(u32::MAX).order(order)
}
