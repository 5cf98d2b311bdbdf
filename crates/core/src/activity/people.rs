//! Users, and what they do to each other.

use serde::Serialize;

use crate::wire::v1::Party;
use crate::wire::{Id, Text, v1, v2};
use crate::{Event, Generation, Timestamp};

/// A user, as far as X tells: often no more than the id.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct User<'a> {
    /// The id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id<'a>>,
    /// The handle, without `@`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<Text<'a>>,
    /// The display name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<'a>>,
    /// What the user says of themself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<'a>>,
    /// Where the user says to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Text<'a>>,
    /// The user's link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<Text<'a>>,
    /// The picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<Text<'a>>,
    /// Whether only approved followers see the user's posts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected: Option<bool>,
    /// Whether the account is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// How many follow the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub followers: Option<u64>,
    /// How many the user follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub following: Option<u64>,
    /// When the account was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

impl<'a> User<'a> {
    pub(super) fn with_id(id: Option<Id<'a>>) -> Self {
        Self { id, ..Self::default() }
    }

    pub(super) fn is_nobody(&self) -> bool {
        *self == Self::default()
    }
}

/// Empty texts, and the word `null` that X writes for pictures, are no texts.
fn told(text: Option<Text<'_>>) -> Option<Text<'_>> {
    text.filter(|text| !text.is_empty() && *text != "null")
}

impl<'a> From<v1::User<'a>> for User<'a> {
    fn from(user: v1::User<'a>) -> Self {
        Self {
            id: user.id_str.or(user.id),
            handle: told(user.screen_name),
            name: told(user.name),
            description: told(user.description),
            location: told(user.location),
            url: told(user.url),
            picture: told(user.profile_image_url_https).or(told(user.profile_image_url)),
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
            handle: told(user.username),
            name: told(user.name),
            description: told(user.description),
            location: told(user.location),
            url: told(user.url),
            picture: told(user.profile_image_url),
            protected: user.protected,
            verified: user.verified,
            followers: metrics.followers_count.or(user.followers_count),
            following: metrics.following_count.or(user.friends_count),
            created_at: user.created_at,
        }
    }
}

/// What one user did to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Relationship<'a> {
    /// Who did it.
    pub source: User<'a>,
    /// To whom.
    pub target: User<'a>,
}

impl Event {
    /// A user of whom the event says more than the id, wherever it does.
    pub(super) fn person<'a>(&'a self, id: Option<Id<'a>>) -> User<'a> {
        let known = id.as_deref().and_then(|id| match self.generation() {
            Generation::AccountActivity => self.user(id).map(User::from),
            _ => self.user_v2(id).map(User::from),
        });
        let known = known.unwrap_or_default();
        User { id: id.or(known.id), ..known }
    }

    /// A side of a conversation: by its bare id, or as the user that stands there.
    pub(super) fn party<'a>(&'a self, id: Option<Id<'a>>, party: Option<Party<'a>>) -> User<'a> {
        let mut party = party.unwrap_or_default();
        let party = party.data.take().map_or(party, |wrapped| *wrapped);
        let user = self.person(id.or(party.recipient_id).or(party.id));
        User { handle: user.handle.or(party.username), name: user.name.or(party.name), ..user }
    }
}
