//! What is in the inbox and is no event any more.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

/// An event whose delivery cannot be read again, though its checksum holds: not damage by the disk, then, but something else that
/// wrote to the store. Nobody is handed it; once it was tried it is a dead letter, and [`Inbox::discard`](crate::Inbox::discard) is done with it.
///
/// Prints why; what was written is told by [`body`](Self::body) alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub(crate) app: Arc<str>,
    pub(crate) body: Bytes,
    pub(crate) position: u32,
}

impl Unreadable {
    /// The name of the app whose secret is said to have signed it.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// The bytes that stand in the place of the delivery's body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Which of the events of its delivery it was, from nought.
    pub fn position(&self) -> usize {
        self.position as usize
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match str::from_utf8(&self.body) {
            Ok("") => f.write_str("its delivery's body is empty"),
            Ok(_) => write!(f, "its delivery's body of {} bytes is no JSON object", self.body.len()),
            Err(error) => {
                let (length, at) = (self.body.len(), error.valid_up_to());
                write!(f, "its delivery's body of {length} bytes is not UTF-8 from byte {at} on")
            }
        }
    }
}

impl std::error::Error for Unreadable {}

impl fmt::Debug for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unreadable").field("app", &self.app).field("position", &self.position).finish_non_exhaustive()
    }
}
