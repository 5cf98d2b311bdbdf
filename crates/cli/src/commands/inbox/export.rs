//! `birdhook inbox export`: prints the events of an inbox as JSON lines.

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook::activity::Report;
use birdhook::inbox::{EventQuery, ListedEvent, UnreadableEvent};
use birdhook::{Event, event::Timestamp};
use serde::Serialize;

use super::folder::{Folder, for_each_event};
use crate::exit_status::ExitStatus;
use crate::output;

/// Print every event of an inbox as one line of JSON, oldest first.
///
/// Each line has the format of `birdhook listen --json --raw` (docs/activity.md), with `id`,
/// `standing` (ready, waiting, dead or acknowledged), `tries` and `stored_at` added. Acknowledged
/// events are included only if the owner of the inbox keeps them. An event that cannot be parsed
/// has `unreadable` (the reason), `app`, `position` and `body_base64`.
#[derive(Debug, clap::Args)]
pub(super) struct Export {
    #[command(flatten)]
    folder: Folder,
}

impl Export {
    pub(super) async fn run(self) -> Result<ExitStatus> {
        let print = async |inbox: &_| {
            for_each_event(inbox, EventQuery::all(), |listed| output::json(&Exported::new(&listed))).await
        };
        self.folder.with(print).await?;
        Ok(ExitStatus::Success)
    }
}

#[derive(Serialize)]
pub(super) struct Exported<'a> {
    id: String,
    #[serde(rename = "standing")]
    status: &'static str,
    #[serde(rename = "tries")]
    attempts: u32,
    stored_at: Timestamp,
    #[serde(flatten)]
    content: Content<'a>,
}

/// The event, or its stored body if that can no longer be parsed.
#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Event(Box<Report<'a>>),
    UnreadableEvent { unreadable: String, app: &'a str, position: usize, body_base64: String },
}

impl<'a> Content<'a> {
    fn of(event: &'a Result<Event, UnreadableEvent>) -> Self {
        match event {
            Ok(event) => Self::Event(Box::new(event.report().with_raw())),
            Err(why) => Self::UnreadableEvent {
                unreadable: why.to_string(),
                app: why.app(),
                position: why.position(),
                body_base64: STANDARD.encode(why.body()),
            },
        }
    }
}

impl<'a> Exported<'a> {
    pub(super) fn new(listed: &'a ListedEvent) -> Self {
        Self {
            id: listed.id.to_string(),
            status: listed.status.as_str(),
            attempts: listed.attempts,
            stored_at: listed.stored_at,
            content: Content::of(&listed.event),
        }
    }
}
