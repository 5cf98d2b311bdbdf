//! The facts of an event, which do not depend on the API that reports it.

use serde_json::Value;

use super::post::Post;
use super::user::User;

#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// X's id of the event.
    pub(super) id: Option<String>,
    pub(super) actor: Option<User>,
    pub(super) target: Option<User>,
    /// The text as its author wrote it.
    pub(super) text: Option<String>,
    pub(super) content: Content,
}

/// The facts that the APIs report beside the users, the id and the time.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Post(Box<Post>),
    Like(Box<Post>),
    Deletion,
    Relation,
    /// A message, read receipt or typing event, which has the same format in both APIs, and the app
    /// with which the message was sent.
    Message(Value, Option<Value>),
    /// The id of the app.
    Revocation(String),
    /// A payload that only the X Activity API has.
    Payload(Value),
    /// A body of a filtered stream or a replay.
    Body(Value),
}

impl From<Content> for Facts {
    fn from(content: Content) -> Self {
        Self { id: None, actor: None, target: None, text: None, content }
    }
}
