//! The values of an activity that most apps need, straight from the event.

use crate::event::event::Event;
use crate::json::value::{Id, Text};

/// These methods parse the event each time they are called. For more than two or three values, call
/// [`activity`](Self::activity) once.
impl Event {
    /// Returns the text that a user wrote. See [`Activity::text`](crate::Activity::text).
    pub fn text(&self) -> Option<Text<'_>> {
        self.activity().text_value().cloned()
    }

    /// Returns the id of the user who acted, if X names one.
    pub fn actor_id(&self) -> Option<Id<'_>> {
        self.activity().actor()?.id.clone()
    }

    /// Returns the handle of the user who acted, without `@`, if X names it.
    pub fn actor_handle(&self) -> Option<Text<'_>> {
        self.activity().actor()?.handle.clone()
    }

    /// Returns the id of the user who was acted on, if there is one and X names them.
    pub fn target_id(&self) -> Option<Id<'_>> {
        self.activity().target()?.id.clone()
    }

    /// Returns the id of the post that was written, deleted, matched or liked.
    pub fn post_id(&self) -> Option<Id<'_>> {
        self.activity().ids().post
    }

    /// Returns the id of the message, or of the last message that was read.
    pub fn message_id(&self) -> Option<Id<'_>> {
        self.activity().ids().message
    }

    /// Returns the id of the conversation of a post or an encrypted message.
    ///
    /// The Account Activity API reports it only for posts that start a conversation. Direct messages
    /// have none.
    pub fn conversation_id(&self) -> Option<Id<'_>> {
        self.activity().ids().conversation
    }
}
