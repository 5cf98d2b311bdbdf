//! `birdhook listen --nats` and `--redis`: receives for an engine.

use std::path::PathBuf;

use anyhow::{Context, Result};
use birdhook::{
    Delivery,
    sink::{EventSink, SinkError},
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::inbox_receiver::contents;
use super::marking_sink::MarkingSink;
use super::request_log::RequestFormat;
use super::server::ServerArgs;
use crate::commands::inbox::open_inbox;
use crate::commands::relay::{inbox_settings, relay};
use crate::engine::{EngineArgs, EngineSink, WritingArgs};
use crate::output::{error_chain, note};
use crate::shutdown::SHUTDOWN_TIMEOUT;

/// A receiver that delivers to an engine, directly or through an inbox.
pub(super) struct EngineReceiver {
    pub(super) engine: EngineArgs,
    pub(super) writing: WritingArgs,
    pub(super) inbox: Option<PathBuf>,
    pub(super) in_order: bool,
    pub(super) requests: RequestFormat,
}

impl EngineReceiver {
    pub(super) async fn serve(self, args: &ServerArgs) -> Result<()> {
        let (apps, webhook, console) = args.webhook()?;
        let engine = self.engine.connect().await?;
        let sink = engine.sink(&self.writing).await?;
        let Some(folder) = self.inbox else {
            let pipeline = webhook.sink(MarkingSink(NotingSink { sink }));
            let server = args.bind_to(&pipeline, &apps, self.requests, console).await?;
            note(format!("answers 200 once an event is in {}", engine.name()));
            return server.receive(pipeline, std::future::pending()).await;
        };
        let policy = webhook.dedupe_policy();
        let inbox = open_inbox(&folder, inbox_settings(self.in_order)).await?;
        let pipeline = webhook.sink(MarkingSink(inbox.clone()));
        let server = args.bind_to(&pipeline, &apps, self.requests, console).await?;
        note(format!("answers 200 once an event is in the inbox, which contains {}", contents(&inbox)));
        note(format!("relaying to {}", engine.name()));
        let relaying = tokio::spawn(relay(&inbox, sink).dedupe_policy(policy).run());
        server.receive(pipeline, std::future::pending()).await?;
        inbox.close(SHUTDOWN_TIMEOUT).await;
        relaying.await.context("the relay failed")?;
        note(format!("left in the inbox: {}", contents(&inbox)));
        Ok(())
    }
}

/// A sink that prints why a delivery was answered 503.
struct NotingSink {
    sink: EngineSink,
}

impl EventSink for NotingSink {
    type Future = BoxFuture<'static, Result<(), SinkError>>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        let failed = |error: &SinkError| note(format!("not forwarded, so answered 503: {}", error_chain(error)));
        self.sink.deliver(delivery).map(move |answer| answer.inspect_err(failed)).boxed()
    }

    fn is_open(&self) -> bool {
        self.sink.is_open()
    }
}
