//! Activities that only the X Activity API reports, and notifications to the app itself.

use super::user::User;
use crate::event::time::Timestamp;
use crate::json::sparse::content;
use crate::json::value::{Id, Text};

content! {
    /// A user revoked the app's access.
    pub struct Revocation<'a> {
        /// The user who revoked access.
        pub user: User<'a>,
        /// X's id of the app.
        pub app_id: Option<Id<'a>>,
    }

    /// A changed profile.
    pub struct ProfileUpdate<'a> {
        /// The user whose profile changed.
        pub user: User<'a>,
        /// The changed part: `bio`, `profile_picture`, `banner_picture`, `screenname`, `handle`,
        /// `geo`, `url`, `verified_badge`, `affiliate_badge`, or a part that X adds later.
        pub field: Id<'a>,
        /// The previous value.
        pub before: Option<Text<'a>>,
        /// The new value.
        pub after: Option<Text<'a>>,
    }

    /// An encrypted message, or a change of its conversation. Only the subscriber's devices can
    /// decrypt it.
    pub struct Chat<'a> {
        /// The event's id.
        pub id: Option<Id<'a>>,
        /// X's name for the event: `received`, `sent`, `conversation.member_added` and others.
        pub event: Id<'a>,
        /// The conversation.
        pub conversation_id: Option<Id<'a>>,
        /// The sender.
        pub sender: User<'a>,
        /// The encrypted content.
        pub encrypted: Option<Text<'a>>,
        /// The version of the conversation's key.
        pub key_version: Option<Id<'a>>,
        /// A change of the conversation's key, encrypted.
        pub key_change: Option<Text<'a>>,
    }

    /// A space.
    pub struct Space<'a> {
        /// The space's id.
        pub id: Option<Id<'a>>,
        /// The host.
        pub host: User<'a>,
    }

    /// A broadcast.
    pub struct Broadcast<'a> {
        /// The broadcast's id.
        pub id: Option<Id<'a>>,
        /// The host.
        pub host: User<'a>,
        /// The title.
        pub title: Option<Text<'a>>,
        /// `Running`, `Ended` and others.
        pub state: Option<Text<'a>>,
        /// The language.
        pub language: Option<Text<'a>>,
        /// The URL of a thumbnail.
        pub thumbnail_url: Option<Text<'a>>,
        /// Whether the broadcast can be watched after its end.
        pub available_for_replay: Option<bool>,
    }

    /// A message in the chat of a broadcast.
    pub struct BroadcastMessage<'a> {
        /// The message's id.
        pub id: Option<Id<'a>>,
        /// The broadcast's id.
        pub broadcast_id: Option<Id<'a>>,
        /// The author.
        pub author: User<'a>,
        /// The text.
        pub text: Option<Text<'a>>,
    }

    /// A news story that X generated from posts.
    pub struct News<'a> {
        /// The story's id.
        pub id: Option<Id<'a>>,
        /// The headline.
        pub headline: Option<Text<'a>>,
        /// The category.
        pub category: Option<Text<'a>>,
        /// A summary in one sentence.
        pub hook: Option<Text<'a>>,
        /// The text of the story.
        pub summary: Option<Text<'a>>,
        /// X's notice that the story is machine-generated.
        pub disclaimer: Option<Text<'a>>,
        /// Time of the last change.
        pub updated_at: Option<Timestamp>,
        /// The ids of the posts that the story is based on.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub post_ids: Vec<Id<'a>>,
    }

    /// The end of a replay that the app requested.
    pub struct Replay<'a> {
        /// The job's id.
        pub job_id: Option<Id<'a>>,
        /// The webhook that received the replay.
        pub webhook_id: Option<Id<'a>>,
        /// Whether everything was replayed.
        pub complete: Option<bool>,
        /// X's description of the result.
        pub description: Option<Text<'a>>,
    }
}
