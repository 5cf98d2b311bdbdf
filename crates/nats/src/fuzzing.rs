//! What fuzz targets reach of the inside.

use async_nats::header::HeaderMap;
use birdhook_core::message::{Format, Unreadable};
use birdhook_core::{Event, EventKey};
use bytes::Bytes;

use crate::{Subjects, headers};

/// An event as it is published: its subject, headers and payload.
pub fn written(event: &Event, key: &EventKey, format: Format, subjects: &Subjects) -> (String, HeaderMap, Bytes) {
    let message = format.write(event, key);
    (subjects.subject(event), headers::headers(&message, key), message.payload)
}

/// The event of a message of a stream.
///
/// # Errors
/// When it is none of birdhook's.
pub fn read(headers: &HeaderMap, payload: Bytes) -> Result<(Event, EventKey), Unreadable> {
    headers::event(headers, payload)
}
