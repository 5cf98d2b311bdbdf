//! The typed values as an app would write them with serde's `#[derive(Deserialize)]` and borrowed
//! texts. The baseline for birdhook's typed values.
//!
//! The structs have those fields of [`birdhook_core::schema`] whose structs occur in the benchmark
//! bodies. The other fields are [`IgnoredAny`](serde::de::IgnoredAny) and never read. These structs
//! do less than birdhook: times and colours stay texts, numeric ids stay numbers, and a member of
//! another type fails the whole body.
#![allow(dead_code, reason = "read, and never looked at")]

mod v1;
mod v2;

use std::borrow::Cow;
use std::collections::HashMap;
use std::hint::black_box;
use std::ops::Deref;

use birdhook_core::{ApiSource, Event, EventKind, RawJson};
use serde::Deserialize;

/// Borrows its text, which `Option<Cow<str>>` does not do with any serde attribute.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// A body of the Account Activity API with messages.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Messages<'a> {
    direct_message_events: Vec<v1::DirectMessage<'a>>,
    users: HashMap<Text<'a>, v1::User<'a, Text<'a>>>,
}

/// A body of the X Activity API.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a, P: Deserialize<'de>"))]
struct Body<'a, P> {
    data: Data<'a, P>,
}

/// The `data` of an activity.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a, P: Deserialize<'de>"))]
struct Data<'a, P> {
    event_type: Text<'a>,
    payload: P,
    includes: Option<v2::Includes<'a>>,
}

/// The payload of a `dm.*` event.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct MessagePayload<'a> {
    direct_message_events: Vec<v1::DirectMessage<'a>>,
    users: HashMap<Text<'a>, Wrapped<'a>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Wrapped<'a> {
    data: v2::User<'a>,
}

/// Reads the same values of a post or message as [`Event::activity`], from the same JSON, and
/// passes its id and full text to `look`. Returns `None` for other events.
pub(crate) fn read(event: &Event, look: impl Fn(&str, &str)) -> Option<()> {
    let message = |messages: &[v1::DirectMessage<'_>]| {
        let message = messages.get(event.index())?;
        let text = message.message_create.as_ref()?.message_data.as_ref()?.text.as_deref()?;
        look(message.id.as_deref()?, text);
        Some(())
    };
    match (event.kind(), event.api_source()) {
        (EventKind::PostCreated, ApiSource::AccountActivity) => {
            let tweet: v1::Tweet<'_> = parsed(event.raw());
            let whole = tweet.extended_tweet.as_ref().and_then(|extended| extended.full_text.as_deref());
            look(tweet.id_str.as_deref()?, whole.or(tweet.text.as_deref())?);
            Some(())
        }
        (EventKind::PostCreated, _) => {
            let post = parsed::<Data<'_, v2::Post<'_>>>(event.raw()).payload;
            let whole = post.note.as_ref().and_then(|note| note.text.as_deref());
            look(post.id.as_deref()?, whole.or(post.text.as_deref())?);
            Some(())
        }
        (EventKind::MessageReceived, ApiSource::AccountActivity) => {
            message(&parsed::<Messages<'_>>(event.body()).direct_message_events)
        }
        (EventKind::MessageReceived, _) => {
            message(&parsed::<Body<'_, MessagePayload<'_>>>(event.body()).data.payload.direct_message_events)
        }
        _ => None,
    }
}

/// Reads all fields, although most are not used.
fn parsed<'a, T: Deserialize<'a>>(json: &'a RawJson) -> T {
    black_box(json.parse().unwrap())
}
