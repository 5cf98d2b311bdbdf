//! `birdhook listen --inbox`: receives into an inbox, and processes its events.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use birdhook::inbox::{Inbox, InboxSettings, Order};
use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::destination::Destination;
use super::marking_sink::MarkingSink;
use super::relaying::Relaying;
use super::request_log::RequestFormat;
use super::server::ServerArgs;
use super::target::Target;
use super::target::client::TargetClient;
use super::target::folder::{former_targets, inbox_folder, sole_target};
use super::target::worker::{OnAcknowledged, Worker, inbox_settings};
use super::upkeep::UpkeepArgs;
use crate::commands::inbox::{open_inbox, read_only_settings};
use crate::event_format::EventFormat;
use crate::output::{self, note, plural, print};
use crate::shutdown::SHUTDOWN_TIMEOUT;

/// Time limit for the event being printed when the inbox closes.
const LAST_EVENT: Duration = Duration::from_secs(1);

pub(super) struct InboxReceiver {
    pub(super) folder: PathBuf,
    /// Number of attempts to print an event, without targets.
    pub(super) max_attempts: u32,
    pub(super) targets: Vec<Target>,
    pub(super) upkeep: UpkeepArgs,
    pub(super) requests: RequestFormat,
}

impl InboxReceiver {
    /// Receives until it is asked to stop, or until standard output is closed.
    pub(super) async fn serve(self, args: &ServerArgs, json: bool) -> Result<()> {
        let (apps, webhook, admin) = args.webhook()?;
        let policy = webhook.dedupe_policy();
        let sole = sole_target(&self.folder, &self.targets).map(|target| target.name.clone());
        let settings = match self.targets.as_slice() {
            [] => InboxSettings::new().max_attempts(self.max_attempts),
            [target] if sole.is_some() => inbox_settings(target),
            targets => relay_settings(targets),
        };
        let former = former_notes(&self.folder, &self.targets).await;
        let clients = self.targets.into_iter().map(|target| Ok(Arc::new(args.client(target, &apps)?)));
        let clients = clients.collect::<Result<Vec<_>>>()?;
        let inbox = open_inbox(&self.folder, settings).await?;
        let admin = admin.map(|admin| admin.with_inbox(&inbox));
        let mut own_inboxes = Vec::new();
        for client in clients.iter().filter(|_| sole.is_none()) {
            let folder = inbox_folder(&self.folder, &client.target.name);
            own_inboxes.push((Arc::clone(client), open_inbox(&folder, inbox_settings(&client.target)).await?));
        }
        let upkeep = self.upkeep.prepare(&self.folder, args.path())?;
        let pipeline = webhook.sink(MarkingSink { sink: inbox.clone(), done: "stored", gaps: Some(upkeep.gaps()) });
        let mut destination = Destination::inbox(format!("the inbox contains {}", contents(&inbox)));
        destination.notes.extend(clients.iter().map(|client| client.description()));
        destination.notes.extend(own_inboxes.iter().filter_map(|(client, inbox)| rest(client, inbox)));
        destination.notes.extend(former);
        let server = args.bind_to(&pipeline, &apps, self.requests, destination, admin).await?;
        let health = pipeline.handle();
        let inboxes = std::iter::once(&inbox).chain(own_inboxes.iter().map(|(_, inbox)| inbox)).cloned().collect();
        let _upkeep = upkeep.start(inboxes, &server.url, move || health.health())?;

        let (stop_workers, stopping) = watch::channel(false);
        let (ended, mut has_ended) = mpsc::channel::<()>(1);
        let format = args.event_format(json, true);
        let worker = |client: &Arc<TargetClient>, inbox: &Inbox, on_acknowledged| {
            let (client, inbox, stopping) = (Arc::clone(client), inbox.clone(), stopping.clone());
            Worker { inbox, client, policy, on_acknowledged, stopping }.run()
        };
        let mut workers = JoinSet::new();
        own_inboxes.iter().for_each(|(client, inbox)| _ = workers.spawn(worker(client, inbox, None)));
        let consumer: Pin<Box<dyn Future<Output = ()> + Send>> = match clients.first() {
            Some(client) if sole.is_some() => Box::pin(worker(client, &inbox, Some(printer(format, ended.clone())))),
            _ => {
                let max_attempts = if clients.is_empty() { self.max_attempts } else { u32::MAX };
                let (inbox, targets) = (inbox.clone(), own_inboxes.clone());
                Box::pin(Relaying { inbox, targets, policy, format, max_attempts }.run())
            }
        };
        let mut consuming = tokio::spawn(async move {
            // The end of the consumer stops the server too.
            let _ended = ended;
            consumer.await;
        });
        server.receive(pipeline, async move { _ = has_ended.recv().await }).await?;
        stop_workers.send_replace(true);
        inbox.close(SHUTDOWN_TIMEOUT).await;
        match tokio::time::timeout(LAST_EVENT, &mut consuming).await {
            Ok(ended) => ended.context("the consumer failed")?,
            // The consumer waits for output that is not being read. The event is printed when the
            // inbox is opened again.
            Err(_) => consuming.abort(),
        }
        // Closed after the main inbox, whose events are relayed to them until then.
        join_all(own_inboxes.iter().map(|(_, inbox)| inbox.close(SHUTDOWN_TIMEOUT))).await;
        let _ = tokio::time::timeout(LAST_EVENT, async { while workers.join_next().await.is_some() {} }).await;
        own_inboxes.iter().filter_map(|(client, inbox)| rest(client, inbox)).for_each(note);
        note(format!("left in the inbox: {}", contents(&inbox)));
        Ok(())
    }
}

/// Returns the settings of a main inbox whose events are relayed to the inboxes of targets. A full
/// disk must not cause dead letters here, so attempts are not limited.
fn relay_settings(targets: &[Target]) -> InboxSettings {
    let is_ordered = targets.iter().any(|target| target.in_order);
    let order = if is_ordered { Order::BySubscriber } else { Order::Unordered };
    InboxSettings::new().max_attempts(u32::MAX).order(order)
}

/// Returns a function that prints an event, and requests a stop if standard output is closed.
fn printer(format: EventFormat, closed: mpsc::Sender<()>) -> OnAcknowledged {
    Box::new(move |event, arrival| {
        let closed = closed.clone();
        let printed = async move {
            match async { print(format.line(&event, arrival)?).await.context("not printed") }.await {
                Ok(()) => {}
                Err(error) if output::is_closed(&error) => _ = closed.try_send(()),
                Err(error) => note(format!("{error:#}")),
            }
        };
        printed.boxed()
    })
}

/// Returns notes about the events that wait for targets which are not configured.
async fn former_notes(main: &Path, targets: &[Target]) -> Vec<String> {
    let mut notes = Vec::new();
    for (name, folder) in former_targets(main, targets) {
        let left = match read_only_settings().open(&folder).await {
            Ok(inbox) => {
                let stats = inbox.stats();
                let left = (stats.depth + stats.dead > 0).then(|| contents(&inbox));
                inbox.close(SHUTDOWN_TIMEOUT).await;
                left
            }
            Err(error) => Some(format!("an inbox that cannot be opened: {}", output::error_chain(&error))),
        };
        let folder = folder.display();
        notes.extend(left.map(|left| {
            format!("the target {name} is not configured, but has {left}; configure it again, or delete {folder}")
        }));
    }
    notes
}

/// Describes what waits for a target, if anything does.
fn rest(client: &TargetClient, inbox: &Inbox) -> Option<String> {
    let stats = inbox.stats();
    (stats.depth + stats.dead > 0)
        .then(|| format!("waiting for the target {}: {}", client.target.name, contents(inbox)))
}

pub(super) fn contents(inbox: &Inbox) -> String {
    let stats = inbox.stats();
    format!("{}, {}", plural(stats.depth, "pending event"), plural(stats.dead, "dead letter"))
}
