//! `birdhook relay`: forwards events from an inbox to an engine.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use birdhook::dedupe::{ApiMode, DedupePolicy, DedupeScope};
use birdhook::inbox::{self, Inbox, InboxSettings, Order, RelayError};

use super::inbox::opened;
use super::listen::{PATIENCE, asked_to_stop};
use crate::Verdict;
use crate::engine::{EngineArgs, EngineSink, WritingArgs};
use crate::output::{note, plural, serving, told, try_print};

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
    /// Use the keys of dual mode. Set it if the receiver ran with --cut-over.
    #[arg(long)]
    cut_over: bool,
    /// Keep running when the inbox is empty.
    #[arg(long)]
    follow: bool,
}

/// Interval between checks of whether the inbox is empty.
const LOOK: Duration = Duration::from_millis(50);

impl Relay {
    pub(crate) async fn run(self, json: bool) -> Result<Verdict> {
        serving();
        if !Inbox::contains(&self.inbox) {
            bail!("there is no inbox in {}", self.inbox.display());
        }
        let engine = self.engine.connect().await?;
        let sink = engine.sink(&self.writing).await?;
        let inbox = opened(&self.inbox, options(self.in_order)).await?;
        let before = inbox.stats();
        note(format!("{} to be handed on to {}", plural(before.depth, "event"), engine.name()));
        let stopped = asked_to_stop();
        let cut_over = if self.cut_over { ApiMode::Dual } else { ApiMode::Single };
        let policy = DedupePolicy::new(DedupeScope::default(), cut_over);
        let relaying = tokio::spawn(relay(&inbox, sink).dedupe_policy(policy).run());
        let empty = async {
            while self.follow || inbox.stats().depth > 0 {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            () = stopped => {}
            () = empty => {}
        }
        inbox.close(PATIENCE).await;
        relaying.await.context("the relay failed")?;
        let after = inbox.stats();
        let (left, refused) = (after.depth, after.dead.saturating_sub(before.dead));
        let relayed = usize::try_from(after.acknowledged).unwrap_or(usize::MAX);
        if json {
            try_print(serde_json::json!({"relayed": relayed, "left": left, "refused": refused}).to_string());
        } else {
            try_print(format!("handed on {}, {left} left, {refused} refused", plural(relayed, "event")));
        }
        Ok((refused == 0 && (left == 0 || self.follow)).into())
    }
}

/// Returns a relay that prints its errors.
pub(super) fn relay(inbox: &Inbox, sink: EngineSink) -> inbox::Relay<EngineSink> {
    inbox.relay(sink).on_trouble(|trouble: &RelayError<'_>| {
        let why = told(trouble.error);
        if trouble.is_dead {
            note(format!("event {} is a dead letter now: {why}", trouble.id));
        } else {
            note(format!("not handed on, tried again: {why}"));
        }
    })
}

/// Returns inbox options without a limit on attempts. An unavailable engine must not cause dead
/// letters.
pub(super) fn options(in_order: bool) -> InboxSettings {
    let order = if in_order { Order::BySubscriber } else { Order::Unordered };
    InboxSettings::new().max_attempts(u32::MAX).order(order)
}
