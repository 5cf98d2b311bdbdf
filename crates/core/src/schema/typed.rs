//! Reads an event with X's own fields.

use super::v1::{Payload, SourceApp, User};
use super::v2;
use crate::event::event::Event;
use crate::event::kind::{ApiSource, EventKind};
use crate::json::lenient::Lenient;
use crate::json::repairable::RepairableJson;
use crate::json::wrapped::Wrapped;

impl Event {
    /// Reads the event with the fields of the Account Activity API.
    ///
    /// Members without a field are in [`raw`](Self::raw). Returns [`Payload::Unknown`] for an
    /// unknown kind, a value that does not fit the Rust types, and everything from the X Activity
    /// API except messages, reading and typing.
    pub fn v1(&self) -> Payload<'_> {
        let is_v1 = match self.kind() {
            EventKind::MessageSent | EventKind::MessageReceived | EventKind::MessagesRead | EventKind::Typing => true,
            _ => self.api_source() == ApiSource::AccountActivity,
        };
        let kind = if is_v1 { self.kind() } else { EventKind::Unknown };
        Payload::read(kind, self.payload(), self.raw())
    }

    /// Reads a user by id from the `users` that come with messages, reading and typing.
    ///
    /// A user has the same fields here for both APIs. Returns `None` if the size of the user's JSON
    /// times the number of events exceeds 16 times the size of the body.
    pub fn user(&self, id: &str) -> Option<User<'_>> {
        self.user_of_message(id)?.parse::<Lenient<Wrapped<User<'_>>>>()?.0.map(|wrapped| wrapped.0)
    }

    /// Reads a user by id from the X Activity API's `users` of a message or its `includes`.
    pub(crate) fn user_v2(&self, id: &str) -> Option<v2::User<'_>> {
        let user = self.user_of_message(id).or_else(|| self.included_user(id))?;
        user.parse::<Lenient<Wrapped<v2::User<'_>>>>()?.0.map(|wrapped| wrapped.0)
    }

    /// Reads the X app that sent a message, from the `apps` that come with messages.
    pub fn source_app(&self) -> Option<SourceApp<'_>> {
        self.raw_source_app()?.parse()
    }

    /// Reads the event with the fields of the X Activity API.
    ///
    /// Members without a field are in [`raw`](Self::raw). Returns `None` for messages with a
    /// payload of the Account Activity API, and for events that the X Activity API does not report.
    pub fn v2(&self) -> Option<v2::Payload<'_>> {
        v2::Payload::read(self.api_source(), self.kind(), self.payload())
    }

    pub(crate) fn replay_status(&self) -> Option<v2::ReplayStatus<'_>> {
        self.payload().parse()
    }

    /// Reads the users, posts and media that the X Activity API's payload refers to.
    pub fn includes(&self) -> Option<v2::Includes<'_>> {
        self.envelope().includes.as_ref()?.parse_shared(self.envelope().sent)
    }

    /// Reads the includes that are needed for an activity that refers to no other post.
    pub(crate) fn named(&self) -> Option<v2::Named<'_>> {
        self.envelope().includes.as_ref()?.parse_shared(self.envelope().sent)
    }

    /// Reads the rules of a filtered stream that a post matched.
    pub fn matching_rules(&self) -> Vec<v2::MatchingRule<'_>> {
        let rules = self.envelope().matching_rules.as_ref().and_then(RepairableJson::parse::<Lenient<_>>);
        rules.and_then(|rules| rules.0).unwrap_or_default()
    }

    /// Reads the filter of the X Activity API subscription that delivered the event.
    pub fn filter(&self) -> Option<v2::Filter<'_>> {
        self.envelope().filter.as_ref()?.parse()
    }
}
