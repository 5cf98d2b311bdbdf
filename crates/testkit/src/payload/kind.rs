//! The kinds of events that X reports.

use std::fmt;
use std::str::FromStr;

use birdhook_core::{ApiSource, EventKind};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $event:ident, $account_activity:expr;)*) => {
        /// A kind of event, by the most specific name that X has for it.
        ///
        /// The kinds are the event types of the X Activity API, plus those of filtered streams and
        /// replays. Parses X's names of either API (`like.create`, `favorite_events`) and the names
        /// of [`EventKind`] (`liked`). A name that several kinds share means the first of them.
        ///
        /// ```
        /// use birdhook_testkit::MockEventKind;
        ///
        /// assert_eq!("favorite_events".parse(), Ok(MockEventKind::Like));
        /// assert_eq!("liked".parse(), Ok(MockEventKind::Like));
        /// assert_eq!(MockEventKind::Like.as_str(), "like.create");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum MockEventKind {
            $($(#[$doc])* $variant,)*
        }

        impl MockEventKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Returns X's name of this kind. The names are stable.
            pub fn as_str(self) -> &'static str {
                self.row().0
            }

            /// Returns the kind that a receiver reports.
            pub fn event_kind(self) -> EventKind {
                self.row().1
            }

            /// Returns the member of an Account Activity body that holds this kind; `None` if that
            /// API does not report it.
            pub fn account_activity(self) -> Option<&'static str> {
                self.row().2
            }

            fn row(self) -> (&'static str, EventKind, Option<&'static str>) {
                match self {
                    $(Self::$variant => ($name, EventKind::$event, $account_activity),)*
                }
            }
        }
    };
}

kinds! {
    /// The subscriber posts.
    Post = "post.create", PostCreated, Some("tweet_create_events");
    /// A user mentions the subscriber.
    Mention = "post.mention.create", PostCreated, Some("tweet_create_events");
    /// A user replies to the subscriber.
    Reply = "post.reply.create", PostCreated, Some("tweet_create_events");
    /// A user quotes the subscriber.
    Quote = "post.quote.create", PostCreated, Some("tweet_create_events");
    /// A user reposts the subscriber.
    Repost = "post.repost.create", PostCreated, Some("tweet_create_events");
    /// A post is deleted.
    PostDelete = "post.delete", PostDeleted, Some("tweet_delete_events");
    /// A user likes a post of the subscriber.
    Like = "like.create", Liked, Some("favorite_events");
    /// A user follows the subscriber.
    Follow = "follow.follow", Followed, Some("follow_events");
    /// The subscriber unfollows a user.
    Unfollow = "follow.unfollow", Unfollowed, Some("follow_events");
    /// The subscriber blocks a user.
    Block = "block.block", Blocked, Some("block_events");
    /// The subscriber unblocks a user.
    Unblock = "block.unblock", Unblocked, Some("block_events");
    /// The subscriber mutes a user.
    Mute = "mute.mute", Muted, Some("mute_events");
    /// The subscriber unmutes a user.
    Unmute = "mute.unmute", Unmuted, Some("mute_events");
    /// A user buys a paid subscription to the subscriber.
    Subscribe = "subscriptions.subscribe", Subscribed, None;
    /// A user cancels a paid subscription to the subscriber.
    Unsubscribe = "subscriptions.unsubscribe", Unsubscribed, None;
    /// The subscriber receives a message.
    MessageReceived = "dm.received", MessageReceived, Some("direct_message_events");
    /// The subscriber sends a message.
    MessageSent = "dm.sent", MessageSent, Some("direct_message_events");
    /// A user reads the subscriber's messages.
    MessagesRead = "dm.read", MessagesRead, Some("direct_message_mark_read_events");
    /// A user types a message to the subscriber.
    Typing = "dm.indicate_typing", Typing, Some("direct_message_indicate_typing_events");
    /// The subscriber revokes the app's access.
    Revoke = "oauth.revoke", AccessRevoked, Some("user_event");
    /// The subscriber changes their description.
    Bio = "profile.update.bio", ProfileUpdated, None;
    /// The subscriber changes their picture.
    Picture = "profile.update.profile_picture", ProfileUpdated, None;
    /// The subscriber changes their banner.
    Banner = "profile.update.banner_picture", ProfileUpdated, None;
    /// The subscriber changes their display name.
    Name = "profile.update.screenname", ProfileUpdated, None;
    /// The subscriber changes their handle.
    Handle = "profile.update.handle", ProfileUpdated, None;
    /// The subscriber changes their location.
    Location = "profile.update.geo", ProfileUpdated, None;
    /// The subscriber changes their link.
    Link = "profile.update.url", ProfileUpdated, None;
    /// The subscriber's verification badge changes.
    VerifiedBadge = "profile.update.verified_badge", ProfileUpdated, None;
    /// The subscriber's affiliation badge changes.
    AffiliateBadge = "profile.update.affiliate_badge", ProfileUpdated, None;
    /// The subscriber receives an encrypted message.
    ChatReceived = "chat.received", ChatReceived, None;
    /// The subscriber sends an encrypted message.
    ChatSent = "chat.sent", ChatSent, None;
    /// The subscriber joins an encrypted conversation.
    ChatJoin = "chat.conversation.join", ChatChanged, None;
    /// A user is added to an encrypted conversation.
    ChatMemberAdded = "chat.conversation.member_added", ChatChanged, None;
    /// A user is removed from an encrypted conversation.
    ChatMemberRemoved = "chat.conversation.member_removed", ChatChanged, None;
    /// A user becomes an admin of an encrypted conversation.
    ChatAdminAdded = "chat.conversation.admin_added", ChatChanged, None;
    /// A user is no longer an admin of an encrypted conversation.
    ChatAdminRemoved = "chat.conversation.admin_removed", ChatChanged, None;
    /// An encrypted conversation is renamed.
    ChatName = "chat.update.group_name", ChatChanged, None;
    /// The restrictions of an encrypted conversation change.
    ChatRestrictions = "chat.update.restrictions", ChatChanged, None;
    /// The subscriber starts a space.
    SpaceStart = "spaces.start", SpaceStarted, None;
    /// The subscriber's space ends.
    SpaceEnd = "spaces.end", SpaceEnded, None;
    /// The subscriber starts a broadcast.
    BroadcastStart = "broadcast.start", BroadcastStarted, None;
    /// The subscriber's broadcast ends.
    BroadcastEnd = "broadcast.end", BroadcastEnded, None;
    /// A user writes in the chat of the subscriber's broadcast.
    BroadcastChat = "broadcast.chat", BroadcastMessage, None;
    /// A message is removed from the chat of the subscriber's broadcast.
    BroadcastChatRemove = "broadcast.chat.remove", BroadcastMessageRemoved, None;
    /// X publishes a news story.
    News = "news.new", NewsPublished, None;
    /// A post matches a rule of a filtered stream.
    StreamPost = "stream.post", PostMatched, None;
    /// A replay has ended.
    Replay = "replay_job_status", ReplayFinished, None;
}

impl MockEventKind {
    /// Returns the APIs that report this kind.
    pub fn api_sources(self) -> &'static [ApiSource] {
        match self {
            Self::StreamPost => &[ApiSource::FilteredStream],
            Self::Replay => &[ApiSource::Replay],
            _ if self.account_activity().is_some() => &[ApiSource::AccountActivity, ApiSource::XActivity],
            _ => &[ApiSource::XActivity],
        }
    }
}

impl fmt::Display for MockEventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for MockEventKind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        let by = |named: fn(Self, &str) -> bool| Self::ALL.iter().copied().find(|kind| named(*kind, name));
        by(|kind, name| kind.as_str() == name)
            .or_else(|| by(|kind, name| kind.account_activity() == Some(name)))
            .or_else(|| by(|kind, name| kind.event_kind().as_str() == name))
            .ok_or_else(|| UnknownKind(name.to_owned()))
    }
}

/// The error for a name that is not a [`MockEventKind`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid kind {0:?}: expected a name such as `like.create`, `favorite_events` or `liked`")]
pub struct UnknownKind(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_round_trips() {
        for kind in MockEventKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(*kind));
            // A name that several kinds share means the first of them.
            let first = |named: &dyn Fn(&MockEventKind) -> bool| {
                MockEventKind::ALL.iter().copied().find(|kind| named(kind)).unwrap()
            };
            let of_event = first(&|other| other.event_kind() == kind.event_kind());
            assert_eq!(kind.event_kind().as_str().parse(), Ok(of_event), "{kind}");
            if let Some(member) = kind.account_activity() {
                let of_member = first(&|other| other.account_activity() == Some(member));
                assert_eq!(member.parse(), Ok(of_member), "{kind}");
            }
        }
        for name in ["", "Like.Create", "like", "unknown"] {
            assert_eq!(name.parse::<MockEventKind>(), Err(UnknownKind(name.to_owned())));
        }
    }
}
