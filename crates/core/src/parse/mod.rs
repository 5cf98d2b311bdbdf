//! Reads the events of a verified body in one pass.

mod account_activity;
mod activity_api;
mod body;
mod conversation;
mod event_builder;
mod fields;
mod filtered_stream;
mod payload;
mod replay;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use bytestring::ByteString;

use crate::event::delivery::Delivery;
use crate::event::envelope::Envelope;
use crate::event::event::Event;
use crate::event::user_index::UserIndex;
use crate::json::cursor::Cursor;
use crate::json::raw::RawJson;
use crate::json::repairable::RepairableJson;
use activity_api::Data;
use body::Body;
use event_builder::shared;

impl Delivery {
    /// Reads the events of a body that was verified earlier, for example one from a store. **Does
    /// not verify anything.**
    ///
    /// `app` is the name of the app whose secret signed the body; it is part of the events' keys. A
    /// body with more than `event_limit` events becomes one [`Unknown`](crate::EventKind::Unknown)
    /// event. Returns `None` if the body is neither a JSON object nor a list that contains an
    /// object.
    ///
    /// ```
    /// let body = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"2"}}]}"#;
    /// let delivery = birdhook_core::Delivery::restore("shop", body, 10_000).unwrap();
    /// assert_eq!(delivery.events()[0].kind().as_str(), "post_deleted");
    /// ```
    pub fn restore(app: impl Into<Arc<str>>, body: impl Into<Bytes>, event_limit: usize) -> Option<Self> {
        read(body.into(), app.into(), event_limit)
    }
}

/// Reads the events of a body. `None` if it is not a JSON object or a list that contains an object.
///
/// Each body yields at least one event. A body without a known event is one
/// [`EventKind::Unknown`](crate::EventKind) of all its bytes. The same applies to a body with more
/// than `limit` events, because reading on would let one request delay all others, to a body with
/// too many events for the data that they share, and to one whose subscriber id is too long.
pub(crate) fn read(body: Bytes, app: Arc<str>, limit: usize) -> Option<Delivery> {
    let text = ByteString::try_from(body).ok()?;
    let mut cursor = Cursor::new(&text);
    let mut body = Body::with_room(limit);
    match cursor.peek()? {
        b'[' => list_of_objects(&mut cursor)?,
        _ => cursor.members(|name, cursor| body.read_member(name, cursor))?,
    }
    if !cursor.is_at_end() {
        return None;
    }
    body.collect_events(&text);

    let slice = |part: &str| RawJson::new(text.slice_ref(part));
    let repairable = |part: &str| RepairableJson::new(slice(part));
    let activity = body.activity();
    let keyword = activity.and_then(Data::keyword);
    let envelope = Arc::new(Envelope {
        app,
        subscriber: body.subscriber().map(|user| shared(&text, user.clone())),
        keyword: keyword.map(|word| shared(&text, word.clone())),
        filter: activity.and_then(|data| data.filter_text).map(repairable),
        users: body.account_activity.users.map(slice),
        users_by_id: UserIndex::default(),
        apps: body.account_activity.apps.map(slice),
        includes: activity.and_then(|data| data.includes).or(body.includes).map(repairable),
        matching_rules: body.matching_rules.map(repairable),
        tag: activity.and_then(|data| data.tag.as_ref()).map(|tag| shared(&text, tag.clone())),
        event_uuid: activity.and_then(|data| data.event_uuid.as_ref()).map(|uuid| shared(&text, uuid.clone())),
        outbound: activity.and_then(Data::outbound),
        user_has_blocked: body.account_activity.user_has_blocked,
        is_replay: body.is_replay(),
        sent: body.account_activity.events.len(),
        around_events: OnceLock::new(),
        body: slice(&text),
    });
    let builders = body.account_activity.events;
    // `collect` would reserve room for at least four events, and most bodies have one.
    let mut events: Vec<Event> = Vec::with_capacity(builders.len());
    events.extend(builders.into_iter().zip(0..).map(|(event, position)| event.build(&envelope, &text, position)));
    Some(Delivery::new(envelope, events))
}

/// Skips a list. `None` if no element is an object. X does not send lists, but some tools log
/// requests in this form. A text without a brace is never a delivery, because challenges without a
/// brace are signed for anyone.
fn list_of_objects(cursor: &mut Cursor<'_>) -> Option<()> {
    let mut has_object = false;
    cursor.elements(|cursor| {
        has_object |= cursor.peek()? == b'{';
        cursor.skip().map(|_| ())
    })?;
    has_object.then_some(())
}
