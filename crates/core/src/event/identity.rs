//! The part of an event's key that is the same for every app and subscriber.

use sha2::{Digest, Sha256};

use super::key::{DedupeScope, EventKey, write_part};
use super::time::Timestamp;

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
    /// X names neither.
    Unknown,
}

/// The part of an event's key that is the same for every app and subscriber.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity([u8; 32]);

impl Identity {
    /// Hashes a list of parts.
    pub(crate) fn new<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        IdentityPrefix::new(parts).identity()
    }

    /// Returns the identity of an event of this kind with these ids.
    pub(crate) fn with_ids(kind: &str, ids: &[&str]) -> Self {
        Self::new(std::iter::once(kind).chain(ids.iter().copied()).map(str::as_bytes))
    }

    /// Returns the identity of an event of this kind that these users took part in at this time.
    pub(crate) fn at_time(kind: &str, users: [&str; 2], time: Timestamp) -> Self {
        let [first, second] = users.map(str::as_bytes);
        Self::new([kind.as_bytes(), first, second, &time.as_millis().to_be_bytes()])
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
        EventKey::from(<[u8; 32]>::from(hash.finalize()))
    }
}

/// The hash state of a prefix shared by the identities of many events. Hashed once, because the
/// prefix may be as long as a body.
#[derive(Clone)]
pub(crate) struct IdentityPrefix(Sha256);

impl IdentityPrefix {
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

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPES: [DedupeScope; 4] =
        [DedupeScope::Subscription, DedupeScope::Conversation, DedupeScope::AcrossApps, DedupeScope::Everywhere];

    #[test]
    fn different_lists_of_parts_have_different_identities() {
        let identity = |parts: &[&str]| Identity::new(parts.iter().map(|part| part.as_bytes()));
        assert!(identity(&["ab", "c"]) != identity(&["a", "bc"]));
        assert!(identity(&["a", ""]) != identity(&["a"]));
    }

    #[test]
    fn each_scope_merges_only_what_it_documents() {
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
