//! A direct message.

use std::borrow::Cow;

use super::{Entities, Media, Party, decode_entities};
use crate::Timestamp;
use crate::wire::object::object;
use crate::wire::{Id, Listed, Text};

object! {
    /// `direct_message_events[]`: a message, sent or received by the subscriber with any client. Ask
    /// [`Event::direction`](crate::Event::direction) which, or a bot answers itself.
    pub struct DirectMessage<'a> {
        /// `message_create`.
        pub kind: Option<Text<'a>> = "type",
        /// The message's id, the same in both users' deliveries.
        pub id: Option<Id<'a>> = "id",
        /// When it was sent.
        pub created_timestamp: Option<Timestamp> = "created_timestamp",
        /// What led to it.
        pub initiated_via: Option<InitiatedVia<'a>> = "initiated_via",
        /// The message.
        pub message_create: Option<MessageCreate<'a>> = "message_create",
    }
}

impl<'a> DirectMessage<'a> {
    /// Who sent it.
    pub fn sender_id(&self) -> Option<&str> {
        self.message_create.as_ref()?.sender_id.as_deref()
    }

    /// To whom it was sent.
    pub fn recipient_id(&self) -> Option<&str> {
        self.message_create.as_ref()?.target.as_ref()?.recipient_id.as_deref()
    }

    /// The X app it was sent with, if X tells.
    pub fn source_app_id(&self) -> Option<&str> {
        self.message_create.as_ref()?.source_app_id.as_deref()
    }

    /// The message's content.
    pub fn data(&self) -> Option<&MessageData<'a>> {
        self.message_create.as_ref()?.message_data.as_ref()
    }

    /// The text as its author wrote it: HTML entities decoded.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        self.data()?.text.as_deref().map(decode_entities)
    }

    /// The answer to a quick reply, if this message is one.
    pub fn quick_reply_response(&self) -> Option<&QuickReplyResponse<'a>> {
        self.data()?.quick_reply_response.as_ref()
    }
}

object! {
    /// What led to a message.
    pub struct InitiatedVia<'a> {
        /// The post whose button was pressed.
        pub tweet_id: Option<Id<'a>> = "tweet_id",
        /// The welcome message that was answered.
        pub welcome_message_id: Option<Id<'a>> = "welcome_message_id",
    }
}

object! {
    /// Who sent what to whom.
    pub struct MessageCreate<'a> {
        /// The recipient. Group conversations are never delivered.
        pub target: Option<Party<'a>> = "target",
        /// The sender.
        pub sender_id: Option<Id<'a>> = "sender_id",
        /// The X app it was sent with.
        pub source_app_id: Option<Id<'a>> = "source_app_id",
        /// The profile in whose name it was sent, where the sender has several.
        pub custom_profile_id: Option<Id<'a>> = "custom_profile_id",
        /// The content.
        pub message_data: Option<MessageData<'a>> = "message_data",
    }
}

object! {
    /// The content of a message.
    pub struct MessageData<'a> {
        /// The text, HTML-escaped; prefer [`DirectMessage::text`].
        pub text: Option<Text<'a>> = "text",
        /// What the text mentions and links.
        pub entities: Option<Entities<'a>> = "entities",
        /// A prompt that the recipient can answer with a tap.
        pub quick_reply: Option<QuickReply<'a>> = "quick_reply",
        /// The answer to such a prompt.
        pub quick_reply_response: Option<QuickReplyResponse<'a>> = "quick_reply_response",
        /// A picture, a video or a place.
        pub attachment: Option<Attachment<'a>> = "attachment",
        /// Buttons that open links.
        pub ctas: Vec<CallToAction<'a>> = "ctas",
    }
}

object! {
    /// A prompt with ready answers.
    pub struct QuickReply<'a> {
        /// `options`, or the older `location` and `text_input`.
        pub kind: Option<Text<'a>> = "type",
        /// The ready answers.
        pub options: Vec<QuickReplyOption<'a>> = "options",
        /// Of a prompt for a text: how it is asked for.
        pub text_input: Option<QuickReplyInput<'a>> = "text_input",
        /// Of a prompt for a place: what the response will carry.
        pub location: Option<QuickReplyInput<'a>> = "location",
    }
}

object! {
    /// A prompt for a text or a place.
    pub struct QuickReplyInput<'a> {
        /// `default` or `number`.
        pub keyboard: Option<Text<'a>> = "keyboard",
        /// What the user is asked.
        pub label: Option<Text<'a>> = "label",
        /// What the response will carry.
        pub metadata: Option<Text<'a>> = "metadata",
    }
}

impl<'a> QuickReply<'a> {
    /// Which of this prompt's options a response chose, by `metadata`. Never judge by position: a user may answer an
    /// older prompt, answer late, type freely or not answer at all. Options and responses without metadata match nothing.
    ///
    /// ```
    /// use birdhook_core::wire::v1::{QuickReply, QuickReplyOption, QuickReplyResponse};
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
    /// One ready answer.
    pub struct QuickReplyOption<'a> {
        /// What the user sees.
        pub label: Option<Text<'a>> = "label",
        /// What explains it.
        pub description: Option<Text<'a>> = "description",
        /// What the response will carry.
        pub metadata: Option<Text<'a>> = "metadata",
    }
}

object! {
    /// The answer to a prompt.
    pub struct QuickReplyResponse<'a> {
        /// `options`, `location` or `text_input`.
        pub kind: Option<Text<'a>> = "type",
        /// The chosen option's metadata; may be missing.
        pub metadata: Option<Text<'a>> = "metadata",
    }
}

object! {
    /// What comes with a message.
    pub struct Attachment<'a> {
        /// `media` or `location`; may be missing.
        pub kind: Option<Text<'a>> = "type",
        media: Option<Listed<Media<'a>>> = "media",
        /// A place.
        pub location: Option<Location<'a>> = "location",
    }
}

impl<'a> Attachment<'a> {
    /// A picture, video or animation. Of several, should X list them, the first.
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
        /// A place with a name.
        pub shared_place: Option<SharedPlace<'a>> = "shared_place",
    }
}

object! {
    /// A point on the map.
    pub struct Coordinates<'a> {
        /// Longitude, latitude.
        pub coordinates: Option<super::GeoPoint<'a>> = "coordinates",
    }
}

object! {
    /// A place with a name.
    pub struct SharedPlace<'a> {
        /// The place.
        pub place: Option<super::Place<'a>> = "place",
        /// The place's id, should X write it here.
        pub id: Option<Id<'a>> = "id",
        /// The place's name, should X write it here.
        pub name: Option<Text<'a>> = "name",
        /// The place's name with what it lies in, should X write it here.
        pub full_name: Option<Text<'a>> = "full_name",
    }
}

object! {
    /// A button that opens a link.
    pub struct CallToAction<'a> {
        /// `web_url`.
        pub kind: Option<Text<'a>> = "type",
        /// What the button says.
        pub label: Option<Text<'a>> = "label",
        /// Where it leads.
        pub url: Option<Text<'a>> = "url",
        /// The link as X wraps it.
        pub tco_url: Option<Text<'a>> = "tco_url",
    }
}

object! {
    /// An X app, from the `apps` of a delivery of messages.
    pub struct SourceApp<'a> {
        /// X's id of the app.
        pub id: Option<Id<'a>> = "id",
        /// Its name.
        pub name: Option<Text<'a>> = "name",
        /// Its link.
        pub url: Option<Text<'a>> = "url",
    }
}
