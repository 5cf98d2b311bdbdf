//! An event as a row of the database.

use std::error::Error;

use birdhook_core::Event;
use birdhook_core::codec::{Format, read};
use birdhook_inbox::UnreadableEvent;
use birdhook_inbox::backend::{subscriber_key, unreadable};
use bytes::{BufMut, Bytes, BytesMut};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// A UUID column. Holds the first half of an event's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Uuid(pub(crate) [u8; 16]);

impl ToSql for Uuid {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::UUID
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Uuid {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw.try_into()?))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::UUID
    }
}

/// An event to store.
pub(crate) struct Record {
    pub(crate) key: Uuid,
    pub(crate) event_key: [u8; 32],
    pub(crate) app: String,
    pub(crate) subscriber: Option<String>,
    pub(crate) author: Option<String>,
    pub(crate) kind: &'static str,
    pub(crate) ordering_key: i64,
    pub(crate) position: i32,
    pub(crate) sent: i32,
    pub(crate) body: Bytes,
}

impl Record {
    pub(crate) fn new(event: &Event) -> Self {
        let event_key = *event.dedupe_key().as_bytes();
        let mut half = [0; 16];
        half.iter_mut().zip(event_key).for_each(|(to, from)| *to = from);
        let written = Format::Plain.write(event);
        let attribute =
            |name: &str| written.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
        let number = |name: &str, default| attribute(name).and_then(|text| text.parse().ok()).unwrap_or(default);
        Self {
            key: Uuid(half),
            event_key,
            app: text(event.app()),
            subscriber: event.subscriber().map(text),
            author: attribute("actor").map(|id| text(id)),
            kind: event.kind().as_str(),
            ordering_key: i64::from(subscriber_key(event)),
            position: number("position", 0),
            sent: number("sent", 1),
            body: written.payload,
        }
    }

    /// Returns the number of the lock that is held while the key is stored.
    pub(crate) fn lock(&self, seed: i64) -> i64 {
        let [a, b, c, d, e, f, g, h, ..] = self.key.0;
        i64::from_be_bytes([a, b, c, d, e, f, g, h]) ^ seed
    }
}

/// PostgreSQL's text has no character 0. Only columns for queries lose it, the body keeps it.
fn text(value: &str) -> String {
    value.replace('\0', "\u{FFFD}")
}

/// Reads the event of a row with the columns `key`, `app`, `position`, `sent` and `body`. An inner
/// error means that something else than birdhook wrote it.
pub(crate) fn event(row: &Row) -> Result<Result<Event, UnreadableEvent>, tokio_postgres::Error> {
    let (key, app): (&[u8], String) = (row.try_get("key")?, row.try_get("app")?);
    let (position, sent): (i32, i32) = (row.try_get("position")?, row.try_get("sent")?);
    let body = Bytes::copy_from_slice(row.try_get("body")?);
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let (place, count) = (position.to_string(), sent.to_string());
    let found = read(body.clone(), |name| match name {
        "app" => Some(app.as_str()),
        "key" => Some(key.as_str()),
        "position" => Some(place.as_str()),
        "sent" => Some(count.as_str()),
        _ => None,
    });
    Ok(found.map_err(|_| unreadable(&app, body, u32::try_from(position).unwrap_or(0))))
}
