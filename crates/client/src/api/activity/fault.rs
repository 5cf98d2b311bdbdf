//! Checks of a new subscription before it is requested.

use birdhook_core::Timestamp;

use super::subscription::NewSubscription;
use crate::api::event_types::{is_known, suggestions};
use crate::credentials::{CredentialKind, requirement};

/// The reason why a subscription cannot be requested.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscriptionFault {
    /// X's OpenAPI does not list this event type.
    #[error("unknown event type {name:?}{}", suggestion(.meant))]
    EventType {
        /// The unknown name.
        name: String,
        /// Suggested types.
        meant: Vec<&'static str>,
    },
    /// X's API does not accept this member in the filter of a new subscription.
    #[error("X does not accept {0} in the filter of a new subscription")]
    UnknownMember(String),
    /// The user's id is not 1 to 19 digits.
    #[error("invalid user id {0:?}: expected 1 to 19 digits")]
    User(String),
    /// The keyword does not have 1 to 150 characters.
    #[error("invalid keyword {0:?}: expected 1 to 150 characters")]
    Keyword(String),
    /// The filter names neither a user nor a keyword.
    #[error("the filter of {0} names neither a user nor a keyword")]
    NoSubject(String),
    /// X's API accepts no direction for this type.
    #[error("{0} accepts no direction: X delivers it to the user who acts")]
    Direction(String),
    /// The tag does not have 1 to 200 characters.
    #[error("invalid tag {0:?}: expected 1 to 200 characters")]
    Tag(String),
    /// The expiry is not in the future.
    #[error("invalid expiry {0}: expected a time in the future")]
    Expired(Timestamp),
    /// Credentials of a kind that the type accepts are missing.
    #[error("no credentials to subscribe to {event_type}: {}", requirement(.takes))]
    Credentials {
        /// The event type.
        event_type: String,
        /// The accepted kinds of credentials, best first.
        takes: &'static [CredentialKind],
    },
    /// The user's OAuth 2.0 token lacks a scope that the type needs. The text names the scope and
    /// how to obtain it.
    #[error("{0}")]
    Scope(String),
}

fn suggestion(meant: &[&str]) -> String {
    match meant {
        [] => String::new(),
        [one] => format!(": did you mean {one:?}?"),
        several => format!(": X's types of this family are {}", several.join(", ")),
    }
}

impl NewSubscription {
    /// Checks the requirements of X's API, without a call, and returns the first fault.
    pub fn check(&self, now: Timestamp) -> Result<(), SubscriptionFault> {
        let Self { event_type, filter, tag, expires_at, .. } = self;
        let has = |text: &str, most: usize| (1..=most).contains(&text.chars().count());
        let name = event_type.clone();
        if !is_known(event_type) {
            return Err(SubscriptionFault::EventType { meant: suggestions(&name), name });
        }
        if let Some(id) = filter.user_id.as_ref().filter(|id| !has(id, 19) || !id.bytes().all(|b| b.is_ascii_digit())) {
            return Err(SubscriptionFault::User(id.clone()));
        }
        if let Some(word) = filter.keyword.as_ref().filter(|word| !has(word, 150)) {
            return Err(SubscriptionFault::Keyword(word.clone()));
        }
        if filter.user_id.is_none() && filter.keyword.is_none() && event_type != "oauth.revoke" {
            return Err(SubscriptionFault::NoSubject(name));
        }
        let takes_no_direction = event_type.starts_with("mute.") || event_type.starts_with("block.");
        if filter.direction.is_some() && takes_no_direction {
            return Err(SubscriptionFault::Direction(name));
        }
        self.has_known_members()?;
        if let Some(tag) = tag.as_ref().filter(|tag| !has(tag, 200)) {
            return Err(SubscriptionFault::Tag(tag.clone()));
        }
        expires_at.filter(|at| *at <= now).map_or(Ok(()), |at| Err(SubscriptionFault::Expired(at)))
    }

    pub(super) fn has_known_members(&self) -> Result<(), SubscriptionFault> {
        let unknown = &self.filter.unknown;
        if unknown.is_empty() {
            return Ok(());
        }
        let all: Vec<String> = unknown.iter().map(|(name, json)| format!("{name}: {json}")).collect();
        Err(SubscriptionFault::UnknownMember(all.join(", ")))
    }
}
