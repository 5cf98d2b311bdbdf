//! The keys that identify events for deduplication.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use super::kind::ApiSource;
use crate::traits::{deserialize_text, error_traits, serialize_text};

/// The key of an event, for deduplication: a SHA-256 hash over the ids that X uses for its kind.
///
/// The key is the same each time X reports the same event, in any order of members, and differs
/// between events. If X gives neither an id nor a time, the event's bytes are hashed. A
/// [`DedupeScope`] decides whether app and subscriber are part of the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey([u8; 32]);

impl EventKey {
    /// Returns the key's bytes, which are evenly distributed.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns a separate key for this event as reported by one API.
    #[must_use]
    pub fn reported_by(&self, api_source: ApiSource) -> Self {
        let mut hash = Sha256::new_with_prefix(b"birdhook event key by generation 1\0");
        hash.update(self.0);
        write_part(&mut hash, api_source.as_str().as_bytes());
        Self(hash.finalize().into())
    }
}

impl From<[u8; 32]> for EventKey {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// 64 hexadecimal digits.
impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

serialize_text!(EventKey, collect_str);
deserialize_text!(EventKey);

/// Reads 64 hexadecimal digits.
impl FromStr for EventKey {
    type Err = ParseEventKeyError;

    fn from_str(text: &str) -> Result<Self, ParseEventKeyError> {
        let mut bytes = [0; 32];
        let mut digits =
            text.bytes().map(|digit| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok()));
        for byte in &mut bytes {
            let (Some(Some(high)), Some(Some(low))) = (digits.next(), digits.next()) else {
                return Err(ParseEventKeyError(()));
            };
            *byte = high << 4 | low;
        }
        if digits.next().is_some() { Err(ParseEventKeyError(())) } else { Ok(bytes.into()) }
    }
}

/// Error from parsing an [`EventKey`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ParseEventKeyError(());

error_traits!(ParseEventKeyError, |_error, f| f.write_str("invalid event key: expected 64 hexadecimal digits"));

impl fmt::Debug for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventKey({self})")
    }
}

/// The scope of deduplication: which events count as duplicates of each other.
///
/// X delivers one event several times on purpose: once for each subscribed user who takes part in
/// it, and once for each app that subscribed them
/// (<https://docs.x.com/x-api/account-activity/introduction>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DedupeScope {
    /// Only a redelivery is a duplicate: same event, same app, and same subscriber or subscribed
    /// word.
    #[default]
    Subscription,
    /// Two subscribed users in one conversation share one event. Each app still gets its own.
    ///
    /// The copy that arrives first is delivered, so a message may arrive as
    /// [`MessageSent`](crate::EventKind::MessageSent) only: do not skip sent messages in this
    /// scope. It merges every kind that two subscribers receive, not only messages.
    Conversation,
    /// Several apps on one URL share one event. Each subscriber still gets their own.
    AcrossApps,
    /// An event is delivered once for all apps and subscribers.
    Everywhere,
}

impl DedupeScope {
    pub(super) fn by_app(self) -> bool {
        matches!(self, Self::Subscription | Self::Conversation)
    }

    pub(crate) fn by_subscriber(self) -> bool {
        matches!(self, Self::Subscription | Self::AcrossApps)
    }
}

/// Hashes a part after its length, so that different lists of parts never produce the same bytes.
pub(super) fn write_part(hash: &mut Sha256, part: &[u8]) {
    hash.update((part.len() as u64).to_be_bytes());
    hash.update(part);
}
