//! What only the X Activity API tells, and X's words to the app itself.

use serde::Serialize;

use super::User;
use crate::Timestamp;
use crate::wire::{Id, Text};

/// A user took the app's access away.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Revocation<'a> {
    /// Who.
    pub user: User<'a>,
    /// X's id of the app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<Id<'a>>,
}

/// A changed profile.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProfileUpdate<'a> {
    /// Whose.
    pub user: User<'a>,
    /// What changed: `bio`, `profile_picture`, `banner_picture`, `screenname`, `handle`, `geo`, `url`, `verified_badge`,
    /// `affiliate_badge`, or what X adds.
    pub field: Id<'a>,
    /// What was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Text<'a>>,
    /// What is there now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Text<'a>>,
}

/// An encrypted message, or a change of its conversation. Opaque: only the subscriber's devices can read it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Chat<'a> {
    /// The event's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<'a>>,
    /// What it is, as X calls it: `received`, `sent`, `conversation.member_added` and others.
    pub event: Id<'a>,
    /// The conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<Id<'a>>,
    /// Who sent it.
    pub sender: User<'a>,
    /// What was sent, encrypted.
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
    /// Whose.
    pub host: User<'a>,
}

/// A broadcast.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Broadcast<'a> {
    /// The broadcast's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<'a>>,
    /// Whose.
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
    /// A picture of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thumbnail_url: Option<Text<'a>>,
    /// Whether it can be watched afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_for_replay: Option<bool>,
}

/// A message in a broadcast's chat.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BroadcastMessage<'a> {
    /// The message's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<'a>>,
    /// The broadcast's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broadcast_id: Option<Id<'a>>,
    /// Who wrote it.
    pub author: User<'a>,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<'a>>,
}

/// A news story that X made of posts.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct News<'a> {
    /// The story's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<'a>>,
    /// The headline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headline: Option<Text<'a>>,
    /// The field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Text<'a>>,
    /// One sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook: Option<Text<'a>>,
    /// The story.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<Text<'a>>,
    /// X's warning that a machine wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disclaimer: Option<Text<'a>>,
    /// When it was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// The ids of the posts it is made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub post_ids: Vec<Id<'a>>,
}

/// The end of a replay that the app asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Replay<'a> {
    /// The job's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<Id<'a>>,
    /// The webhook that was replayed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<Id<'a>>,
    /// Whether everything was replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete: Option<bool>,
    /// What X says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<'a>>,
}
