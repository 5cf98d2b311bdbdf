//! The calls to X, by API.
//!
//! - [`EnterpriseApi`] and [`PremiumApi`]: 1.1
//! - [`WebhooksApi`]: v2 webhooks, which the APIs below deliver to
//! - [`AccountActivityApi`]: subscriptions to the Account Activity API in v2, which ends on 2027-01-01
//! - [`ActivityApi`]: subscriptions to the X Activity API
//! - [`StreamLinksApi`]: filtered streams that are delivered to a webhook

mod account_activity;
mod activity;
mod answer;
mod enterprise;
mod event_types;
mod premium;
mod same_url;
mod stream_links;
mod types;
mod webhooks;

pub use account_activity::AccountActivityApi;
pub use activity::{
    ActivityApi, ActivitySubscription, Deleted, Filter, FilterDirection, NewSubscription, Page, Subscribed,
    SubscriptionChange, SubscriptionFault, Unconfirmed,
};
pub(crate) use activity::{Subject, in_words, is_same_second, login, subject};
pub use enterprise::EnterpriseApi;
pub use event_types::{EVENT_TYPES, EventType};
pub use premium::PremiumApi;
pub use same_url::same_url;
pub use stream_links::{StreamLink, StreamLinksApi};
pub use types::{Counts, RegisteredWebhook, ReplayJob, ReplaySpan};
pub use webhooks::WebhooksApi;

use crate::{Client, CredentialKind};

pub(crate) const BEARER: &[CredentialKind] = &[CredentialKind::Bearer];
pub(crate) const OWNER: &[CredentialKind] = &[CredentialKind::Owner];
pub(crate) const USER: &[CredentialKind] = &[CredentialKind::User];
/// X's prose accepts only the bearer token, its OpenAPI also the owner's.
pub(crate) const BEARER_OR_OWNER: &[CredentialKind] = &[CredentialKind::Bearer, CredentialKind::Owner];
pub(crate) const ANY_USER: &[CredentialKind] = &[CredentialKind::User, CredentialKind::User2];

impl Client {
    /// Returns the calls for webhooks and subscriptions of enterprise 1.1.
    pub fn enterprise(&self) -> EnterpriseApi<'_> {
        EnterpriseApi(self)
    }

    /// Returns the calls for an environment of premium 1.1, which X no longer sells.
    ///
    /// The environment's name is case-sensitive and contains no colon.
    pub fn premium<'a>(&'a self, environment: &'a str) -> PremiumApi<'a> {
        PremiumApi { client: self, environment }
    }

    /// Returns the calls for v2 webhooks.
    pub fn webhooks(&self) -> WebhooksApi<'_> {
        WebhooksApi(self)
    }

    /// Returns the calls for v2 subscriptions to the Account Activity API.
    pub fn account_activity(&self) -> AccountActivityApi<'_> {
        AccountActivityApi(self)
    }

    /// Returns the calls for subscriptions to the X Activity API.
    pub fn activity(&self) -> ActivityApi<'_> {
        ActivityApi(self)
    }

    /// Returns the calls for links of webhooks to filtered streams.
    pub fn stream_links(&self) -> StreamLinksApi<'_> {
        StreamLinksApi(self)
    }
}

/// Percent-encodes a path segment.
fn part(text: &str) -> String {
    // Unreserved characters stay as they are: servers differ in whether they decode them before
    // they verify the signature.
    crate::oauth1::encoded(text)
}
