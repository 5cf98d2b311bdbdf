//! The data around a payload.

use std::collections::BTreeMap;

use super::user::User;
use crate::event::time::Timestamp;
use crate::json::lenient::object;
use crate::json::value::{Id, Text};
use crate::json::wrapped::Wrapped;

object! {
    /// The parts of an [`Event::body`](crate::Event::body) other than the event: the subscription
    /// that delivered it, and the errors that X reports.
    ///
    ///
    /// ```
    /// # mod birdhook { pub use birdhook_core::schema; }
    /// use birdhook::schema::v2::Body;
    ///
    /// let json = r#"{"data":{"event_type":"news.new","filter":{"keyword":"bees"},"payload":{}},
    ///     "errors":[{"title":"Field Hydration Failure","field":"contexts"}]}"#;
    /// let body: Body<'_> = serde_json::from_str(json).unwrap();
    /// let filter = body.data.and_then(|data| data.filter).unwrap();
    /// assert_eq!(filter.keyword.as_deref(), Some("bees"));
    /// assert_eq!(body.errors[0].field.as_deref(), Some("contexts"));
    /// ```
    pub struct Body<'a> {
        /// The data around the payload of an activity.
        pub data: Option<Data<'a>> = "data",
        /// The data that X could not provide.
        pub errors: Vec<Problem<'a>> = "errors",
    }

    /// The data around the payload of an activity.
    pub struct Data<'a> {
        /// The delivery's id: a number, possibly negative, or a UUID.
        pub event_uuid: Option<Id<'a>> = "event_uuid",
        /// The event type, such as `post.create`.
        pub event_type: Option<Text<'a>> = "event_type",
        /// Time of the activity.
        pub created_at: Option<Timestamp> = "created_at",
        /// The subscription's tag.
        pub tag: Option<Text<'a>> = "tag",
        /// The subject of the subscription.
        pub filter: Option<Filter<'a>> = "filter",
        payload: Option<People<'a>> = "payload",
    }

    /// The subject of a subscription.
    pub struct Filter<'a> {
        /// The subscribed user.
        pub user_id: Option<Id<'a>> = "user_id",
        /// The subscribed word.
        pub keyword: Option<Text<'a>> = "keyword",
        /// `inbound` or `outbound`.
        pub direction: Option<Text<'a>> = "direction",
        /// Further filters by name: `direction`, `post_id`, `conversation_type`.
        pub qualifiers: BTreeMap<Id<'a>, Text<'a>> = "qualifiers",
    }
}

impl Filter<'_> {
    /// Returns `inbound` or `outbound`, from either place in which the filter may hold it.
    pub(crate) fn direction(&self) -> Option<&str> {
        let qualified = || self.qualifiers.iter().find(|(name, _)| **name == "direction").map(|(_, value)| value);
        self.direction.as_ref().or_else(qualified).map(Text::as_str)
    }
}

object! {
    /// The users of a message.
    struct People<'a> {
        users: BTreeMap<Id<'a>, Wrapped<User<'a>>> = "users",
    }
}

impl<'a> Data<'a> {
    /// Iterates over the users of a `dm.*` event: the participants of the conversation.
    pub fn users(&self) -> impl Iterator<Item = &User<'a>> {
        self.payload.iter().flat_map(|people| people.users.values()).map(|wrapped| &wrapped.0)
    }
}

object! {
    /// Data that X could not provide, and the reason.
    pub struct Problem<'a> {
        /// The problem type, as a URL.
        pub kind: Option<Text<'a>> = "type",
        /// The problem type, in words.
        pub title: Option<Text<'a>> = "title",
        /// The details of this problem.
        pub detail: Option<Text<'a>> = "detail",
        /// An HTTP status.
        pub status: Option<u64> = "status" | "status_str",
        /// The missing field.
        pub field: Option<Text<'a>> = "field",
        /// The part of the response that is incomplete: `data` or `includes`.
        pub section: Option<Text<'a>> = "section",
        /// `user`, `tweet`, `media` and others.
        pub resource_type: Option<Text<'a>> = "resource_type",
        /// The id of the missing user, post or other resource.
        pub resource_id: Option<Id<'a>> = "resource_id",
        /// The request parameter that referred to it.
        pub parameter: Option<Text<'a>> = "parameter",
        /// The value of that parameter.
        pub value: Option<Text<'a>> = "value",
        /// The error code, if X reports one.
        pub code: Option<u64> = "code" | "code_str",
        /// The meaning of the error code.
        pub message: Option<Text<'a>> = "message",
    }
}
