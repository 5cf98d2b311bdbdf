//! The event types of the X Activity API, and the requirements of a subscription to each.

use crate::CredentialKind::{self, Bearer, User, User2};

/// An event type of the X Activity API, and the requirements of a subscription to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventType {
    /// The name, for example `like.create`.
    pub name: &'static str,
    /// The OAuth 2.0 scopes that a user's token needs.
    pub scopes: &'static [&'static str],
    /// The accepted kinds of credentials, best first.
    pub takes: &'static [CredentialKind],
}

/// Any credentials, including the app's bearer token.
pub(super) const PUBLIC: &[CredentialKind] = &[Bearer, User2, User];
/// Any credentials, the user's first: X may refuse the bearer token to apps of lower access levels.
const USER_FIRST: &[CredentialKind] = &[User2, User, Bearer];
/// A token of the user only. The specification accepts both kinds, X's introduction only OAuth 2.0.
const PRIVATE: &[CredentialKind] = &[User2, User];

const TWEET: &[&str] = &["tweet.read"];
const LIKE: &[&str] = &["like.read"];
const MESSAGES: &[&str] = &["dm.read"];
const MUTE: &[&str] = &["mute.read"];
const BLOCK: &[&str] = &["block.read"];
const FOLLOWS: &[&str] = &["follows.read"];
/// The specification names `tweet.read`, X's introduction `broadcast.read`.
const BROADCAST: &[&str] = &["broadcast.read", "tweet.read"];

const fn row(name: &'static str, scopes: &'static [&'static str], takes: &'static [CredentialKind]) -> EventType {
    EventType { name, scopes, takes }
}

/// All event types in X's OpenAPI 2.173, as in `docs/protocol.md`. `chat.conversation_join` is an
/// alias.
pub const EVENT_TYPES: [EventType; 45] = [
    row("post.create", TWEET, PUBLIC),
    row("post.delete", TWEET, PUBLIC),
    row("post.mention.create", TWEET, PRIVATE),
    row("post.reply.create", TWEET, PRIVATE),
    row("post.quote.create", TWEET, PRIVATE),
    row("post.repost.create", TWEET, PRIVATE),
    row("like.create", LIKE, PRIVATE),
    row("follow.follow", TWEET, USER_FIRST),
    row("follow.unfollow", TWEET, USER_FIRST),
    row("subscriptions.subscribe", FOLLOWS, PRIVATE),
    row("subscriptions.unsubscribe", FOLLOWS, PRIVATE),
    row("mute.mute", MUTE, PRIVATE),
    row("mute.unmute", MUTE, PRIVATE),
    row("block.block", BLOCK, PRIVATE),
    row("block.unblock", BLOCK, PRIVATE),
    row("dm.received", MESSAGES, PRIVATE),
    row("dm.sent", MESSAGES, PRIVATE),
    row("dm.read", MESSAGES, PRIVATE),
    row("dm.indicate_typing", MESSAGES, PRIVATE),
    row("chat.received", MESSAGES, PRIVATE),
    row("chat.sent", MESSAGES, PRIVATE),
    row("chat.conversation.join", MESSAGES, PRIVATE),
    row("chat.conversation_join", MESSAGES, PRIVATE),
    row("chat.conversation.member_added", MESSAGES, PRIVATE),
    row("chat.conversation.member_removed", MESSAGES, PRIVATE),
    row("chat.conversation.admin_added", MESSAGES, PRIVATE),
    row("chat.conversation.admin_removed", MESSAGES, PRIVATE),
    row("chat.update.group_name", MESSAGES, PRIVATE),
    row("chat.update.restrictions", MESSAGES, PRIVATE),
    row("profile.update.bio", TWEET, PUBLIC),
    row("profile.update.profile_picture", TWEET, PUBLIC),
    row("profile.update.banner_picture", TWEET, PUBLIC),
    row("profile.update.screenname", TWEET, PUBLIC),
    row("profile.update.handle", TWEET, PUBLIC),
    row("profile.update.geo", TWEET, PUBLIC),
    row("profile.update.url", TWEET, PUBLIC),
    row("profile.update.verified_badge", TWEET, PUBLIC),
    row("profile.update.affiliate_badge", TWEET, PUBLIC),
    row("spaces.start", TWEET, PUBLIC),
    row("spaces.end", TWEET, PUBLIC),
    row("broadcast.start", BROADCAST, PUBLIC),
    row("broadcast.end", BROADCAST, PUBLIC),
    row("broadcast.chat", BROADCAST, PRIVATE),
    row("broadcast.chat.remove", BROADCAST, PRIVATE),
    row("news.new", TWEET, PUBLIC),
];

impl EventType {
    /// Returns the requirements of a subscription to this type. A type outside [`EVENT_TYPES`] is
    /// treated like the first type of its family, and a type of an unknown family like a public
    /// one.
    pub(crate) fn of(name: &str) -> Self {
        let family = |name: &str| name.split('.').next().map(str::to_owned);
        let exact = EVENT_TYPES.iter().find(|known| known.name == name);
        let akin = || EVENT_TYPES.iter().find(|known| family(known.name) == family(name));
        exact.or_else(akin).copied().unwrap_or(row("", TWEET, PUBLIC))
    }

    /// Returns whether the type needs a user's token: the app's bearer token is not accepted.
    pub(crate) fn is_private(self) -> bool {
        !self.takes.contains(&Bearer)
    }
}

/// Returns the event types of X's OpenAPI 2.173, and `oauth.revoke`, which X's introduction lists.
fn names() -> impl Iterator<Item = &'static str> {
    EVENT_TYPES.iter().map(|known| known.name).chain(["oauth.revoke"])
}

/// A deprecated name. X's responses use `chat.conversation.join`.
const ALIAS: &str = "chat.conversation_join";

pub(crate) fn canonical(event_type: &str) -> &str {
    if event_type == ALIAS { "chat.conversation.join" } else { event_type }
}

pub(crate) fn is_known(event_type: &str) -> bool {
    names().any(|known| known == event_type)
}

/// Returns suggestions for an unknown name: the nearest type, otherwise the types of the same
/// family.
pub(crate) fn suggestions(name: &str) -> Vec<&'static str> {
    let near = names().map(|known| (distance(name, known), known)).min();
    if let Some((_, known)) = near.filter(|(distance, known)| *distance <= (known.len() / 4).max(2)) {
        return vec![known];
    }
    let family = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    names().filter(|known| family(known) == family(name)).collect()
}

fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (number, letter) in one.chars().enumerate() {
        let (mut left, mut above_left) = (number + 1, number);
        let mut next = vec![left];
        for (other, above) in other.chars().zip(row.iter().skip(1).copied()) {
            left = (above_left + usize::from(letter != other)).min(above + 1).min(left + 1);
            above_left = above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_type_takes_what_its_family_does() {
        for (name, scopes, takes) in [
            ("like.delete", LIKE, PRIVATE),
            ("chat.read", MESSAGES, PRIVATE),
            ("follow.request", TWEET, USER_FIRST),
            ("post.pin", TWEET, PUBLIC),
            ("tea.drunk", TWEET, PUBLIC),
            ("", TWEET, PUBLIC),
        ] {
            let known = EventType::of(name);
            assert_eq!((known.scopes, known.takes), (scopes, takes), "{name}");
        }
        for known in EVENT_TYPES {
            assert_eq!(EventType::of(known.name), known);
        }
    }

    #[test]
    fn an_unknown_event_type_has_a_suggestion() {
        assert_eq!(suggestions("like.created"), ["like.create"]);
        assert_eq!(suggestions("follow.unfolow"), ["follow.unfollow"]);
        assert_eq!(suggestions("dm.recieved"), ["dm.received"]);
        assert_eq!(suggestions("mute.everybody"), ["mute.mute", "mute.unmute"]);
        assert!(suggestions("tea.was_drunk").is_empty());
        assert_eq!((distance("", "abc"), distance("abc", "abd"), distance("abc", "c")), (3, 1, 2));
    }

    #[test]
    fn every_kind_of_the_test_kit_can_be_subscribed() {
        for kind in birdhook_testkit::MockEventKind::ALL {
            let is_delivered_unasked = ["replay_job_status", "stream.post"].contains(&kind.as_str());
            assert!(is_known(kind.as_str()) || is_delivered_unasked, "{}", kind.as_str());
        }
    }
}
