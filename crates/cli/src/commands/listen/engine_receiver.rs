//! `birdhook listen --nats` and `--redis`: receives for an engine.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::destination::Destination;
use super::inbox_receiver::contents;
use super::marking_sink::MarkingSink;
use super::request_log::RequestFormat;
use super::server::ServerArgs;
use super::upkeep::UpkeepArgs;
use crate::commands::inbox::open_inbox;
use crate::commands::relay::{inbox_settings, relay};
use crate::engine::{EngineArgs, WritingArgs};
use crate::output::note;
use crate::shutdown::SHUTDOWN_TIMEOUT;

/// A receiver that delivers to an engine, directly or through an inbox.
pub(super) struct EngineReceiver {
    pub(super) engine: EngineArgs,
    pub(super) writing: WritingArgs,
    pub(super) inbox: Option<PathBuf>,
    pub(super) in_order: bool,
    pub(super) upkeep: UpkeepArgs,
    pub(super) requests: RequestFormat,
}

impl EngineReceiver {
    pub(super) async fn serve(self, args: &ServerArgs) -> Result<()> {
        let (apps, webhook, admin) = args.webhook()?;
        let engine = self.engine.connect().await?;
        let sink = engine.sink(&self.writing).await?;
        let Some(folder) = self.inbox else {
            let pipeline = webhook.sink(MarkingSink { sink, done: "forwarded", gaps: None });
            let destination = Destination::engine(&engine.name(), self.engine.consume_command());
            let server = args.bind_to(&pipeline, &apps, self.requests, destination, admin).await?;
            return server.receive(pipeline, std::future::pending()).await;
        };
        let policy = webhook.dedupe_policy();
        let inbox = open_inbox(&folder, inbox_settings(self.in_order)).await?;
        let admin = admin.map(|admin| admin.with_inbox(&inbox));
        let upkeep = self.upkeep.prepare(&folder, args.path())?;
        let pipeline = webhook.sink(MarkingSink { sink: inbox.clone(), done: "stored", gaps: Some(upkeep.gaps()) });
        let answers = format!("answers 200 once an event is in the inbox, which contains {}", contents(&inbox));
        let mut destination = Destination::inbox(answers);
        destination.notes.push(format!("relaying to {}", engine.name()));
        destination.consume = Some(self.engine.consume_command());
        let server = args.bind_to(&pipeline, &apps, self.requests, destination, admin).await?;
        let health = pipeline.handle();
        let _upkeep = upkeep.start(vec![inbox.clone()], &server.url, move || health.health())?;
        let relaying = tokio::spawn(relay(&inbox, sink).dedupe_policy(policy).run());
        server.receive(pipeline, std::future::pending()).await?;
        inbox.close(SHUTDOWN_TIMEOUT).await;
        relaying.await.context("the relay failed")?;
        note(format!("left in the inbox: {}", contents(&inbox)));
        Ok(())
    }
}
