//! What there should be.

use std::collections::BTreeSet;

use birdhook_core::Timestamp;
use serde::Serialize;

use crate::api::{Filter, NewSubscription};

/// With which API the webhook is managed, and users are subscribed to the Account Activity API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Api {
    /// v2.
    #[default]
    V2,
    /// Enterprise 1.1, which has no X Activity API.
    Enterprise,
}

/// What there should be: a webhook, registered and valid, and what it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wanted {
    /// The receiver's public URL.
    pub url: String,
    /// The API that manages it.
    pub api: Api,
    /// The ids of the users who are subscribed to the Account Activity API.
    pub account_activity: BTreeSet<String>,
    /// The subscriptions to the X Activity API.
    pub activity: BTreeSet<Wish>,
}

/// A subscription to the X Activity API that there should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub struct Wish {
    /// The type of event: `like.create`.
    pub event_type: String,
    /// The filter.
    pub filter: Filter,
    /// The app's label. Without one, any tag is left as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// When the subscription is to end. Without one, any end is left as it is, and a new subscription is permanent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl Wish {
    /// A subscription with any tag and any end.
    pub fn new(event_type: impl Into<String>, filter: Filter) -> Self {
        Self { event_type: event_type.into(), filter, tag: None, expires_at: None }
    }

    /// Sets the tag.
    #[must_use]
    pub fn tag(self, tag: impl Into<String>) -> Self {
        Self { tag: Some(tag.into()), ..self }
    }

    /// Sets when the subscription is to end.
    #[must_use]
    pub fn expires_at(self, at: Timestamp) -> Self {
        Self { expires_at: Some(at), ..self }
    }

    /// The subscription to create, on this webhook.
    pub(crate) fn subscription(&self, webhook: &str) -> NewSubscription {
        let mut new = NewSubscription::new(&*self.event_type, self.filter.clone()).webhook(webhook);
        (new.tag, new.expires_at) = (self.tag.clone(), self.expires_at);
        new
    }
}

impl Wanted {
    /// A webhook of this URL, in v2, that nobody is subscribed to.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), api: Api::V2, account_activity: BTreeSet::new(), activity: BTreeSet::new() }
    }

    /// The same with another API.
    #[must_use]
    pub fn api(self, api: Api) -> Self {
        Self { api, ..self }
    }

    /// The same with a user who is subscribed to the Account Activity API.
    #[must_use]
    pub fn account_activity(mut self, user: impl Into<String>) -> Self {
        self.account_activity.insert(user.into());
        self
    }

    /// The same with a subscription to the X Activity API.
    #[must_use]
    pub fn activity(self, event_type: impl Into<String>, filter: Filter) -> Self {
        self.wish(Wish::new(event_type, filter))
    }

    /// The same with a subscription to the X Activity API that has this tag.
    #[must_use]
    pub fn tagged_activity(self, event_type: impl Into<String>, filter: Filter, tag: impl Into<String>) -> Self {
        self.wish(Wish::new(event_type, filter).tag(tag))
    }

    /// Adds a subscription to the X Activity API.
    #[must_use]
    pub fn wish(mut self, wish: Wish) -> Self {
        self.activity.insert(wish);
        self
    }
}
