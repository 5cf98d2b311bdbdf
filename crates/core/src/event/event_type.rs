//! The event types of the X Activity API, with all names that X has used for them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::kind::EventKind;

/// The documented types with their current names. Matched by their words, see [`known`].
static TYPES: [(&str, EventKind); 44] = [
    ("post.create", EventKind::PostCreated),
    ("post.mention.create", EventKind::PostCreated),
    ("post.reply.create", EventKind::PostCreated),
    ("post.quote.create", EventKind::PostCreated),
    ("post.repost.create", EventKind::PostCreated),
    ("post.delete", EventKind::PostDeleted),
    ("like.create", EventKind::Liked),
    ("follow.follow", EventKind::Followed),
    ("follow.unfollow", EventKind::Unfollowed),
    ("block.block", EventKind::Blocked),
    ("block.unblock", EventKind::Unblocked),
    ("mute.mute", EventKind::Muted),
    ("mute.unmute", EventKind::Unmuted),
    ("dm.sent", EventKind::MessageSent),
    ("dm.received", EventKind::MessageReceived),
    ("dm.read", EventKind::MessagesRead),
    ("dm.indicate_typing", EventKind::Typing),
    ("oauth.revoke", EventKind::AccessRevoked),
    ("profile.update.bio", EventKind::ProfileUpdated),
    ("profile.update.profile_picture", EventKind::ProfileUpdated),
    ("profile.update.banner_picture", EventKind::ProfileUpdated),
    ("profile.update.screenname", EventKind::ProfileUpdated),
    ("profile.update.handle", EventKind::ProfileUpdated),
    ("profile.update.geo", EventKind::ProfileUpdated),
    ("profile.update.url", EventKind::ProfileUpdated),
    ("profile.update.verified_badge", EventKind::ProfileUpdated),
    ("profile.update.affiliate_badge", EventKind::ProfileUpdated),
    ("chat.received", EventKind::ChatReceived),
    ("chat.sent", EventKind::ChatSent),
    ("chat.conversation.join", EventKind::ChatChanged),
    ("chat.conversation.member_added", EventKind::ChatChanged),
    ("chat.conversation.member_removed", EventKind::ChatChanged),
    ("chat.conversation.admin_added", EventKind::ChatChanged),
    ("chat.conversation.admin_removed", EventKind::ChatChanged),
    ("chat.update.group_name", EventKind::ChatChanged),
    ("chat.update.restrictions", EventKind::ChatChanged),
    ("spaces.start", EventKind::SpaceStarted),
    ("spaces.end", EventKind::SpaceEnded),
    ("broadcast.start", EventKind::BroadcastStarted),
    ("broadcast.end", EventKind::BroadcastEnded),
    ("broadcast.chat", EventKind::BroadcastMessage),
    ("news.new", EventKind::NewsPublished),
    ("space.start", EventKind::SpaceStarted),
    ("space.end", EventKind::SpaceEnded),
];

/// Types that X added, or third parties reported, after X switched to dotted names. They have no
/// other names.
static DOTTED_ONLY: [(&str, EventKind); 5] = [
    ("subscriptions.subscribe", EventKind::Subscribed),
    ("subscriptions.unsubscribe", EventKind::Unsubscribed),
    ("broadcast.chat.remove", EventKind::BroadcastMessageRemoved),
    ("chat.read", EventKind::ChatRead),
    ("chat.indicate_typing", EventKind::ChatTyping),
];

/// The maximum length of an event name or type, in bytes. The limit matters because each of
/// thousands of events carries the name.
const MAX_NAME_LEN: usize = 128;

/// Returns whether a member with this name holds events of the Account Activity API.
pub(crate) fn names_events(member: &str) -> bool {
    member.ends_with("_events") && member.len() <= MAX_NAME_LEN
}

/// Returns the current name and the kind of a type.
///
/// Until March 2026 names had the form `ProfileBioUpdate`, and some types still have aliases such
/// as `chat.conversation_join`. A type is therefore recognised by its words, in any order and
/// notation.
pub(crate) fn known(name: &str) -> Option<(&'static str, EventKind)> {
    // Former names with other words than the current ones.
    let name = match name {
        "ProfilePictureUpdate" | "profile.update.picture" => "profile.update.profile_picture",
        "ProfileBannerUpdate" | "profile.update.banner" => "profile.update.banner_picture",
        "ProfileScreenNameUpdate" | "profile.update.screen_name" => "profile.update.screenname",
        "TrendsNew" | "trends.new" => "news.new",
        _ => name,
    };
    let exact = TYPES.iter().chain(&DOTTED_ONLY).find(|(known, _)| *known == name);
    let by_words = || if name.len() <= MAX_NAME_LEN { BY_WORDS.get(&words(name)).copied() } else { None };
    exact.or_else(by_words).copied()
}

/// Built once: splitting forty names for each event with a former name would double reading time.
static BY_WORDS: LazyLock<HashMap<Vec<String>, &(&str, EventKind)>> =
    LazyLock::new(|| TYPES.iter().map(|known| (words(known.0), known)).collect());

/// Returns the kind for an unknown type of a known family.
pub(crate) fn family(name: &str) -> EventKind {
    if name.len() > MAX_NAME_LEN {
        return EventKind::Unknown;
    }
    let words = words(name);
    let has = |word: &str| words.iter().any(|one| one == word);
    match () {
        () if has("profile") && has("update") => EventKind::ProfileUpdated,
        () if has("chat") && (has("conversation") || has("update")) => EventKind::ChatChanged,
        () => EventKind::Unknown,
    }
}

/// Returns the part of a name after its family, in the current notation: `bio` for
/// `profile.update.bio` and for the former `ProfileBioUpdate`. Names of no family are returned
/// unchanged.
pub(crate) fn detail<'a>(name: &'a str, family: &str) -> Cow<'a, str> {
    let present = known(name).map_or(name, |(present, _)| present);
    if let Some(detail) = present.strip_prefix(family) {
        return Cow::Borrowed(detail);
    }
    if name.len() > MAX_NAME_LEN {
        return Cow::Borrowed(name);
    }
    let of_family: Vec<&str> = family.split('.').collect();
    let mut words = words_in_order(name);
    let before = words.len();
    words.retain(|word| !of_family.contains(&word.as_str()));
    if words.is_empty() || before == words.len() { Cow::Borrowed(name) } else { Cow::Owned(words.join("_")) }
}

/// Returns the sorted words of a name: `ProfileBioUpdate` and `profile.update.bio` are equal.
fn words(name: &str) -> Vec<String> {
    let mut words = words_in_order(name);
    words.sort_unstable();
    words
}

fn words_in_order(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut continues = false;
    for (at, letter) in name.char_indices() {
        let before = name.get(..at).and_then(|before| before.chars().next_back());
        let after = name.get(at + letter.len_utf8()..).and_then(|after| after.chars().next());
        let begins = letter.is_ascii_uppercase()
            && (before.is_some_and(|before| before.is_ascii_lowercase())
                || after.is_some_and(|after| after.is_ascii_lowercase()));
        if !letter.is_ascii_alphanumeric() {
            continues = false;
        } else if let Some(word) = words.last_mut().filter(|_| continues && !begins) {
            word.push(letter.to_ascii_lowercase());
        } else {
            words.push(letter.to_ascii_lowercase().to_string());
            continues = true;
        }
    }
    for word in &mut words {
        if word == "tweet" {
            *word = "post".into();
        }
    }
    // `OAuth` is one word in the current names.
    if let Some(at) = words.windows(2).position(|pair| pair == ["o", "auth"]) {
        words.drain(at..at + 2);
        words.push("oauth".into());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_former_name_of_a_type_is_known() {
        for (name, present) in [
            ("post.create", "post.create"),
            ("ProfileBioUpdate", "profile.update.bio"),
            ("ProfilePictureUpdate", "profile.update.profile_picture"),
            ("ProfileScreenNameUpdate", "profile.update.screenname"),
            ("ProfileScreennameUpdate", "profile.update.screenname"),
            ("ProfileBannerPictureUpdate", "profile.update.banner_picture"),
            ("ProfileBannerUpdate", "profile.update.banner_picture"),
            ("TrendsNew", "news.new"),
            ("NewsNew", "news.new"),
            ("chat.conversation_join", "chat.conversation.join"),
            ("FollowUnfollow", "follow.unfollow"),
            ("PostMentionCreate", "post.mention.create"),
            ("TweetCreate", "post.create"),
            ("DMReceived", "dm.received"),
            ("DmIndicateTyping", "dm.indicate_typing"),
            ("OAuthRevoke", "oauth.revoke"),
            ("SpacesStart", "spaces.start"),
        ] {
            assert_eq!(known(name).map(|(present, _)| present), Some(present), "{name}");
        }
        for name in ["", ".", "post", "post.create.create", "like.delete", "Ünfollow", "profile.update"] {
            assert_eq!(known(name), None, "{name}");
        }
    }

    #[test]
    fn an_unknown_type_is_recognised_by_its_family() {
        for (name, kind, family, said) in [
            ("profile.update.location", EventKind::ProfileUpdated, "profile.update.", "location"),
            ("ProfileLocationUpdate", EventKind::ProfileUpdated, "profile.update.", "location"),
            ("ProfileBirthDateUpdate", EventKind::ProfileUpdated, "profile.update.", "birth_date"),
            ("ProfileBioUpdate", EventKind::ProfileUpdated, "profile.update.", "bio"),
            ("ProfileUpdate", EventKind::ProfileUpdated, "profile.update.", "ProfileUpdate"),
            ("chat.conversation.renamed", EventKind::ChatChanged, "chat.", "conversation.renamed"),
            ("ChatConversationRenamed", EventKind::ChatChanged, "chat.", "conversation_renamed"),
            ("ChatUpdateTheme", EventKind::ChatChanged, "chat.", "update_theme"),
            ("chat.deleted", EventKind::Unknown, "chat.", "deleted"),
            ("profile.bio", EventKind::Unknown, "profile.update.", "bio"),
        ] {
            assert_eq!((self::family(name), &*detail(name, family)), (kind, said), "{name}");
        }
    }

    #[test]
    fn no_two_types_have_the_same_words() {
        for (at, (name, _)) in TYPES.iter().enumerate() {
            assert!(TYPES[..at].iter().all(|(other, _)| words(other) != words(name)), "{name}");
        }
    }
}
