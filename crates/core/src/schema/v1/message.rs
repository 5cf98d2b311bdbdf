//! A direct message in the form of API v1.1.

use std::borrow::Cow;

use super::place::{GeoPoint, Place};
use super::relation::Party;
use super::tweet::{Entities, Media};
use crate::event::time::Timestamp;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};
use crate::json::wrapped::Listed;
use crate::schema::html::decode_entities;

object! {
    /// `direct_message_events[]`: a message that the subscriber sent or received with any client.
    ///
    /// Check [`Event::direction`](crate::Event::direction) before replying, so that a bot does not
    /// reply to itself.
    pub struct DirectMessage<'a> {
        /// `message_create`.
        pub kind: Option<Text<'a>> = "type",
        /// The message's id, which is the same in the deliveries of both users.
        pub id: Option<Id<'a>> = "id",
        /// Time of sending.
        pub created_timestamp: Option<Timestamp> = "created_timestamp",
        /// The origin of the message.
        pub initiated_via: Option<InitiatedVia<'a>> = "initiated_via",
        /// The message.
        pub message_create: Option<MessageCreate<'a>> = "message_create",
    }
}

impl<'a> DirectMessage<'a> {
    /// Returns the id of the sender.
    pub fn sender_id(&self) -> Option<&str> {
        self.message_create.as_ref()?.sender_id.as_deref()
    }

    /// Returns the id of the recipient.
    pub fn recipient_id(&self) -> Option<&str> {
        self.message_create.as_ref()?.target.as_ref()?.recipient_id.as_deref()
    }

    /// Returns the id of the X app that sent the message, if X reports it.
    pub fn source_app_id(&self) -> Option<&str> {
        self.message_create.as_ref()?.source_app_id.as_deref()
    }

    /// Returns the content of the message.
    pub fn data(&self) -> Option<&MessageData<'a>> {
        self.message_create.as_ref()?.message_data.as_ref()
    }

    /// Returns the text as its author wrote it, with HTML entities decoded.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        self.data()?.text.as_deref().map(decode_entities)
    }

    /// Returns the response to a quick reply, if this message is one.
    pub fn quick_reply_response(&self) -> Option<&QuickReplyResponse<'a>> {
        self.data()?.quick_reply_response.as_ref()
    }
}

object! {
    /// The origin of a message.
    pub struct InitiatedVia<'a> {
        /// The post whose button the user pressed.
        pub tweet_id: Option<Id<'a>> = "tweet_id",
        /// The welcome message to which the user replied.
        pub welcome_message_id: Option<Id<'a>> = "welcome_message_id",
    }

    /// Sender, recipient and content of a message.
    pub struct MessageCreate<'a> {
        /// The recipient. X does not deliver group conversations.
        pub target: Option<Party<'a>> = "target",
        /// The sender.
        pub sender_id: Option<Id<'a>> = "sender_id",
        /// The X app that sent the message.
        pub source_app_id: Option<Id<'a>> = "source_app_id",
        /// The profile under which it was sent, if the sender has several.
        pub custom_profile_id: Option<Id<'a>> = "custom_profile_id",
        /// The content.
        pub message_data: Option<MessageData<'a>> = "message_data",
    }

    /// The content of a message.
    pub struct MessageData<'a> {
        /// The text, HTML-escaped; prefer [`DirectMessage::text`].
        pub text: Option<Text<'a>> = "text",
        /// The entities of the text.
        pub entities: Option<Entities<'a>> = "entities",
        /// A prompt with options that the recipient can tap.
        pub quick_reply: Option<QuickReply<'a>> = "quick_reply",
        /// The reply to such a prompt.
        pub quick_reply_response: Option<QuickReplyResponse<'a>> = "quick_reply_response",
        /// A picture, a video or a place.
        pub attachment: Option<Attachment<'a>> = "attachment",
        /// Buttons that open links.
        pub ctas: Vec<CallToAction<'a>> = "ctas",
    }

    /// A prompt with prepared replies.
    pub struct QuickReply<'a> {
        /// `options`, or the older `location` and `text_input`.
        pub kind: Option<Text<'a>> = "type",
        /// The prepared replies.
        pub options: Vec<QuickReplyOption<'a>> = "options",
        /// For a prompt for text: its settings.
        pub text_input: Option<QuickReplyInput<'a>> = "text_input",
        /// For a prompt for a place: its settings.
        pub location: Option<QuickReplyInput<'a>> = "location",
    }

    /// A prompt for text or a place.
    pub struct QuickReplyInput<'a> {
        /// `default` or `number`.
        pub keyboard: Option<Text<'a>> = "keyboard",
        /// The question that the user sees.
        pub label: Option<Text<'a>> = "label",
        /// The metadata that the response will carry.
        pub metadata: Option<Text<'a>> = "metadata",
    }
}

impl<'a> QuickReply<'a> {
    /// Returns the option of this prompt that a response chose, by `metadata`.
    ///
    /// Do not match by position: a user may answer an older prompt, answer late, type freely or not
    /// answer at all. Options and responses without metadata match nothing.
    ///
    /// ```
    /// # mod birdhook { pub use birdhook_core::schema; }
    /// use birdhook::schema::v1::{QuickReply, QuickReplyOption, QuickReplyResponse};
    ///
    /// let option = |metadata: &'static str| {
    ///     let mut option = QuickReplyOption::default();
    ///     option.metadata = Some(metadata.into());
    ///     option
    /// };
    /// let mut prompt = QuickReply::default();
    /// prompt.options = vec![option("order:42:yes"), option("order:42:no")];
    ///
    /// let mut response = QuickReplyResponse::default();
    /// assert_eq!(prompt.chosen(&response), None);
    /// response.metadata = Some("order:42:no".into());
    /// assert_eq!(prompt.chosen(&response), Some(&prompt.options[1]));
    /// response.metadata = Some("order:41:no".into());
    /// assert_eq!(prompt.chosen(&response), None);
    /// ```
    pub fn chosen(&self, response: &QuickReplyResponse<'_>) -> Option<&QuickReplyOption<'a>> {
        let chosen = response.metadata.as_deref()?;
        self.options.iter().find(|option| option.metadata.as_deref() == Some(chosen))
    }
}

object! {
    /// A prepared reply.
    pub struct QuickReplyOption<'a> {
        /// The label that the user sees.
        pub label: Option<Text<'a>> = "label",
        /// An explanation of the option.
        pub description: Option<Text<'a>> = "description",
        /// The metadata that the response will carry.
        pub metadata: Option<Text<'a>> = "metadata",
    }

    /// The reply to a prompt.
    pub struct QuickReplyResponse<'a> {
        /// `options`, `location` or `text_input`.
        pub kind: Option<Text<'a>> = "type",
        /// The metadata of the chosen option. May be missing.
        pub metadata: Option<Text<'a>> = "metadata",
    }

    /// An attachment of a message.
    pub struct Attachment<'a> {
        /// `media` or `location`. May be missing.
        pub kind: Option<Text<'a>> = "type",
        media: Option<Listed<Media<'a>>> = "media",
        /// A place.
        pub location: Option<Location<'a>> = "location",
    }
}

impl<'a> Attachment<'a> {
    /// Returns the picture, video or animation. If X lists several, returns the first.
    pub fn media(&self) -> Option<&Media<'a>> {
        self.media.as_ref().map(|listed| &listed.0)
    }

    pub(crate) fn into_media(self) -> Option<Media<'a>> {
        self.media.map(|listed| listed.0)
    }
}

object! {
    /// A shared place.
    pub struct Location<'a> {
        /// `shared_coordinate` or `shared_place`.
        pub kind: Option<Text<'a>> = "type",
        /// A point on the map.
        pub shared_coordinate: Option<Coordinates<'a>> = "shared_coordinate",
        /// A named place.
        pub shared_place: Option<SharedPlace<'a>> = "shared_place",
    }

    /// A point on the map.
    pub struct Coordinates<'a> {
        /// Longitude, latitude.
        pub coordinates: Option<GeoPoint<'a>> = "coordinates",
    }

    /// A named place.
    pub struct SharedPlace<'a> {
        /// The place.
        pub place: Option<Place<'a>> = "place",
        /// The place's id, if X writes it here.
        pub id: Option<Id<'a>> = "id",
        /// The place's name, if X writes it here.
        pub name: Option<Text<'a>> = "name",
        /// The place's full name, if X writes it here.
        pub full_name: Option<Text<'a>> = "full_name",
    }

    /// A button that opens a link.
    pub struct CallToAction<'a> {
        /// `web_url`.
        pub kind: Option<Text<'a>> = "type",
        /// The label of the button.
        pub label: Option<Text<'a>> = "label",
        /// The target of the link.
        pub url: Option<Text<'a>> = "url",
        /// The link as X shortens it.
        pub tco_url: Option<Text<'a>> = "tco_url",
    }

    /// An X app, from the `apps` of a delivery with messages.
    pub struct SourceApp<'a> {
        /// X's id of the app.
        pub id: Option<Id<'a>> = "id",
        /// The name of the app.
        pub name: Option<Text<'a>> = "name",
        /// The link of the app.
        pub url: Option<Text<'a>> = "url",
    }
}
