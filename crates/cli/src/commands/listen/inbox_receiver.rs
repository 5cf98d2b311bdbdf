//! `birdhook listen --inbox`: receives into an inbox, and consumes from it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use birdhook::Event;
use birdhook::event::Timestamp;
use birdhook::inbox::{EventId, EventQuery, EventStatus, Inbox, InboxSettings, Lease};
use tokio::task::JoinSet;

use super::destination::Destination;
use super::forwarder::Forwarder;
use super::marking_sink::MarkingSink;
use super::request_log::RequestFormat;
use super::server::ServerArgs;
use super::upkeep::UpkeepArgs;
use crate::commands::inbox::open_inbox;
use crate::event_format::EventFormat;
use crate::output::{self, note, plural, print};
use crate::shutdown::SHUTDOWN_TIMEOUT;

/// Time limit for the event being printed when the inbox closes.
const LAST_EVENT: Duration = Duration::from_secs(1);

pub(super) struct InboxReceiver {
    pub(super) folder: PathBuf,
    pub(super) max_attempts: u32,
    pub(super) forward: Option<String>,
    pub(super) upkeep: UpkeepArgs,
    pub(super) requests: RequestFormat,
}

impl InboxReceiver {
    /// Receives until it is asked to stop, or until standard output is closed.
    pub(super) async fn serve(self, args: &ServerArgs, json: bool) -> Result<()> {
        let (apps, webhook, console) = args.webhook()?;
        let forwarder = self.forward.map(|url| Forwarder::new(url, apps.clone())).transpose()?;
        let inbox = open_inbox(&self.folder, InboxSettings::new().max_attempts(self.max_attempts)).await?;
        let console = console.map(|console| console.inbox(&inbox));
        let upkeep = self.upkeep.prepare(&self.folder, args.path())?;
        let pipeline = webhook.sink(MarkingSink { sink: upkeep.sink(inbox.clone()), done: "stored" });
        let destination = Destination::inbox(format!("the inbox contains {}", contents(&inbox)));
        let server = args.bind_to(&pipeline, &apps, self.requests, destination, console).await?;
        let health = pipeline.handle();
        let _upkeep = upkeep.start(vec![inbox.clone()], &server.url, move || health.health())?;
        let consumer = Consumer {
            inbox: inbox.clone(),
            forwarder,
            forwarded: None,
            format: args.event_format(json, true),
            max_attempts: self.max_attempts,
        };
        let (ended, mut has_ended) = tokio::sync::mpsc::channel::<()>(1);
        let mut consuming = tokio::spawn(async move {
            let _ended = ended;
            consumer.run().await;
        });
        server.receive(pipeline, async move { _ = has_ended.recv().await }).await?;
        inbox.close(SHUTDOWN_TIMEOUT).await;
        match tokio::time::timeout(LAST_EVENT, &mut consuming).await {
            Ok(ended) => ended.context("the consumer failed")?,
            // The consumer waits for output that is not being read. The event is printed when the
            // inbox is opened again.
            Err(_) => consuming.abort(),
        }
        note(format!("left in the inbox: {}", contents(&inbox)));
        Ok(())
    }
}

pub(super) fn contents(inbox: &Inbox) -> String {
    let stats = inbox.stats();
    format!("{}, {}", plural(stats.depth, "pending event"), plural(stats.dead, "dead letter"))
}

const MAX_ACKS: usize = 64;

/// Leases events from the inbox, then forwards and prints them one at a time.
struct Consumer {
    inbox: Inbox,
    forwarder: Option<Forwarder>,
    /// The last event whose delivery was forwarded.
    forwarded: Option<Event>,
    format: EventFormat,
    max_attempts: u32,
}

impl Consumer {
    /// Runs until the inbox is closed. Closes the inbox itself when standard output is closed.
    async fn run(mut self) {
        let mut leases = self.inbox.leases();
        let mut acks = JoinSet::new();
        let mut unread = None;
        while let Some(lease) = leases.recv().await {
            match self.process(&lease).await {
                Ok(()) => _ = acks.spawn(lease.ack()),
                Err(error) if output::is_closed(&error) => {
                    unread = Some(lease);
                    break;
                }
                Err(error) => {
                    self.note_failure(&lease, &error);
                    acks.spawn(lease.nack(None));
                }
            }
            while acks.try_join_next().is_some() {}
            if acks.len() >= MAX_ACKS {
                acks.join_next().await;
            }
        }
        // Events not settled before the inbox closed are redelivered when it is opened again.
        while acks.join_next().await.is_some() {}
        if let Some(lease) = unread {
            // Closed while the event is leased, so that this attempt does not count as failed.
            self.inbox.close(Duration::ZERO).await;
            drop(lease);
        }
    }

    async fn process(&mut self, lease: &Lease) -> Result<()> {
        let event = lease.event();
        if let Some(forwarder) = &self.forwarder {
            // A delivery of several events is forwarded once.
            let is_of = |last: &Event| last.app() == event.app() && last.body() == event.body();
            if !self.forwarded.as_ref().is_some_and(is_of) {
                forwarder.forward(event.app(), event.body()).await.context("not forwarded")?;
                self.forwarded = Some(event.clone());
            }
        }
        let arrival = if event.occurred_at().is_none() { self.stored_at(lease.id()).await } else { None };
        print(self.format.line(event, arrival)?).await.context("not printed")
    }

    /// Returns when a leased event was stored.
    async fn stored_at(&self, id: EventId) -> Option<Timestamp> {
        let leased = self.inbox.list(EventQuery::all().status(EventStatus::Leased)).await.ok()?;
        leased.into_iter().find(|listed| listed.id == id).map(|listed| listed.stored_at)
    }

    fn note_failure(&self, lease: &Lease, error: &anyhow::Error) {
        let (id, attempt, max) = (lease.id(), lease.attempts(), self.max_attempts);
        let next = if attempt < max { "will be retried" } else { "now a dead letter" };
        note(format!("event {id}, attempt {attempt} of {max}, {next}: {error:#}"));
    }
}
