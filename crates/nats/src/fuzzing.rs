//! Access to internals for fuzz targets.

use async_nats::header::HeaderMap;
use birdhook_core::Event;
use birdhook_core::codec::{DecodeError, Format};
use bytes::Bytes;

use crate::headers;
use crate::subject::Subjects;

/// Returns a published event: its subject, headers and payload.
pub fn written(event: &Event, format: Format, subjects: &Subjects) -> (String, HeaderMap, Bytes) {
    let message = format.write(event);
    (subjects.subject(event), headers::headers(&message), message.payload)
}

/// Reads the event of a message of a stream.
///
/// # Errors
/// Fails if birdhook did not write it.
pub fn read(headers: &HeaderMap, payload: Bytes) -> Result<Event, DecodeError> {
    headers::event(headers, payload)
}
