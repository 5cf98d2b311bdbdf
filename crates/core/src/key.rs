//! The keys that identify events for deduplication.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::ApiSource;

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
    pub fn reported_by(&self, generation: ApiSource) -> Self {
        let mut hash = Sha256::new_with_prefix(b"birdhook event key by generation 1\0");
        hash.update(self.0);
        write_part(&mut hash, generation.as_str().as_bytes());
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
    fn by_app(self) -> bool {
        matches!(self, Self::Subscription | Self::Conversation)
    }

    pub(crate) fn by_subscriber(self) -> bool {
        matches!(self, Self::Subscription | Self::AcrossApps)
    }
}

/// The way an event is matched with a report from the other API.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    /// By its identity, or not at all because only one API reports it.
    Same,
    /// By this identity, which contains an id.
    Id(Identity),
    /// By this identity. The event keeps the delivery key that it had before this shape of body was
    /// supported.
    Added(Identity),
    /// By who did what to whom, because at least one API does not report the time.
    Timeless(Identity),
}

/// The subject of the subscription that delivered an event.
#[derive(Clone, Copy)]
pub(crate) enum Subscription<'a> {
    User(&'a str),
    /// A word in posts or stories. A text with two subscribed words is delivered to both
    /// subscriptions.
    Keyword(&'a str),
    Unsaid,
}

/// The part of an event's key that is the same for every app and subscriber.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity([u8; 32]);

impl Identity {
    /// Each part is preceded by its length, so that different lists of parts never produce the same
    /// bytes.
    pub(crate) fn new<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Beginning::new(parts).identity()
    }

    /// Returns the identity for one of the event types under which the X Activity API reports a
    /// post.
    pub(crate) fn of_activity(self, event_type: &str) -> Self {
        Self::new([b"activity".as_slice(), event_type.as_bytes(), &self.0])
    }

    pub(crate) fn scoped(&self, scope: DedupeScope, app: &str, subscription: Subscription<'_>) -> EventKey {
        let mut hash = Sha256::new_with_prefix(b"birdhook event key 1\0");
        hash.update([u8::from(scope.by_app()), u8::from(scope.by_subscriber())]);
        hash.update(self.0);
        if scope.by_app() {
            write_part(&mut hash, app.as_bytes());
        }
        match subscription {
            Subscription::User(user) if scope.by_subscriber() => write_part(&mut hash, user.as_bytes()),
            Subscription::Keyword(word) if scope.by_subscriber() => {
                ["keyword", word].iter().for_each(|part| write_part(&mut hash, part.as_bytes()));
            }
            _ => {}
        }
        EventKey(hash.finalize().into())
    }
}

/// The hash state of a prefix shared by the identities of many events. Hashed once, because the
/// prefix may be as long as a body.
#[derive(Clone)]
pub(crate) struct Beginning(Sha256);

impl Beginning {
    pub(crate) fn new<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new_with_prefix(b"birdhook event identity 1\0");
        parts.into_iter().for_each(|part| write_part(&mut hash, part));
        Self(hash)
    }

    pub(crate) fn then(mut self, Identity(last): Identity) -> Self {
        write_part(&mut self.0, &last);
        self
    }

    pub(crate) fn identity(self) -> Identity {
        Identity(self.0.finalize().into())
    }
}

fn write_part(hash: &mut Sha256, part: &[u8]) {
    hash.update((part.len() as u64).to_be_bytes());
    hash.update(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPES: [DedupeScope; 4] =
        [DedupeScope::Subscription, DedupeScope::Conversation, DedupeScope::AcrossApps, DedupeScope::Everywhere];

    #[test]
    fn parts_do_not_run_into_each_other() {
        let identity = |parts: &[&str]| Identity::new(parts.iter().map(|part| part.as_bytes()));
        assert!(identity(&["ab", "c"]) != identity(&["a", "bc"]));
        assert!(identity(&["a", ""]) != identity(&["a"]));
    }

    #[test]
    fn each_scope_merges_what_it_says() {
        let identity = Identity::new([b"message".as_slice(), b"1"]);
        let merges = |scope: DedupeScope, one: (&str, &str), other: (&str, &str)| {
            let key = |(app, user)| identity.scoped(scope, app, Subscription::User(user));
            key(one) == key(other)
        };
        for (scope, subscribers, apps) in SCOPES
            .into_iter()
            .zip([(false, false), (true, false), (false, true), (true, true)])
            .map(|(a, (b, c))| (a, b, c))
        {
            assert!(merges(scope, ("app", "7"), ("app", "7")), "{scope:?}");
            assert_eq!(merges(scope, ("app", "7"), ("app", "8")), subscribers, "{scope:?}");
            assert_eq!(merges(scope, ("app", "7"), ("other", "7")), apps, "{scope:?}");
        }
    }

    #[test]
    fn no_two_scopes_share_a_key() {
        let identity = Identity::new([b"message".as_slice(), b"1"]);
        let keys: std::collections::HashSet<_> =
            SCOPES.iter().map(|&scope| identity.scoped(scope, "app", Subscription::User("7"))).collect();
        assert_eq!(keys.len(), 4);
    }
}
