//! A POST's body: counted, authenticated chunk by chunk, and parsed only once it is verified.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use hmac::Mac;
use subtle::{Choice, ConditionallySelectable};

use crate::head::{Field, RequestHead};
use crate::secret::{RunningMac, SecretKind};
use crate::signature::Signature;
use crate::{App, Apps, Delivery, Direction, Endpoint, Event, Reason, Reply, Secret, envelope};

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
    /// when it is neither a JSON object nor a list with an object in it.
    pub fn finish(self) -> Result<Delivery, Reply> {
        if self.owed.is_some_and(|owed| owed != 0) {
            return Err(Reason::BodyCutOff.into());
        }
        let carried = self.checks.carried;
        let app =
            self.checks.matching().and_then(|index| self.endpoint.apps().get(index)).ok_or(Reason::SignatureWrong)?;
        let events_limit = self.endpoint.settings().events_limit;
        let delivery = envelope::read(self.body.whole(), Arc::clone(app.shared_name()), events_limit);
        let mut delivery = delivery.ok_or(Reason::NotAnObject)?;
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

/// One running MAC for each secret that could have signed the request, app by app and kind by kind: most apps have one.
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
    /// Decides for each app which headers count. A request that no app could have signed is refused unread.
    pub(crate) fn start(apps: &Apps, head: &RequestHead<'_>) -> Result<Self, Reason> {
        let (mut first, mut more) = (None, Vec::new());
        let mut refusal = Reason::SignatureMissing;
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
                Err(Reason::SignatureMissing) => {}
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

    /// The first app whose secrets made every signature that it can check. Every secret is tried, whichever matches.
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

/// The signatures that an app can check; `None` for a header that it ignores.
fn claims(app: &App, head: &RequestHead<'_>) -> Result<[Option<Signature>; 2], Reason> {
    let claim = |kind| match head.signature(kind) {
        _ if app.secrets(kind).is_empty() => Ok(None),
        Field::Absent => Ok(None),
        Field::Repeated => Err(Reason::SignatureRepeated),
        Field::Once(value) => Signature::parse(value).map(Some).ok_or(Reason::SignatureMalformed),
    };
    match [claim(SecretKind::Consumer)?, claim(SecretKind::Client)?] {
        [None, None] => Err(Reason::SignatureMissing),
        claims => Ok(claims),
    }
}

/// What the checks of one app have shown: of each kind that was checked, whether a secret made the signature.
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

    /// A kind that was not checked decides nothing; there is always one that was.
    fn is_right(&self) -> Choice {
        let unless_wrong = |right: Option<Choice>| right.unwrap_or(Choice::from(1));
        unless_wrong(self.consumer) & unless_wrong(self.client)
    }
}

/// The signature headers that a request carries.
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

    /// The kind that signed for this app, if none of the answering kind did.
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
