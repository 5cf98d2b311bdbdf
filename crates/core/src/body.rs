//! The body of a POST: counted, authenticated chunk by chunk, and parsed only once verified.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use hmac::Mac;
use subtle::{Choice, ConditionallySelectable};

use crate::head::{Field, RequestHead};
use crate::secret::{RunningMac, SecretKind};
use crate::signature::Signature;
use crate::{App, Apps, Delivery, Direction, Endpoint, Event, Outcome, Reply, Secret, envelope};

/// Reads the body of a POST as it arrives.
///
/// The MAC is updated with each chunk. Nothing is parsed before the signature is verified.
///
/// Dropping the reader abandons the request. See [`Endpoint`](crate::Endpoint) for an example.
pub struct BodyReader {
    endpoint: Endpoint,
    checks: Checks,
    body: Gathered,
    room: usize,
    /// Bytes still to come according to `Content-Length`.
    owed: Option<u64>,
}

impl BodyReader {
    pub(crate) fn new(endpoint: Endpoint, checks: Checks, length: Option<u64>) -> Self {
        let room = endpoint.settings().body_limit;
        Self { endpoint, checks, body: Gathered::Whole(Bytes::new()), room, owed: length }
    }

    /// Adds the next bytes of the body. A body that arrives as one chunk is never copied.
    ///
    /// # Errors
    /// Returns the reply to send, 413, as soon as the body exceeds the limit. The reader must then
    /// be dropped.
    pub fn push(&mut self, chunk: Bytes) -> Result<(), Reply> {
        self.room = self.room.checked_sub(chunk.len()).ok_or(Outcome::BodyTooLarge)?;
        self.owed = self.owed.map(|owed| owed.wrapping_sub(chunk.len() as u64));
        self.checks.update(&chunk);
        self.body.push(chunk, self.owed.unwrap_or(u64::MAX));
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
        if self.owed.is_some_and(|owed| owed != 0) {
            return Err(Outcome::BodyCutOff.into());
        }
        let carried = self.checks.carried;
        let app =
            self.checks.matching().and_then(|index| self.endpoint.apps().get(index)).ok_or(Outcome::SignatureWrong)?;
        let event_limit = self.endpoint.settings().event_limit;
        let delivery = envelope::read(self.body.whole(), Arc::clone(app.shared_name()), event_limit);
        let mut delivery = delivery.ok_or(Outcome::NotAnObject)?;
        delivery.set_signed_with_another_kind(carried.another_kind(app));
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

/// The bytes received so far. Copied only when a second chunk arrives.
enum Gathered {
    Whole(Bytes),
    Joined(BytesMut),
}

impl Gathered {
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

    fn whole(self) -> Bytes {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Joined(bytes) => bytes.freeze(),
        }
    }
}

/// One running MAC for each secret that could have signed the request, by app and kind. Most apps
/// have one.
pub(crate) struct Checks {
    first: Check,
    more: Vec<Check>,
    carried: Carried,
}

struct Check {
    app: u32,
    kind: SecretKind,
    claimed: Signature,
    mac: RunningMac,
}

impl Checks {
    /// Decides for each app which headers count. Rejects a request that no app could have signed,
    /// without reading its body.
    pub(crate) fn start(apps: &Apps, head: &RequestHead<'_>) -> Result<Self, Outcome> {
        let (mut first, mut more) = (None, Vec::new());
        let mut refusal = Outcome::SignatureMissing;
        for (app, index) in apps.iter().zip(0..) {
            match claims(app, head) {
                Ok(claims) => {
                    for (kind, claimed) in SecretKind::ALL.into_iter().zip(claims) {
                        let Some(claimed) = claimed else { continue };
                        let start = |key: &Secret| Check { app: index, kind, claimed, mac: key.start() };
                        let mut checks = app.secrets(kind).iter().map(start);
                        first = first.or_else(|| checks.next());
                        more.extend(checks);
                    }
                }
                Err(Outcome::SignatureMissing) => {}
                Err(reason) => refusal = reason,
            }
        }
        first.map(|first| Self { first, more, carried: Carried::by(head) }).ok_or(refusal)
    }

    fn update(&mut self, chunk: &[u8]) {
        for check in std::iter::once(&mut self.first).chain(&mut self.more) {
            check.mac.update(chunk);
        }
    }

    /// Returns the first app for which all signatures that it can check are correct. Tries every
    /// secret, to take the same time whichever matches.
    fn matching(self) -> Option<usize> {
        let (mut found, mut app) = (Choice::from(0), 0);
        let mut judged = Judged::new(self.first.app);
        let mut decide = |judged: &Judged| {
            let matches = judged.is_right();
            app.conditional_assign(&judged.app, matches & !found);
            found |= matches;
        };
        for check in std::iter::once(self.first).chain(self.more) {
            if check.app != judged.app {
                decide(&judged);
                judged = Judged::new(check.app);
            }
            judged.add(check.kind, check.claimed.matches(&check.mac.finalize().into_bytes().into()));
        }
        decide(&judged);
        bool::from(found).then_some(app as usize)
    }
}

/// Returns the signatures that an app can check; `None` for a header that it ignores.
fn claims(app: &App, head: &RequestHead<'_>) -> Result<[Option<Signature>; 2], Outcome> {
    let claim = |kind| match head.signature(kind) {
        _ if app.secrets(kind).is_empty() => Ok(None),
        Field::Absent => Ok(None),
        Field::Repeated => Err(Outcome::SignatureRepeated),
        Field::Once(value) => Signature::parse(value).map(Some).ok_or(Outcome::SignatureMalformed),
    };
    match [claim(SecretKind::Consumer)?, claim(SecretKind::Client)?] {
        [None, None] => Err(Outcome::SignatureMissing),
        claims => Ok(claims),
    }
}

/// The results for one app: for each kind that was checked, whether one of its secrets made the
/// signature.
struct Judged {
    app: u32,
    consumer: Option<Choice>,
    client: Option<Choice>,
}

impl Judged {
    fn new(app: u32) -> Self {
        Self { app, consumer: None, client: None }
    }

    fn add(&mut self, kind: SecretKind, matches: Choice) {
        let right = match kind {
            SecretKind::Consumer => &mut self.consumer,
            SecretKind::Client => &mut self.client,
        };
        *right = Some(right.unwrap_or(Choice::from(0)) | matches);
    }

    /// A kind that was not checked has no influence. At least one kind was checked.
    fn is_right(&self) -> Choice {
        let unless_wrong = |right: Option<Choice>| right.unwrap_or(Choice::from(1));
        unless_wrong(self.consumer) & unless_wrong(self.client)
    }
}

/// The signature headers present on a request.
#[derive(Clone, Copy)]
struct Carried {
    consumer: bool,
    client: bool,
}

impl Carried {
    fn by(head: &RequestHead<'_>) -> Self {
        let carries = |kind| !matches!(head.signature(kind), Field::Absent);
        Self { consumer: carries(SecretKind::Consumer), client: carries(SecretKind::Client) }
    }

    /// Returns the kind that signed for this app if the kind that answers challenges did not sign.
    fn another_kind(self, app: &App) -> Option<SecretKind> {
        let answering = app.challenge_kind()?;
        let carried = match answering {
            SecretKind::Consumer => self.consumer,
            SecretKind::Client => self.client,
        };
        (!carried || app.secrets(answering).is_empty()).then(|| answering.other())
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
