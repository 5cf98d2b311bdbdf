//! Users and their relationships.

use crate::event::event::Event;
use crate::event::kind::ApiSource;
use crate::event::time::Timestamp;
use crate::json::sparse::content;
use crate::json::value::{Id, Text};
use crate::schema::v1::{self, Party};
use crate::schema::v2;

content! {
    /// A user with the details that X reports. Often only the id is known.
    pub struct User<'a> {
        /// The id.
        pub id: Option<Id<'a>>,
        /// The handle, without `@`.
        pub handle: Option<Text<'a>>,
        /// The display name.
        pub name: Option<Text<'a>>,
        /// The user's profile description.
        pub description: Option<Text<'a>>,
        /// The user's profile location.
        pub location: Option<Text<'a>>,
        /// The user's profile link.
        pub url: Option<Text<'a>>,
        /// The URL of the picture.
        pub picture: Option<Text<'a>>,
        /// Whether only approved followers see the user's posts.
        pub protected: Option<bool>,
        /// Whether the account is verified.
        pub verified: Option<bool>,
        /// The number of followers.
        pub followers: Option<u64>,
        /// The number of users whom this user follows.
        pub following: Option<u64>,
        /// Time at which the account was created.
        pub created_at: Option<Timestamp>,
    }
}

impl<'a> User<'a> {
    pub(super) fn with_id(id: Option<Id<'a>>) -> Self {
        Self { id, ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Drops empty texts, and the word `null` that X writes for some pictures.
fn non_empty(text: Option<Text<'_>>) -> Option<Text<'_>> {
    text.filter(|text| !text.is_empty() && *text != "null")
}

impl<'a> From<v1::User<'a>> for User<'a> {
    fn from(user: v1::User<'a>) -> Self {
        Self {
            id: user.id_str.or(user.id),
            handle: non_empty(user.screen_name),
            name: non_empty(user.name),
            description: non_empty(user.description),
            location: non_empty(user.location),
            url: non_empty(user.url),
            picture: non_empty(user.profile_image_url_https).or(non_empty(user.profile_image_url)),
            protected: user.protected,
            verified: user.verified,
            followers: user.followers_count,
            following: user.friends_count,
            created_at: user.created_at,
        }
    }
}

impl<'a> From<v2::User<'a>> for User<'a> {
    fn from(user: v2::User<'a>) -> Self {
        let metrics = user.public_metrics.unwrap_or_default();
        Self {
            id: user.id,
            handle: non_empty(user.username),
            name: non_empty(user.name),
            description: non_empty(user.description),
            location: non_empty(user.location),
            url: non_empty(user.url),
            picture: non_empty(user.profile_image_url),
            protected: user.protected,
            verified: user.verified,
            followers: metrics.followers_count.or(user.followers_count),
            following: metrics.following_count.or(user.friends_count),
            created_at: user.created_at,
        }
    }
}

content! {
    /// A relationship event between two users.
    pub struct Relationship<'a> {
        /// The user who acted.
        pub source: User<'a>,
        /// The user who was acted on.
        pub target: User<'a>,
    }
}

impl Event {
    /// Returns a user by id, with all details that come with the event.
    pub(super) fn person<'a>(&'a self, id: Option<Id<'a>>) -> User<'a> {
        let known = id.as_deref().and_then(|id| match self.api_source() {
            ApiSource::AccountActivity => self.user(id).map(User::from),
            _ => self.user_v2(id).map(User::from),
        });
        let known = known.unwrap_or_default();
        User { id: id.or(known.id), ..known }
    }

    /// Returns a participant of a conversation, from an id or from the user object in its place.
    pub(super) fn party<'a>(&'a self, id: Option<Id<'a>>, party: Option<Party<'a>>) -> User<'a> {
        let mut party = party.unwrap_or_default();
        let party = party.data.take().map_or(party, |wrapped| *wrapped);
        let user = self.person(id.or(party.recipient_id).or(party.id));
        User { handle: user.handle.or(party.username), name: user.name.or(party.name), ..user }
    }
}
