//! The body of a POST: counted, authenticated chunk by chunk, and parsed only once verified.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::outcome::Outcome;
use super::reply::Reply;
use super::settings::EndpointSettings;
use super::signatures::SignatureChecks;
use crate::auth::apps::Apps;
use crate::event::delivery::Delivery;
use crate::event::event::Event;
use crate::event::kind::Direction;
use crate::parse;
use crate::traits::debug_fields;

/// Reads the body of a POST as it arrives.
///
/// The MAC is updated with each chunk. Nothing is parsed before the signature is verified.
///
/// Dropping the reader abandons the request. See [`Endpoint`](crate::Endpoint) for an example.
pub struct BodyReader {
    apps: Apps,
    settings: Arc<EndpointSettings>,
    checks: SignatureChecks,
    body: ReceivedBytes,
    /// The number of further bytes that the limit allows.
    room: usize,
    /// The number of missing bytes according to `Content-Length`.
    missing: Option<u64>,
}

impl BodyReader {
    pub(crate) fn new(
        apps: Apps,
        settings: Arc<EndpointSettings>,
        checks: SignatureChecks,
        length: Option<u64>,
    ) -> Self {
        let room = settings.body_limit;
        Self { apps, settings, checks, body: ReceivedBytes::Whole(Bytes::new()), room, missing: length }
    }

    /// Adds the next bytes of the body. A body that arrives as one chunk is never copied.
    ///
    /// # Errors
    /// Returns the reply to send, 413, as soon as the body exceeds the limit. The reader must then
    /// be dropped.
    pub fn push(&mut self, chunk: Bytes) -> Result<(), Reply> {
        self.room = self.room.checked_sub(chunk.len()).ok_or(Outcome::BodyTooLarge)?;
        self.missing = self.missing.map(|missing| missing.wrapping_sub(chunk.len() as u64));
        self.checks.update(&chunk);
        self.body.push(chunk, self.missing.unwrap_or(u64::MAX));
        Ok(())
    }

    /// Finishes the body: verifies its signature and reads its events.
    ///
    /// # Errors
    /// Returns the reply to send:
    ///
    /// - 400 if the length of the body differs from `Content-Length`
    /// - 401 if no app's secret made the signature
    /// - 400 if the body is neither a JSON object nor a list that contains an object
    pub fn finish(self) -> Result<Delivery, Reply> {
        if self.missing.is_some_and(|missing| missing != 0) {
            return Err(Outcome::BodyCutOff.into());
        }
        let headers = self.checks.headers();
        let app = self.checks.matching_app().and_then(|index| self.apps.get(index)).ok_or(Outcome::SignatureWrong)?;
        let event_limit = self.settings.event_limit;
        let delivery = parse::read(self.body.into_bytes(), Arc::clone(app.shared_name()), event_limit);
        let mut delivery = delivery.ok_or(Outcome::NotAnObject)?;
        delivery.set_signed_with_other_kind(headers.other_kind(app));
        if let Some(own_id) = app.own_id() {
            let sent = |event: &Event| event.direction() == Some(Direction::Sent);
            delivery.retain(|event| event.source_app_id() != Some(own_id) || !sent(event));
        }
        Ok(delivery)
    }
}

debug_fields! { BodyReader, |reader| room: reader.room }

/// The bytes received so far. Copied only when a second chunk arrives.
enum ReceivedBytes {
    Whole(Bytes),
    Joined(BytesMut),
}

impl ReceivedBytes {
    /// `rest` is the number of bytes still to come, which the sender may have made up.
    fn push(&mut self, chunk: Bytes, rest: u64) {
        match self {
            Self::Whole(first) if first.is_empty() => *first = chunk,
            Self::Whole(_) if chunk.is_empty() => {}
            Self::Whole(first) => {
                // Reserves at most double the received size, because `Content-Length` is not
                // trusted.
                let length = first.len() + chunk.len();
                let rest = usize::try_from(rest).map_or(length, |rest| rest.min(length));
                let mut joined = BytesMut::with_capacity(length + rest);
                joined.extend_from_slice(first);
                joined.extend_from_slice(&chunk);
                *self = Self::Joined(joined);
            }
            Self::Joined(joined) => joined.extend_from_slice(&chunk),
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Joined(bytes) => bytes.freeze(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserves_at_most_double_the_received_size() {
        for (rest, room) in [(0, 7), (1, 8), (6, 13), (7, 14), (8, 14), (u64::MAX, 14)] {
            let mut body = ReceivedBytes::Whole(Bytes::new());
            body.push(Bytes::from_static(b"abcd"), u64::MAX);
            body.push(Bytes::from_static(b"efg"), rest);
            let ReceivedBytes::Joined(joined) = &body else { panic!("two chunks were not joined") };
            assert_eq!((joined.capacity(), &joined[..]), (room, &b"abcdefg"[..]), "{rest} missing");
        }
    }
}
