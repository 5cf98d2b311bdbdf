//! The kinds of events that X reports.

use std::fmt;
use std::str::FromStr;

use birdhook_core::{ApiSource, EventKind};

macro_rules! kinds {
    ($($variant:ident $name:literal $event:ident $($account_activity:literal)?, $doc:literal;)*) => {
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
            $(#[doc = $doc] $variant,)*
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
                    $(Self::$variant => ($name, EventKind::$event, [$($account_activity)?].first().copied()),)*
                }
            }
        }
    };
}

kinds! {
    Post "post.create" PostCreated "tweet_create_events", "The subscriber posts.";
    Mention "post.mention.create" PostCreated "tweet_create_events", "A user mentions the subscriber.";
    Reply "post.reply.create" PostCreated "tweet_create_events", "A user replies to the subscriber.";
    Quote "post.quote.create" PostCreated "tweet_create_events", "A user quotes the subscriber.";
    Repost "post.repost.create" PostCreated "tweet_create_events", "A user reposts the subscriber.";
    PostDelete "post.delete" PostDeleted "tweet_delete_events", "A post is deleted.";
    Like "like.create" Liked "favorite_events", "A user likes a post of the subscriber.";
    Follow "follow.follow" Followed "follow_events", "A user follows the subscriber.";
    Unfollow "follow.unfollow" Unfollowed "follow_events", "The subscriber unfollows a user.";
    Block "block.block" Blocked "block_events", "The subscriber blocks a user.";
    Unblock "block.unblock" Unblocked "block_events", "The subscriber unblocks a user.";
    Mute "mute.mute" Muted "mute_events", "The subscriber mutes a user.";
    Unmute "mute.unmute" Unmuted "mute_events", "The subscriber unmutes a user.";
    Subscribe "subscriptions.subscribe" Subscribed, "A user buys a paid subscription to the subscriber.";
    Unsubscribe "subscriptions.unsubscribe" Unsubscribed, "A user cancels a paid subscription to the subscriber.";
    MessageReceived "dm.received" MessageReceived "direct_message_events", "The subscriber receives a message.";
    MessageSent "dm.sent" MessageSent "direct_message_events", "The subscriber sends a message.";
    MessagesRead "dm.read" MessagesRead "direct_message_mark_read_events", "A user reads the subscriber's messages.";
    Typing "dm.indicate_typing" Typing "direct_message_indicate_typing_events",
        "A user types a message to the subscriber.";
    Revoke "oauth.revoke" AccessRevoked "user_event", "The subscriber revokes the app's access.";
    Bio "profile.update.bio" ProfileUpdated, "The subscriber changes their description.";
    Picture "profile.update.profile_picture" ProfileUpdated, "The subscriber changes their picture.";
    Banner "profile.update.banner_picture" ProfileUpdated, "The subscriber changes their banner.";
    Name "profile.update.screenname" ProfileUpdated, "The subscriber changes their display name.";
    Handle "profile.update.handle" ProfileUpdated, "The subscriber changes their handle.";
    Location "profile.update.geo" ProfileUpdated, "The subscriber changes their location.";
    Link "profile.update.url" ProfileUpdated, "The subscriber changes their link.";
    VerifiedBadge "profile.update.verified_badge" ProfileUpdated, "The subscriber's verification badge changes.";
    AffiliateBadge "profile.update.affiliate_badge" ProfileUpdated, "The subscriber's affiliation badge changes.";
    ChatReceived "chat.received" ChatReceived, "The subscriber receives an encrypted message.";
    ChatSent "chat.sent" ChatSent, "The subscriber sends an encrypted message.";
    ChatJoin "chat.conversation.join" ChatChanged, "The subscriber joins an encrypted conversation.";
    ChatMemberAdded "chat.conversation.member_added" ChatChanged, "A user is added to an encrypted conversation.";
    ChatMemberRemoved "chat.conversation.member_removed" ChatChanged,
        "A user is removed from an encrypted conversation.";
    ChatAdminAdded "chat.conversation.admin_added" ChatChanged, "A user becomes an admin of an encrypted conversation.";
    ChatAdminRemoved "chat.conversation.admin_removed" ChatChanged,
        "A user is no longer an admin of an encrypted conversation.";
    ChatName "chat.update.group_name" ChatChanged, "An encrypted conversation is renamed.";
    ChatRestrictions "chat.update.restrictions" ChatChanged, "The restrictions of an encrypted conversation change.";
    SpaceStart "spaces.start" SpaceStarted, "The subscriber starts a space.";
    SpaceEnd "spaces.end" SpaceEnded, "The subscriber's space ends.";
    BroadcastStart "broadcast.start" BroadcastStarted, "The subscriber starts a broadcast.";
    BroadcastEnd "broadcast.end" BroadcastEnded, "The subscriber's broadcast ends.";
    BroadcastChat "broadcast.chat" BroadcastMessage, "A user writes in the chat of the subscriber's broadcast.";
    BroadcastChatRemove "broadcast.chat.remove" BroadcastMessageRemoved,
        "A message is removed from the chat of the subscriber's broadcast.";
    News "news.new" NewsPublished, "X publishes a news story.";
    StreamPost "stream.post" PostMatched, "A post matches a rule of a filtered stream.";
    Replay "replay_job_status" ReplayFinished, "A replay has ended.";
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
