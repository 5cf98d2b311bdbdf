//! What is around a payload.

use std::collections::BTreeMap;

use super::User;
use crate::Timestamp;
use crate::wire::object::object;
use crate::wire::{Id, Text, Wrapped};

object! {
    /// A body without what it tells: of [`Event::body`](crate::Event::body), the subscription that brought it, and what X
    /// could not tell.
    ///
    /// ```
    /// use birdhook_core::wire::v2::Body;
    ///
    /// let json = r#"{"data":{"event_type":"news.new","filter":{"keyword":"bees"},"payload":{}},
    ///     "errors":[{"title":"Field Hydration Failure","field":"contexts"}]}"#;
    /// let body: Body<'_> = serde_json::from_str(json).unwrap();
    /// let filter = body.data.and_then(|data| data.filter).unwrap();
    /// assert_eq!(filter.keyword.as_deref(), Some("bees"));
    /// assert_eq!(body.errors[0].field.as_deref(), Some("contexts"));
    /// ```
    pub struct Body<'a> {
        /// What is around the payload of an activity.
        pub data: Option<Data<'a>> = "data",
        /// What X could not tell.
        pub errors: Vec<Problem<'a>> = "errors",
    }
}

object! {
    /// What is around the payload of an activity.
    pub struct Data<'a> {
        /// The delivery's name; a number, possibly negative, or a UUID.
        pub event_uuid: Option<Id<'a>> = "event_uuid",
        /// The type of event: `post.create`.
        pub event_type: Option<Text<'a>> = "event_type",
        /// When the activity occurred.
        pub created_at: Option<Timestamp> = "created_at",
        /// The subscription's tag.
        pub tag: Option<Text<'a>> = "tag",
        /// Whom or what the subscription is about.
        pub filter: Option<Filter<'a>> = "filter",
        payload: Option<People<'a>> = "payload",
    }
}

object! {
    /// Whom or what a subscription is about.
    pub struct Filter<'a> {
        /// The subscribed user.
        pub user_id: Option<Id<'a>> = "user_id",
        /// The watched word.
        pub keyword: Option<Text<'a>> = "keyword",
        /// `inbound` or `outbound`.
        pub direction: Option<Text<'a>> = "direction",
        /// What else narrows the subscription, by name: `direction`, `post_id`, `conversation_type`.
        pub qualifiers: BTreeMap<Id<'a>, Text<'a>> = "qualifiers",
    }
}

impl Filter<'_> {
    /// `inbound` or `outbound`, wherever the filter says it.
    pub(crate) fn direction(&self) -> Option<&str> {
        let qualified = || self.qualifiers.iter().find(|(name, _)| **name == "direction").map(|(_, value)| value);
        self.direction.as_ref().or_else(qualified).map(Text::as_str)
    }
}

object! {
    /// The people of a message.
    struct People<'a> {
        users: BTreeMap<Id<'a>, Wrapped<User<'a>>> = "users",
    }
}

impl<'a> Data<'a> {
    /// The users of a `dm.*`: who takes part in the conversation.
    pub fn users(&self) -> impl Iterator<Item = &User<'a>> {
        self.payload.iter().flat_map(|people| people.users.values()).map(|wrapped| &wrapped.0)
    }
}

object! {
    /// Something that X could not tell, and why.
    pub struct Problem<'a> {
        /// What kind of problem, as the address of a page.
        pub kind: Option<Text<'a>> = "type",
        /// What kind of problem, in words.
        pub title: Option<Text<'a>> = "title",
        /// What happened.
        pub detail: Option<Text<'a>> = "detail",
        /// An HTTP status.
        pub status: Option<u64> = "status" | "status_str",
        /// The field that is missing.
        pub field: Option<Text<'a>> = "field",
        /// The part of the answer that is missing: `data` or `includes`.
        pub section: Option<Text<'a>> = "section",
        /// `user`, `tweet`, `media` and others.
        pub resource_type: Option<Text<'a>> = "resource_type",
        /// The id of the user, post or other that is missing.
        pub resource_id: Option<Id<'a>> = "resource_id",
        /// The parameter that asked for it.
        pub parameter: Option<Text<'a>> = "parameter",
        /// What the parameter asked for.
        pub value: Option<Text<'a>> = "value",
        /// The number of the error, where X gives it one.
        pub code: Option<u64> = "code" | "code_str",
        /// What the number means.
        pub message: Option<Text<'a>> = "message",
    }
}
