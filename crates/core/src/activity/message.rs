//! Direct messages.

use serde::Serialize;

use super::{Link, Media, User};
use crate::wire::{Degree, Id, Text, v1};

/// A direct message.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Message<'a> {
    /// The message's id, the same on both sides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<'a>>,
    /// Who sent it.
    pub sender: User<'a>,
    /// To whom.
    pub recipient: User<'a>,
    /// The text as its author wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Text<'a>>,
    /// What it links.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link<'a>>,
    /// The X app it was sent with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_app_id: Option<Id<'a>>,
    /// A prompt that the recipient can answer with a tap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quick_reply: Option<QuickReply<'a>>,
    /// The answer to such a prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quick_reply_response: Option<QuickReplyResponse<'a>>,
    /// A picture, a video or a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment: Option<Attachment<'a>>,
    /// Buttons that open links.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calls_to_action: Vec<CallToAction<'a>>,
    /// The post whose button led to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiated_via_post_id: Option<Id<'a>>,
    /// The welcome message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiated_via_welcome_message_id: Option<Id<'a>>,
}

/// A prompt with ready answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct QuickReply<'a> {
    /// `options`, or the older `location` and `text_input`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Text<'a>>,
    /// The ready answers.
    pub options: Vec<QuickReplyOption<'a>>,
    /// Of a prompt for a text: what the user is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Text<'a>>,
    /// Of a prompt for a text or a place: what the response will carry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Text<'a>>,
}

impl<'a> QuickReply<'a> {
    /// Which of the options a response chose, by `metadata`, never by position; see [`v1::QuickReply::chosen`].
    pub fn chosen(&self, response: &QuickReplyResponse<'_>) -> Option<&QuickReplyOption<'a>> {
        let chosen = response.metadata.as_deref()?;
        self.options.iter().find(|option| option.metadata.as_deref() == Some(chosen))
    }
}

/// One ready answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct QuickReplyOption<'a> {
    /// What the user sees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Text<'a>>,
    /// What explains it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<'a>>,
    /// What the response will carry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Text<'a>>,
}

/// The answer to a prompt.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct QuickReplyResponse<'a> {
    /// `options`, `location` or `text_input`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Text<'a>>,
    /// The chosen option's metadata; may be missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Text<'a>>,
}

/// What comes with a message.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Attachment<'a> {
    /// A picture or video. Its file needs a GET signed by the user.
    Media {
        /// The picture or video.
        media: Media<'a>,
    },
    /// A point on the map.
    Coordinate {
        /// Longitude, in degrees.
        longitude: Degree,
        /// Latitude, in degrees.
        latitude: Degree,
    },
    /// A place with a name.
    Place {
        /// The place's id.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<Id<'a>>,
        /// The place's name.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
    },
}

/// A button that opens a link.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CallToAction<'a> {
    /// What the button says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Text<'a>>,
    /// Where it leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Text<'a>>,
}

/// Somebody has read messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reading<'a> {
    /// Who read.
    pub reader: User<'a>,
    /// Whose messages.
    pub correspondent: User<'a>,
    /// The last message that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_message_id: Option<Id<'a>>,
}

/// Somebody is typing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Typing<'a> {
    /// Who types.
    pub writer: User<'a>,
    /// To whom.
    pub recipient: User<'a>,
}

impl<'a> Attachment<'a> {
    pub(super) fn from_v1(attachment: v1::Attachment<'a>) -> Option<Self> {
        if attachment.media().is_some() {
            return attachment.into_media().map(|media| Self::Media { media: media.into() });
        }
        let location = attachment.location?;
        if let Some([longitude, latitude]) =
            location.shared_coordinate.and_then(|shared| shared.coordinates?.coordinates)
        {
            return Some(Self::Coordinate { longitude, latitude });
        }
        let shared = location.shared_place?;
        let place = shared.place.unwrap_or_default();
        let name = place.full_name.or(place.name).or(shared.full_name).or(shared.name);
        let id = place.id.or(shared.id);
        (id.is_some() || name.is_some()).then_some(Self::Place { id, name })
    }
}
