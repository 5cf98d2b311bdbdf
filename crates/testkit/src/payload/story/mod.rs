//! The facts of an event, independent of the API that reports it.

mod author;
mod message;
mod post;

use birdhook_core::Timestamp;

pub(super) use author::Author;
pub(super) use message::{App, Extra, Message, Via};
pub(super) use post::{Picture, Post, Venue};

use super::people::Person;

/// An event, with all the facts that the APIs report.
#[derive(Clone, Debug)]
pub(super) enum Story {
    Post(Box<Post>),
    Deletion {
        id: String,
        author: Box<Person>,
    },
    Like {
        id: String,
        by: Box<Person>,
        post: Box<Post>,
    },
    Relation {
        source: Box<Person>,
        target: Box<Person>,
    },
    Message(Box<Message>),
    /// `last` is the last message that was read; `None` means that the user is typing.
    Reading {
        who: Box<Person>,
        whose: Box<Person>,
        last: Option<String>,
    },
    Revocation {
        who: Box<Person>,
        app: String,
    },
    Profile {
        who: Box<Person>,
        before: String,
        after: String,
    },
    Chat(Box<Chat>),
    Space {
        id: String,
        host: Box<Person>,
    },
    Broadcast {
        id: String,
        host: Box<Person>,
        title: String,
        began: Timestamp,
    },
    BroadcastMessage {
        id: String,
        broadcast: String,
        author: Box<Person>,
        text: String,
    },
    /// X does not report who removed the message.
    BroadcastRemoval {
        id: String,
        broadcast: String,
        author: Box<Person>,
    },
    News {
        id: String,
        headline: String,
        /// The category, a one-sentence hook, and the summary.
        rest: [&'static str; 3],
        posts: Vec<(String, String)>,
    },
    Matched {
        post: Box<Post>,
        rules: Vec<(String, &'static str)>,
    },
    Replay {
        job: String,
        webhook: String,
        complete: bool,
    },
}

/// An encrypted message, or a change of its conversation.
#[derive(Clone, Debug)]
pub(super) struct Chat {
    pub(super) id: String,
    pub(super) conversation: String,
    pub(super) sender: Person,
}

impl Story {
    /// Returns the user who acted.
    pub(super) fn actor(&self) -> Option<&Person> {
        match self {
            Self::Post(post) | Self::Matched { post, .. } => Some(&post.author),
            Self::Deletion { author: who, .. }
            | Self::Like { by: who, .. }
            | Self::Relation { source: who, .. }
            | Self::Reading { who, .. }
            | Self::Revocation { who, .. }
            | Self::Profile { who, .. }
            | Self::Space { host: who, .. }
            | Self::Broadcast { host: who, .. }
            | Self::BroadcastMessage { author: who, .. } => Some(who),
            Self::Message(message) => Some(&message.sender),
            Self::Chat(chat) => Some(&chat.sender),
            Self::BroadcastRemoval { .. } | Self::News { .. } | Self::Replay { .. } => None,
        }
    }

    /// Returns the user acted upon.
    pub(super) fn target(&self) -> Option<&Person> {
        match self {
            Self::Like { post, .. } => Some(&post.author),
            Self::Relation { target, .. } => Some(target),
            Self::Message(message) => Some(&message.recipient),
            Self::Reading { whose, .. } => Some(whose),
            Self::BroadcastRemoval { author, .. } => Some(author),
            _ => None,
        }
    }

    /// Returns X's id of the event.
    pub(super) fn id(&self) -> Option<&str> {
        match self {
            Self::Post(post) | Self::Matched { post, .. } => Some(&post.id),
            Self::Message(message) => Some(&message.id),
            Self::Chat(chat) => Some(&chat.id),
            Self::Deletion { id, .. }
            | Self::Like { id, .. }
            | Self::Space { id, .. }
            | Self::Broadcast { id, .. }
            | Self::BroadcastMessage { id, .. }
            | Self::BroadcastRemoval { id, .. }
            | Self::News { id, .. }
            | Self::Replay { job: id, .. } => Some(id),
            Self::Relation { .. } | Self::Reading { .. } | Self::Revocation { .. } | Self::Profile { .. } => None,
        }
    }

    /// Returns the text as its author wrote it.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Post(post) | Self::Matched { post, .. } | Self::Like { post, .. } => Some(post.authored()),
            Self::Message(message) => Some(message.words.authored()),
            Self::BroadcastMessage { text, .. }
            | Self::Broadcast { title: text, .. }
            | Self::News { headline: text, .. }
            | Self::Profile { after: text, .. } => Some(text.clone()),
            _ => None,
        }
    }
}
