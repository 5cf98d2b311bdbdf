//! Access to internals for fuzz targets.

use async_nats::header::HeaderMap;
use birdhook_core::codec::{DecodeError, Format};
use birdhook_core::{Event, EventKey};
use bytes::Bytes;

use crate::{Subjects, headers};

/// Returns a published event: its subject, headers and payload.
pub fn written(event: &Event, key: &EventKey, format: Format, subjects: &Subjects) -> (String, HeaderMap, Bytes) {
    let message = format.write(event, key);
    (subjects.subject(event), headers::headers(&message, key), message.payload)
}

/// Reads the event of a message of a stream.
///
/// # Errors
/// Fails if birdhook did not write it.
pub fn read(headers: &HeaderMap, payload: Bytes) -> Result<(Event, EventKey), DecodeError> {
    headers::event(headers, payload)
}
