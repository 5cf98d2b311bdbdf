//! `CloudEvents` 1.0 in JSON.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::split::{EventBody, restore};
use crate::activity::content::Activity;
use crate::activity::report::Report;
use crate::event::event::Event;
use crate::event::key::EventKey;
use crate::event::time::Timestamp;
use crate::json::raw::RawJson;
use crate::json::sparse::sparse;
use crate::traits::debug_fields;

pub(super) const CONTENT_TYPE: &str = "application/cloudevents+json";

sparse! {
    /// An event in the JSON event format of `CloudEvents` 1.0.
    ///
    /// The format is specified at
    /// <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>.
    ///
    /// | attribute | value |
    /// |---|---|
    /// | `id` | the [`dedupe_key`](Event::dedupe_key) |
    /// | `source` | `/birdhook/apps/` and the name of the app |
    /// | `type` | `birdhook.` and the kind, such as `birdhook.post_created` |
    /// | `subject` | the id of the subscriber, if there is one |
    /// | `time` | the time of the event, if X reports it |
    /// | `birdhookapp` | the name of the app |
    /// | `data.event` | the event in the form of `docs/activity.md`, which is the same for both of X's APIs |
    /// | `data.body` | the JSON as X wrote it |
    /// | `data.position`, `data.sent` | the index of the event in that body and the number of its events, if there are several |
    pub struct CloudEvent<'a> {
        specversion: &'static str,
        id: String,
        source: String,
        r#type: String,
        subject: Option<&'a str>,
        time: Option<Timestamp>,
        datacontenttype: &'static str,
        birdhookapp: &'a str,
        data: Data<'a>,
    }

    struct Data<'a> {
        event: Report<'a>,
        body: RawJson,
        position: Option<usize>,
        sent: Option<usize>,
    }
}

impl<'a> CloudEvent<'a> {
    pub(super) fn new(event: &'a Event, key: &EventKey, activity: Activity<'a>, body: EventBody) -> Self {
        let EventBody { json, position, sent } = body;
        let is_one_of_several = sent != 1;
        let name: String = form_urlencoded::byte_serialize(event.app().as_bytes()).collect();
        Self {
            specversion: "1.0",
            id: key.to_string(),
            source: format!("/birdhook/apps/{name}"),
            r#type: format!("birdhook.{}", event.kind()),
            // The specification does not allow these attributes to be empty.
            subject: event.subscriber().filter(|id| !id.is_empty()),
            time: event.occurred_at().filter(|time| time.to_string().contains('T')),
            datacontenttype: "application/json",
            birdhookapp: event.app(),
            data: Data {
                event: Report::new(event, activity),
                body: json,
                position: is_one_of_several.then_some(position),
                sent: is_one_of_several.then_some(sent),
            },
        }
    }

    pub(super) fn to_json(&self) -> Bytes {
        // Cannot fail: all values are strings, numbers and JSON that was parsed before.
        serde_json::to_vec(self).unwrap_or_default().into()
    }
}

// The data contains texts of users.
debug_fields! { CloudEvent<'_>, |written| id: written.id, type: written.r#type }

#[derive(Deserialize)]
struct Parsed<'a> {
    specversion: &'a str,
    #[serde(borrow)]
    birdhookapp: Cow<'a, str>,
    #[serde(borrow)]
    data: ParsedData<'a>,
}

#[derive(Deserialize)]
struct ParsedData<'a> {
    #[serde(borrow)]
    body: &'a RawValue,
    #[serde(default)]
    position: usize,
    sent: Option<usize>,
}

pub(super) fn read(payload: &Bytes) -> Option<Event> {
    let Parsed { specversion, birdhookapp, data } = serde_json::from_slice(payload).ok()?;
    let body = payload.slice_ref(data.body.get().as_bytes());
    (specversion == "1.0").then(|| restore(&birdhookapp, body, data.position, data.sent.unwrap_or(1)))?
}
