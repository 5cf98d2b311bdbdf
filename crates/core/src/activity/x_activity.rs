//! Activities that only the X Activity API reports, and notifications to the app itself.

use serde::Serialize;

use super::user::User;
use crate::event::time::Timestamp;
use crate::json::value::{Id, Text};

/// A user revoked the app's access.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Revocation<'a> {
    /// The user who revoked access.
    pub user: User<'a>,
    /// X's id of the app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<Id<'a>>,
}

/// A changed profile.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProfileUpdate<'a> {
    /// The user whose profile changed.
    pub user: User<'a>,
    /// The changed part: `bio`, `profile_picture`, `banner_picture`, `screenname`, `handle`, `geo`,
    /// `url`, `verified_badge`, `affiliate_badge`, or a part that X adds later.
    pub field: Id<'a>,
    /// The previous value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Text<'a>>,
    /// The new value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Text<'a>>,
}

/// An encrypted message, or a change of its conversation. Only the subscriber's devices can decrypt
/// it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Chat<'a> {
    /// The event's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<'a>>,
    /// X's name for the event: `received`, `sent`, `conversation.member_added` and others.
    pub event: Id<'a>,
    /// The conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<Id<'a>>,
    /// The sender.
    pub sender: User<'a>,
    /// The encrypted content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<Text<'a>>,
    /// The version of the conversation's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_version: Option<Id<'a>>,
    /// A change of the conversation's key, encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_change: Option<Text<'a>>,
}

/// A space.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Space<'a> {
    /// The space's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<'a>>,
    /// The host.
    pub host: User<'a>,
}

/// A broadcast.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Broadcast<'a> {
    /// The broadcast's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<'a>>,
    /// The host.
    pub host: User<'a>,
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Text<'a>>,
    /// `Running`, `Ended` and others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Text<'a>>,
    /// The language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Text<'a>>,
    /// The URL of a thumbnail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail_url: Option<Text<'a>>,
    /// Whether the broadcast can be watched after its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_for_replay: Option<bool>,
}

/// A message in the chat of a broadcast.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BroadcastMessage<'a> {
    /// The message's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<'a>>,
    /// The broadcast's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broadcast_id: Option<Id<'a>>,
    /// The author.
    pub author: User<'a>,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<'a>>,
}

/// A news story that X generated from posts.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct News<'a> {
    /// The story's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<'a>>,
    /// The headline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline: Option<Text<'a>>,
    /// The category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Text<'a>>,
    /// A summary in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook: Option<Text<'a>>,
    /// The text of the story.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<Text<'a>>,
    /// X's notice that the story is machine-generated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disclaimer: Option<Text<'a>>,
    /// Time of the last change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// The ids of the posts that the story is based on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_ids: Vec<Id<'a>>,
}

/// The end of a replay that the app requested.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Replay<'a> {
    /// The job's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<Id<'a>>,
    /// The webhook that received the replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<Id<'a>>,
    /// Whether everything was replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete: Option<bool>,
    /// X's description of the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<'a>>,
}
