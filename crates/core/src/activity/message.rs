//! Direct messages.

use serde::{Deserialize, Serialize};

use super::post::{Link, Media};
use super::user::User;
use crate::json::owned::into_owned_with_method;
use crate::json::sparse::content;
use crate::json::value::{Id, Text};
use crate::schema::v1;
use crate::schema::value::Degree;

content! {
    /// A direct message.
    pub struct Message<'a> {
        /// The message's id, which is the same for sender and recipient.
        pub id: Option<Id<'a>>,
        /// The sender.
        pub sender: User<'a>,
        /// The recipient.
        pub recipient: User<'a>,
        /// The text as its author wrote it.
        pub text: Option<Text<'a>>,
        /// The links in the text.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub links: Vec<Link<'a>>,
        /// The X app that sent the message.
        pub source_app_id: Option<Id<'a>>,
        /// A prompt with options that the recipient can tap.
        pub quick_reply: Option<QuickReply<'a>>,
        /// The reply to such a prompt.
        pub quick_reply_response: Option<QuickReplyResponse<'a>>,
        /// A picture, a video or a place.
        pub attachment: Option<Attachment<'a>>,
        /// Buttons that open links.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        pub calls_to_action: Vec<CallToAction<'a>>,
        /// The post with the button that started this message.
        pub initiated_via_post_id: Option<Id<'a>>,
        /// The welcome message that this message replies to.
        pub initiated_via_welcome_message_id: Option<Id<'a>>,
    }

    /// A prompt with prepared replies.
    pub struct QuickReply<'a> {
        /// The type: `options`, or the older `location` and `text_input`.
        #[serde(rename = "type")]
        pub kind: Option<Text<'a>>,
        /// The prepared replies.
        pub options: Vec<QuickReplyOption<'a>>,
        /// For a prompt for text: the question that the user sees.
        pub label: Option<Text<'a>>,
        /// For a prompt for text or a place: the metadata that the response will carry.
        pub metadata: Option<Text<'a>>,
    }
}

impl<'a> QuickReply<'a> {
    /// Returns the option that a response chose. Matches by `metadata`, never by position; see
    /// [`v1::QuickReply::chosen`].
    pub fn chosen(&self, response: &QuickReplyResponse<'_>) -> Option<&QuickReplyOption<'a>> {
        let chosen = response.metadata.as_deref()?;
        self.options.iter().find(|option| option.metadata.as_deref() == Some(chosen))
    }
}

content! {
    /// A prepared reply.
    pub struct QuickReplyOption<'a> {
        /// The label that the user sees.
        pub label: Option<Text<'a>>,
        /// An explanation of the option.
        pub description: Option<Text<'a>>,
        /// The metadata that the response will carry.
        pub metadata: Option<Text<'a>>,
    }

    /// The reply to a prompt.
    pub struct QuickReplyResponse<'a> {
        /// `options`, `location` or `text_input`.
        #[serde(rename = "type")]
        pub kind: Option<Text<'a>>,
        /// The metadata of the chosen option. May be missing.
        pub metadata: Option<Text<'a>>,
    }
}

/// An attachment of a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", try_from = "AttachmentMembers")]
#[non_exhaustive]
pub enum Attachment<'a> {
    /// A picture or video. Downloading the file needs a GET signed by the user.
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
    /// A named place.
    Place {
        /// The place's id.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<Id<'a>>,
        /// The place's name.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<Text<'a>>,
    },
}

content! {
    /// A button that opens a link.
    pub struct CallToAction<'a> {
        /// The label of the button.
        pub label: Option<Text<'a>>,
        /// The target of the link.
        pub url: Option<Text<'a>>,
    }

    /// A user has read messages.
    pub struct Reading<'a> {
        /// The user who read the messages.
        pub reader: User<'a>,
        /// The user who sent the messages.
        pub correspondent: User<'a>,
        /// The last message that was read.
        pub last_message_id: Option<Id<'a>>,
    }

    /// A user is typing.
    pub struct Typing<'a> {
        /// The user who is typing.
        pub writer: User<'a>,
        /// The recipient.
        pub recipient: User<'a>,
    }
}

/// The members of any [`Attachment`]. serde's own form for enums reads no numbers if any crate of the
/// app enables `serde_json/arbitrary_precision`.
#[derive(Deserialize)]
struct AttachmentMembers {
    r#type: String,
    #[serde(default)]
    media: Media<'static>,
    longitude: Option<Degree>,
    latitude: Option<Degree>,
    id: Option<Id<'static>>,
    name: Option<Text<'static>>,
}

impl TryFrom<AttachmentMembers> for Attachment<'_> {
    type Error = &'static str;

    fn try_from(members: AttachmentMembers) -> Result<Self, Self::Error> {
        let AttachmentMembers { r#type, media, longitude, latitude, id, name } = members;
        match (&*r#type, longitude, latitude) {
            ("media", ..) => Ok(Self::Media { media }),
            ("coordinate", Some(longitude), Some(latitude)) => Ok(Self::Coordinate { longitude, latitude }),
            ("coordinate", ..) => Err("a coordinate needs a longitude and a latitude"),
            ("place", ..) => Ok(Self::Place { id, name }),
            _ => Err("unknown type of an attachment: expected media, coordinate or place"),
        }
    }
}

into_owned_with_method! { Attachment }

impl<'a> Attachment<'a> {
    /// Returns the same value, detached from the event.
    pub fn into_owned(self) -> Attachment<'static> {
        match self {
            Self::Media { media } => Attachment::Media { media: media.into_owned() },
            Self::Coordinate { longitude, latitude } => Attachment::Coordinate { longitude, latitude },
            Self::Place { id, name } => {
                Attachment::Place { id: id.map(Id::into_owned), name: name.map(Text::into_owned) }
            }
        }
    }

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
