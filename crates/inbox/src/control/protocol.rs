//! The requests and replies of the control socket, as JSON.
#![cfg_attr(not(unix), allow(dead_code, reason = "only Unix has the socket"))]

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook_core::codec::{self, Format};
use birdhook_core::{Event, Timestamp};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::admin::list::{EventStatus, ListedEvent};
use crate::admin::stats::Stats;
use crate::control::backup::BackupRecord;
use crate::storage::unreadable::UnreadableEvent;

/// The version of the protocol. A request of another version is refused.
pub(super) const VERSION: u64 = 1;

/// The name of the socket in the inbox's folder.
pub(super) const SOCKET: &str = "control.sock";

/// Any request. The members that it needs depend on its name.
#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) version: u64,
    pub(super) request: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) subscriber: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) limit: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ids: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
}

/// The part of a request or reply that every version has.
#[derive(Deserialize)]
pub(super) struct AnyVersion {
    pub(super) version: u64,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Reply {
    pub(super) version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<Outcome>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Refusal>,
}

/// The result of any request.
#[derive(Default, Deserialize, Serialize)]
pub(super) struct Outcome {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stats: Option<StatsRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) events: Option<Vec<EventRecord>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) count: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) backup: Option<BackupRecord>,
}

#[derive(Deserialize, Serialize)]
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) message: String,
}

macro_rules! stats_record {
    ($($field:ident: $type:ty),+) => {
        #[derive(Deserialize, Serialize)]
        pub(super) struct StatsRecord {
            $($field: $type,)+
            /// In milliseconds.
            oldest: Option<u64>,
        }

        impl From<Stats> for StatsRecord {
            fn from(stats: Stats) -> Self {
                let oldest = stats.oldest.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
                Self { $($field: stats.$field,)+ oldest }
            }
        }

        impl From<StatsRecord> for Stats {
            fn from(record: StatsRecord) -> Self {
                let oldest = record.oldest.map(std::time::Duration::from_millis);
                Self { $($field: record.$field,)+ oldest }
            }
        }
    };
}

stats_record! {
    is_sound: bool, is_full: bool, depth: usize, leased: usize, waiting: usize, dead: usize, remembered: usize,
    bytes: u64, disk: u64, stored: u64, acknowledged: u64, commits: u64, failures: u64
}

/// A listed event: the body that [`Format::Plain`] writes, or the bytes that cannot be read.
#[derive(Deserialize, Serialize)]
pub(super) struct EventRecord {
    id: String,
    status: String,
    attempts: u32,
    stored_at: String,
    app: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subscriber: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unreadable_base64: Option<String>,
    #[serde(default)]
    position: usize,
    #[serde(default = "one")]
    sent: usize,
}

fn one() -> usize {
    1
}

impl EventRecord {
    pub(super) fn new(listed: &ListedEvent) -> Self {
        let mut record = Self {
            id: listed.id.to_string(),
            status: listed.status.as_str().to_owned(),
            attempts: listed.attempts,
            stored_at: listed.stored_at.to_string(),
            app: listed.app().to_owned(),
            kind: None,
            subscriber: None,
            body: None,
            unreadable_base64: None,
            position: 0,
            sent: 1,
        };
        match &listed.event {
            Ok(event) => {
                let encoded = Format::Plain.write(event);
                let number = |wanted| {
                    encoded.attributes.iter().find_map(|(name, value)| (*name == wanted).then(|| value.parse().ok())?)
                };
                record.position = number("position").unwrap_or(0);
                record.sent = number("sent").unwrap_or(1);
                record.kind = Some(event.kind().as_str().to_owned());
                record.subscriber = event.subscriber().map(str::to_owned);
                record.body = Some(String::from_utf8_lossy(&encoded.payload).into_owned());
            }
            Err(why) => {
                record.position = why.position();
                record.unreadable_base64 = Some(STANDARD.encode(why.body()));
            }
        }
        record
    }

    /// Returns the event, or the name of a member that cannot be read.
    pub(super) fn read(self) -> Result<ListedEvent, &'static str> {
        let event = match (self.body, self.unreadable_base64) {
            (Some(body), _) => Ok(read_event(&self.app, body.into(), self.position, self.sent).ok_or("body")?),
            (None, Some(text)) => Err(UnreadableEvent {
                app: Arc::from(self.app),
                body: STANDARD.decode(text).map_err(|_| "unreadable_base64")?.into(),
                position: u32::try_from(self.position).map_err(|_| "position")?,
            }),
            (None, None) => return Err("body"),
        };
        Ok(ListedEvent {
            id: self.id.parse().map_err(|_| "id")?,
            status: EventStatus::from_word(&self.status).ok_or("status")?,
            attempts: self.attempts,
            stored_at: Timestamp::parse(&self.stored_at).ok_or("stored_at")?,
            event,
        })
    }
}

/// Reads the event without a stored key, as the inbox does.
fn read_event(app: &str, body: Bytes, position: usize, sent: usize) -> Option<Event> {
    let (position, sent) = (position.to_string(), sent.to_string());
    codec::read(body, |name| match name {
        "app" => Some(app),
        "position" => Some(position.as_str()),
        "sent" => Some(sent.as_str()),
        _ => None,
    })
    .ok()
}
