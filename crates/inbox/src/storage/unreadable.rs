//! A stored entry that can no longer be parsed.

use std::sync::Arc;

use bytes::Bytes;

/// A stored event whose delivery can no longer be parsed.
///
/// Its checksum matches, so it was not damaged by the disk: something else wrote to the store. It
/// is never leased. At its first attempt it becomes a dead letter, and
/// [`Inbox::discard`](crate::Inbox::discard) removes it.
///
/// `Display` prints the reason but not the content; only [`body`](Self::body) returns that.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("its delivery's body {}", reason(body))]
pub struct UnreadableEvent {
    pub(crate) app: Arc<str>,
    pub(crate) body: Bytes,
    pub(crate) position: u32,
}

impl UnreadableEvent {
    /// Returns the name of the app recorded with the delivery.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// Returns the bytes stored as the delivery's body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Returns the event's index in its delivery, counted from 0.
    pub fn position(&self) -> usize {
        self.position as usize
    }
}

debug_fields!(UnreadableEvent: app, position);

fn reason(body: &[u8]) -> String {
    match str::from_utf8(body) {
        Ok("") => "is empty".to_owned(),
        Ok(_) => format!("of {} bytes is not a JSON object", body.len()),
        Err(error) => format!("of {} bytes is not UTF-8 at byte {}", body.len(), error.valid_up_to()),
    }
}
