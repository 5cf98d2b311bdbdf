//! The deduplication policy of a webhook.

use birdhook_core::{DedupeScope, Event, EventKey};

/// Whether X reports events through one API or through both at once.
///
/// The X Activity API replaces the Account Activity API, which ends on 2027-01-01. An app that
/// subscribes its users to both during the migration receives every event twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApiMode {
    /// Each user is subscribed through one API. Events with the same
    /// [`delivery_key`](birdhook_core::Event::delivery_key) are duplicates.
    #[default]
    Single,
    /// Users are subscribed through both APIs, which report the same events.
    ///
    /// Reports of one event by both APIs are duplicates too, as determined by the
    /// [`content_key`](birdhook_core::Event::content_key).
    ///
    /// Events with an id (posts, likes, messages, read receipts, revocations) are matched by it.
    /// Events without an id in one of the APIs (follows, blocks, mutes, typing) are matched by the
    /// users and the action, and by their times. If both APIs give a time, the times may differ by at
    /// most 5 seconds. If one gives none, the other API's report must have arrived within the
    /// [tolerance](crate::Webhook::dual_mode_tolerance). Each report matches one report of the other
    /// API; a second report by the same API is not a duplicate.
    Dual,
}

/// A deduplication policy: which events count as duplicates of each other.
///
/// For code that forwards events under their deduplication keys. Made by
/// [`Webhook::dedupe_policy`](crate::Webhook::dedupe_policy). The default is that of a webhook with default
/// settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DedupePolicy {
    pub(crate) scope: DedupeScope,
    pub(crate) api_mode: ApiMode,
}

impl DedupePolicy {
    /// Creates the policy of a webhook with these settings.
    pub fn new(scope: DedupeScope, api_mode: ApiMode) -> Self {
        Self { scope, api_mode }
    }

    /// Returns the key by which duplicates of this event are recognised.
    ///
    /// With [`ApiMode::Dual`], the two APIs' reports of an event without an id have different keys;
    /// only the receiver itself can match them.
    pub fn key(&self, event: &Event) -> EventKey {
        match self.api_mode {
            ApiMode::Dual if !event.lacks_unique_id() => event.content_key_in(self.scope),
            _ => event.delivery_key_in(self.scope),
        }
    }
}
