//! The objects that a payload refers to.

use super::context::Topic;
use super::media::{Media, Poll};
use super::place::Place;
use super::post::Post;
use super::user::User;
use crate::json::lenient::object;
use crate::json::wrapped::Wrapped;

object! {
    /// The objects that the payload refers to.
    pub struct Includes<'a> {
        users: Vec<Wrapped<User<'a>>> = "users",
        /// Posts.
        pub posts: Vec<Post<'a>> = "tweets" | "posts",
        /// Pictures and videos.
        pub media: Vec<Media<'a>> = "media",
        /// Polls.
        pub polls: Vec<Poll<'a>> = "polls",
        /// Places.
        pub places: Vec<Place<'a>> = "places",
        /// Topics.
        pub topics: Vec<Topic<'a>> = "topics",
    }

    /// Includes reduced to users and media. Posts are expensive to read, and most callers do not
    /// need them.
    pub(crate) struct Named<'a> {
        users: Vec<Wrapped<User<'a>>> = "users",
        media: Vec<Media<'a>> = "media",
    }
}

impl<'a> From<Named<'a>> for Includes<'a> {
    fn from(Named { users, media }: Named<'a>) -> Self {
        Self { users, media, ..Self::default() }
    }
}

impl<'a> Includes<'a> {
    /// Returns a user by id.
    pub fn user(&self, id: &str) -> Option<&User<'a>> {
        self.users().find(|user| user.id.as_deref() == Some(id))
    }

    /// Iterates over the users.
    pub fn users(&self) -> impl Iterator<Item = &User<'a>> {
        self.users.iter().map(|wrapped| &wrapped.0)
    }
}
