use std::collections::BTreeSet;
use std::fmt;

use birdhook_core::Timestamp;
use serde::Serialize;

use crate::api::managed::ManagementApi;
use crate::api::{Filter, NewSubscription};

/// A desired state: a registered and valid webhook, and its subscriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct DesiredState {
    /// The receiver's public URL.
    pub url: String,
    /// The API that manages the webhook.
    pub api: ManagementApi,
    /// The ids of the users to subscribe to the Account Activity API.
    pub account_activity: BTreeSet<String>,
    /// The subscriptions to the X Activity API.
    pub activity: BTreeSet<DesiredSubscription>,
}

/// A desired subscription to the X Activity API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[must_use]
#[non_exhaustive]
pub struct DesiredSubscription {
    /// The event type, for example `like.create`.
    pub event_type: String,
    /// The filter.
    pub filter: Filter,
    /// The app's label. `None` accepts any tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The expiry. `None` accepts any expiry, and makes a new subscription permanent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl DesiredSubscription {
    /// Creates a desired subscription with any tag and any expiry.
    pub fn new(event_type: impl Into<String>, filter: Filter) -> Self {
        Self { event_type: event_type.into(), filter, tag: None, expires_at: None }
    }

    /// Sets the tag.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        Self { tag: Some(tag.into()), ..self }
    }

    /// Sets the expiry.
    pub fn expires_at(self, at: Timestamp) -> Self {
        Self { expires_at: Some(at), ..self }
    }

    pub(crate) fn subscription(&self, webhook: &str) -> NewSubscription {
        let mut new = NewSubscription::new(&*self.event_type, self.filter.clone()).webhook(webhook);
        (new.tag, new.expires_at) = (self.tag.clone(), self.expires_at);
        new
    }
}

impl DesiredState {
    /// Creates a desired state with a v2 webhook at this URL and no subscriptions.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), api: ManagementApi::V2, account_activity: BTreeSet::new(), activity: BTreeSet::new() }
    }

    /// Sets the API.
    pub fn api(self, api: ManagementApi) -> Self {
        Self { api, ..self }
    }

    /// Adds a user to subscribe to the Account Activity API.
    pub fn account_activity(mut self, user: impl Into<String>) -> Self {
        self.account_activity.insert(user.into());
        self
    }

    /// Adds a subscription to the X Activity API.
    pub fn activity(self, event_type: impl Into<String>, filter: Filter) -> Self {
        self.subscription(DesiredSubscription::new(event_type, filter))
    }

    /// Adds a subscription to the X Activity API with this tag.
    pub fn tagged_activity(self, event_type: impl Into<String>, filter: Filter, tag: impl Into<String>) -> Self {
        self.subscription(DesiredSubscription::new(event_type, filter).tag(tag))
    }

    /// Adds a subscription to the X Activity API.
    pub fn subscription(mut self, subscription: DesiredSubscription) -> Self {
        self.activity.insert(subscription);
        self
    }
}

impl fmt::Display for DesiredSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.event_type, self.filter)?;
        if let Some(tag) = &self.tag {
            write!(f, ", tagged {tag:?}")?;
        }
        self.expires_at.map_or(Ok(()), |end| write!(f, ", until {end}"))
    }
}
