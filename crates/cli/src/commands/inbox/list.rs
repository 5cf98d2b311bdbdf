//! `birdhook inbox list`: prints the events of an inbox as rows.

use anyhow::Result;
use birdhook::inbox::{EventQuery, EventStatus, ListedEvent, UnreadableEvent};
use birdhook::{Event, event::Timestamp};
use serde::Serialize;

use super::folder::Folder;
use crate::account::{TableRow, print_rows};
use crate::exit_status::ExitStatus;
use crate::output::{note, plural};
use crate::values::value_enum;

/// List the events of an inbox, oldest first.
///
/// With --json, the output has an object per event: `id`, `standing`, `tries`, `stored_at`, `kind`,
/// `app` and, if there is one, `subscriber`. An event that cannot be parsed has `unreadable`, the
/// reason, instead of `kind`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    folder: Folder,
    /// List only events in this state: ready to be leased, waiting for a retry, leased to a consumer
    /// of the process that has the inbox open, dead after the last attempt, or acknowledged and kept.
    #[arg(long, alias = "standing")]
    status: Option<StatusName>,
    /// List at most this many events.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
}

value_enum! {
    enum StatusName for EventStatus {
        Ready,
        Waiting,
        Leased,
        Dead,
        Acknowledged,
    }
}

impl List {
    pub(super) async fn run(self, json: bool) -> Result<ExitStatus> {
        let query = self.status.into_iter().fold(EventQuery::all(), |query, name| query.status(name.into()));
        print_events(&self.folder, query, self.limit, json).await?;
        Ok(ExitStatus::Success)
    }
}

pub(super) async fn print_events(folder: &Folder, query: EventQuery, limit: usize, json: bool) -> Result<()> {
    let query = query.limit(limit.saturating_add(1));
    let mut listed = folder.with(async |inbox| Ok(inbox.list(query).await?)).await?;
    let has_more = listed.len() > limit;
    listed.truncate(limit);
    let rows: Vec<_> = listed.iter().map(Row::new).collect();
    if !rows.is_empty() || !has_more {
        print_rows(&rows, json)?;
    }
    if has_more {
        note(format!("only the first {} printed; pass --limit for more", plural(limit, "event")));
    }
    Ok(())
}

#[derive(Serialize)]
pub(super) struct Row<'a> {
    id: String,
    #[serde(rename = "standing")]
    status: &'static str,
    #[serde(rename = "tries")]
    attempts: u32,
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
            attempts: listed.attempts,
            stored_at: listed.stored_at,
            kind: event.ok().map(|event| event.kind().as_str()),
            unreadable: event.err().map(ToString::to_string),
            app: event.map_or_else(UnreadableEvent::app, Event::app),
            subscriber: event.ok().and_then(Event::subscriber),
        }
    }
}

impl TableRow for Row<'_> {
    const HEADER: &'static [&'static str] = &["id", "status", "attempts", "stored", "kind", "app", "subscriber"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            self.status.to_owned(),
            self.attempts.to_string(),
            self.stored_at.to_string(),
            self.kind.unwrap_or("unreadable").to_owned(),
            self.app.to_owned(),
            self.subscriber.unwrap_or_default().to_owned(),
        ]
    }
}
