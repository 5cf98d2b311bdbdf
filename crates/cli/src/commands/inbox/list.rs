//! `birdhook inbox list`: prints the events of an inbox as rows.

use anyhow::Result;
use birdhook::inbox::{EventQuery, EventStatus, ListedEvent, UnreadableEvent};
use birdhook::{Event, event::Timestamp};
use serde::Serialize;

use super::folder::Folder;
use crate::Verdict;
use crate::account::{Cells, tell};
use crate::output::{note, plural};

/// List the events of an inbox, oldest first.
///
/// With --json, the output has an object per event: `id`, `standing`, `tries`, `stored_at`, `kind`,
/// `app` and, if there is one, `subscriber`. An event that cannot be parsed has `unreadable`, the
/// reason, instead of `kind`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    folder: Folder,
    /// List only events in this state: ready to be leased, waiting for a retry, dead after the last
    /// attempt, or acknowledged and kept.
    #[arg(long)]
    status: Option<StandingName>,
    /// List at most this many events.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum StandingName {
    Ready,
    Waiting,
    Dead,
    Acknowledged,
}

impl From<StandingName> for EventStatus {
    fn from(name: StandingName) -> Self {
        match name {
            StandingName::Ready => Self::Ready,
            StandingName::Waiting => Self::Waiting,
            StandingName::Dead => Self::Dead,
            StandingName::Acknowledged => Self::Acknowledged,
        }
    }
}

impl List {
    pub(super) async fn run(self, json: bool) -> Result<Verdict> {
        let query = self.status.into_iter().fold(EventQuery::all(), |query, name| query.status(name.into()));
        rows(&self.folder, query, self.limit, json).await?;
        Ok(Verdict::Good)
    }
}

/// Prints a row for each event, up to `limit` rows.
pub(super) async fn rows(folder: &Folder, query: EventQuery, limit: usize, json: bool) -> Result<()> {
    let query = query.limit(limit.saturating_add(1));
    let mut listed = folder.with(async |inbox| Ok(inbox.list(query).await?)).await?;
    let has_more = listed.len() > limit;
    listed.truncate(limit);
    let rows: Vec<_> = listed.iter().map(Row::new).collect();
    if !rows.is_empty() || !has_more {
        tell(&rows, json)?;
    }
    if has_more {
        note(format!("only the first {} told: --limit tells more", plural(limit, "event")));
    }
    Ok(())
}

/// The metadata of an event, without its content.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    id: String,
    status: &'static str,
    tries: u32,
    stored_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<String>,
    app: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscriber: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn new(listed: &'a ListedEvent) -> Self {
        let event = listed.event.as_ref();
        Self {
            id: listed.id.to_string(),
            status: listed.status.as_str(),
            tries: listed.attempts,
            stored_at: listed.stored_at,
            kind: event.ok().map(|event| event.kind().as_str()),
            unreadable: event.err().map(ToString::to_string),
            app: event.map_or_else(UnreadableEvent::app, Event::app),
            subscriber: event.ok().and_then(Event::subscriber),
        }
    }
}

impl Cells for Row<'_> {
    const HEADER: &'static [&'static str] = &["id", "standing", "tries", "stored", "kind", "app", "subscriber"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.status.to_owned(),
            self.tries.to_string(),
            self.stored_at.to_string(),
            self.kind.unwrap_or("unreadable").to_owned(),
            self.app.to_owned(),
            self.subscriber.unwrap_or_default().to_owned(),
        ]
    }
}
