//! A POST's body: counted, authenticated chunk by chunk, and parsed only once it is verified.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use hmac::Mac;
use subtle::{Choice, ConditionallySelectable};

use crate::head::{Field, RequestHead};
use crate::secret::RunningMac;
use crate::signature::Signature;
use crate::{Apps, Delivery, Direction, Endpoint, Event, Reason, Reply, envelope};

/// Takes the body of a POST as it arrives. The MAC runs over each chunk; nothing is parsed before it is verified.
///
/// Dropping the reader forgets the request. See [`Endpoint`](crate::Endpoint) for an example.
pub struct BodyReader {
    endpoint: Endpoint,
    checks: Checks,
    body: Gathered,
    room: usize,
    /// What `Content-Length` says is still to come.
    owed: Option<u64>,
}

impl BodyReader {
    pub(crate) fn new(endpoint: Endpoint, checks: Checks, length: Option<u64>) -> Self {
        let room = endpoint.settings().body_limit;
        Self { endpoint, checks, body: Gathered::Whole(Bytes::new()), room, owed: length }
    }

    /// Takes the next bytes of the body; a body that comes as one chunk is never copied.
    ///
    /// # Errors
    /// The answer to send, 413, as soon as the body is over the limit. The reader must then be dropped.
    pub fn push(&mut self, chunk: Bytes) -> Result<(), Reply> {
        self.room = self.room.checked_sub(chunk.len()).ok_or(Reason::BodyTooLarge)?;
        self.owed = self.owed.map(|owed| owed.wrapping_sub(chunk.len() as u64));
        self.checks.update(&chunk);
        self.body.push(chunk, self.owed.unwrap_or(u64::MAX));
        Ok(())
    }

    /// Ends the body: verifies it and reads its events.
    ///
    /// # Errors
    /// The answer to send: 400 when it is not as long as `Content-Length` says, 401 when no app's secret signs it, 400
    /// when it is not a JSON object.
    pub fn finish(self) -> Result<Delivery, Reply> {
        if self.owed.is_some_and(|owed| owed != 0) {
            return Err(Reason::BodyCutOff.into());
        }
        let app =
            self.checks.matching().and_then(|index| self.endpoint.apps().get(index)).ok_or(Reason::SignatureWrong)?;
        let events_limit = self.endpoint.settings().events_limit;
        let delivery = envelope::read(self.body.whole(), Arc::clone(app.shared_name()), events_limit);
        let mut delivery = delivery.ok_or(Reason::NotAnObject)?;
        if let Some(own_id) = app.own_id() {
            let sent = |event: &Event| event.direction() == Some(Direction::Sent);
            delivery.retain(|event| event.source_app_id() != Some(own_id) || !sent(event));
        }
        Ok(delivery)
    }
}

impl fmt::Debug for BodyReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyReader").field("room", &self.room).finish_non_exhaustive()
    }
}

/// The bytes so far; copied only when a second chunk comes.
enum Gathered {
    Whole(Bytes),
    Joined(BytesMut),
}

impl Gathered {
    /// `rest` is how many bytes are still to come, if so many come.
    fn push(&mut self, chunk: Bytes, rest: u64) {
        match self {
            Self::Whole(first) if first.is_empty() => *first = chunk,
            Self::Whole(_) if chunk.is_empty() => {}
            Self::Whole(first) => {
                // As much again at the most: nobody has memory kept for what they only promise.
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

    fn whole(self) -> Bytes {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Joined(bytes) => bytes.freeze(),
        }
    }
}

/// One running MAC for each secret that could have signed the request: most apps have one.
pub(crate) struct Checks {
    first: Check,
    more: Vec<Check>,
}

struct Check {
    app: u32,
    claimed: Signature,
    mac: RunningMac,
}

impl Checks {
    /// Decides for each app which header counts. A request that no app could have signed is refused unread.
    pub(crate) fn start(apps: &Apps, head: &RequestHead<'_>) -> Result<Self, Reason> {
        let (consumer, oauth2) = (claim(head.signature), claim(head.signature_oauth2));
        let (mut first, mut more) = (None, Vec::new());
        let mut refusal = Reason::SignatureMissing;
        for (app, index) in apps.iter().zip(0..) {
            // The OAuth 2.0 header decides alone where it can be checked: no falling back to the other one.
            let by_oauth2 = !app.oauth2_secrets().is_empty() && !matches!(head.signature_oauth2, Field::Absent);
            let (claim, secrets) =
                if by_oauth2 { (oauth2, app.oauth2_secrets()) } else { (consumer, app.consumer_secrets()) };
            match claim {
                Ok(claimed) => {
                    let mut checks = secrets.iter().map(|key| Check { app: index, claimed, mac: key.start() });
                    first = first.or_else(|| checks.next());
                    more.extend(checks);
                }
                Err(reason) => refusal = reason,
            }
        }
        first.map(|first| Self { first, more }).ok_or(refusal)
    }

    fn update(&mut self, chunk: &[u8]) {
        for check in std::iter::once(&mut self.first).chain(&mut self.more) {
            check.mac.update(chunk);
        }
    }

    /// The app whose secret signs the body. Every secret is tried, whichever matches.
    fn matching(self) -> Option<usize> {
        let (mut found, mut app) = (Choice::from(0), 0);
        for check in std::iter::once(self.first).chain(self.more) {
            let matches = check.claimed.matches(&check.mac.finalize().into_bytes().into());
            app.conditional_assign(&check.app, matches & !found);
            found |= matches;
        }
        bool::from(found).then_some(app as usize)
    }
}

fn claim(header: Field<'_>) -> Result<Signature, Reason> {
    match header {
        Field::Absent => Err(Reason::SignatureMissing),
        Field::Repeated => Err(Reason::SignatureRepeated),
        Field::Once(value) => Signature::parse(value).ok_or(Reason::SignatureMalformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_kept_for_the_rest_up_to_as_much_again() {
        for (rest, room) in [(0, 7), (1, 8), (6, 13), (7, 14), (8, 14), (u64::MAX, 14)] {
            let mut body = Gathered::Whole(Bytes::new());
            body.push(Bytes::from_static(b"abcd"), u64::MAX);
            body.push(Bytes::from_static(b"efg"), rest);
            let Gathered::Joined(joined) = &body else { panic!("two chunks are one") };
            assert_eq!((joined.capacity(), &joined[..]), (room, &b"abcdefg"[..]), "{rest} to come");
        }
    }
}
