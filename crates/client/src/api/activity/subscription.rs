use birdhook_core::Timestamp;
use serde::{Deserialize, Serialize};

use super::filter::{Filter, FilterDirection};
use crate::api::event_types::canonical;
use crate::api::response;

/// A subscription to one event type.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct ActivitySubscription {
    /// The id.
    #[serde(rename = "subscription_id", alias = "id", deserialize_with = "response::id")]
    pub id: String,
    /// The event type, for example `like.create`.
    pub event_type: String,
    /// The filter.
    #[serde(default)]
    pub filter: Filter,
    /// The app's label, which X attaches to every event.
    #[serde(default, deserialize_with = "response::text")]
    pub tag: Option<String>,
    /// The id of the webhook that receives the events. Without one, events go only to the stream.
    #[serde(default, deserialize_with = "response::text")]
    pub webhook_id: Option<String>,
    /// The expiry. `None` means permanent.
    #[serde(default, deserialize_with = "response::time")]
    pub expires_at: Option<Timestamp>,
    /// The time of creation.
    #[serde(default, deserialize_with = "response::time")]
    pub created_at: Option<Timestamp>,
    /// The time of the last change.
    #[serde(default, deserialize_with = "response::time")]
    pub updated_at: Option<Timestamp>,
}

/// A subscription to create.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[must_use]
#[non_exhaustive]
pub struct NewSubscription {
    /// The event type, for example `like.create`.
    pub event_type: String,
    /// The filter.
    pub filter: Filter,
    /// The app's label, of 1 to 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The id of the webhook that receives the events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<String>,
    /// The expiry. Without one, X makes the subscription permanent, even an equal existing one that
    /// had an expiry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl NewSubscription {
    /// Creates a subscription without a webhook: its events go only to the stream.
    pub fn new(event_type: impl Into<String>, filter: Filter) -> Self {
        Self { event_type: event_type.into(), filter, tag: None, webhook_id: None, expires_at: None }
    }

    /// Copies the type, filter, webhook and tag of an existing subscription, with a new expiry.
    /// `None` means permanent.
    pub fn again(one: &ActivitySubscription, expires_at: Option<Timestamp>) -> Self {
        let ActivitySubscription { event_type, filter, tag, webhook_id, .. } = one.clone();
        Self { event_type, filter, tag, webhook_id, expires_at }
    }

    /// Sets the webhook that receives the events.
    pub fn webhook(self, id: impl Into<String>) -> Self {
        Self { webhook_id: Some(id.into()), ..self }
    }

    /// Sets the app's label.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        Self { tag: Some(tag.into()), ..self }
    }

    /// Sets the expiry.
    pub fn expires_at(self, at: Timestamp) -> Self {
        Self { expires_at: Some(at), ..self }
    }
}

/// The changes to make to a subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SubscriptionChange {
    /// The new label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The id of the new webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<String>,
}

impl SubscriptionChange {
    /// Changes the webhook.
    pub fn webhook(id: impl Into<String>) -> Self {
        Self { webhook_id: Some(id.into()), ..Self::default() }
    }

    /// Changes the label.
    pub fn tag(tag: impl Into<String>) -> Self {
        Self { tag: Some(tag.into()), ..Self::default() }
    }
}

/// A page of subscriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The subscriptions.
    pub subscriptions: Vec<ActivitySubscription>,
    /// The token of the next page, if there is one.
    pub next: Option<String>,
}

/// Outcome of deleting several subscriptions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Deleted {
    /// The ids of the deleted subscriptions.
    pub deleted: Vec<String>,
    /// The ids that did not exist.
    pub missing: Vec<String>,
}

pub(crate) type Subject = (String, Option<String>, Option<String>);

/// Returns what a subscription is about. X may treat subscriptions with the same subject as duplicates.
pub(crate) fn subject(event_type: &str, filter: &Filter) -> Subject {
    (canonical(event_type).to_owned(), filter.user_id.clone(), filter.keyword.clone())
}

/// Compares in whole seconds, because X may drop fractions.
pub(crate) fn is_same_second(one: Timestamp, other: Timestamp) -> bool {
    one.as_millis().div_euclid(1000) == other.as_millis().div_euclid(1000)
}

impl NewSubscription {
    /// Returns whether X's subscription now delivers all of this one's events to the same webhook.
    pub(crate) fn is_met_by(&self, one: &ActivitySubscription, now: Timestamp) -> bool {
        self.has_filter_of(one) && one.webhook_id == self.webhook_id && one.is_live(now)
    }

    pub(super) fn has_filter_of(&self, one: &ActivitySubscription) -> bool {
        canonical(&one.event_type) == canonical(&self.event_type) && one.filter == self.filter
    }

    pub(crate) fn difference(&self, other: &ActivitySubscription) -> String {
        let ActivitySubscription { id, event_type, filter, webhook_id, .. } = other;
        let mut text = format!("{id} is for {event_type}{filter}");
        if *webhook_id != self.webhook_id {
            let webhook = webhook_id.as_ref().map_or("no webhook".to_owned(), |id| format!("the webhook {id}"));
            text += &format!(", on {webhook}");
        }
        text
    }

    /// Returns the `birdhook` commands that replace another subscription with this one. The other
    /// one's expiry is kept unless this one has its own.
    pub fn replace_command(&self, other: &ActivitySubscription) -> String {
        if let Some(webhook) = self.webhook_id.as_ref().filter(|_| self.has_filter_of(other)) {
            return format!("birdhook activity update {} --webhook {webhook}", quoted(&other.id));
        }
        let mut command = format!("birdhook activity remove {} --yes && birdhook activity add", quoted(&other.id));
        command += &format!(" {}", quoted(&self.event_type));
        let filter = &self.filter;
        let mut add = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                command += &format!(" --{name} {}", quoted(value));
            }
        };
        add("user", filter.user_id.as_deref());
        add("keyword", filter.keyword.as_deref());
        add("direction", filter.direction.map(FilterDirection::as_str));
        for (name, value) in &filter.qualifiers {
            add("qualifier", Some(&format!("{name}={value}")));
        }
        add("webhook", self.webhook_id.as_deref());
        add("tag", self.tag.as_deref().or(other.tag.as_deref()));
        add("expires-at", self.expires_at.or(other.expires_at).map(|at| at.to_string()).as_deref());
        command
    }
}

fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.,:=/+".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

impl ActivitySubscription {
    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }
}
