//! A stored entry that can no longer be parsed.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

/// A stored event whose delivery can no longer be parsed.
///
/// Its checksum matches, so it was not damaged by the disk: something else wrote to the store. It
/// is never leased. At its first attempt it becomes a dead letter, and
/// [`Inbox::discard`](crate::Inbox::discard) removes it.
///
/// `Display` prints the reason but not the content; only [`body`](Self::body) returns that.
#[derive(Clone, PartialEq, Eq)]
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

impl fmt::Display for UnreadableEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match str::from_utf8(&self.body) {
            Ok("") => f.write_str("its delivery's body is empty"),
            Ok(_) => write!(f, "its delivery's body of {} bytes is not a JSON object", self.body.len()),
            Err(error) => {
                let (length, at) = (self.body.len(), error.valid_up_to());
                write!(f, "its delivery's body of {length} bytes is not UTF-8 at byte {at}")
            }
        }
    }
}

impl std::error::Error for UnreadableEvent {}

impl fmt::Debug for UnreadableEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnreadableEvent")
            .field("app", &self.app)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}
