//! The calls to X, by API.
//!
//! - [`EnterpriseApi`] and [`PremiumApi`]: 1.1
//! - [`WebhooksApi`]: v2 webhooks, which the APIs below deliver to
//! - [`AccountActivityApi`]: subscriptions to the Account Activity API in v2, which ends on 2027-01-01
//! - [`ActivityApi`]: subscriptions to the X Activity API
//! - [`StreamLinksApi`]: filtered streams that are delivered to a webhook
//!
//! Every call returns an error if X refuses it or does not respond.

mod account_activity;
mod activity;
mod enterprise;
mod event_types;
pub(crate) mod managed;
mod premium;
mod response;
mod stream_links;
mod types;
mod webhooks;

pub use account_activity::AccountActivityApi;
pub use activity::{
    ActivityApi, ActivitySubscription, Deleted, Filter, FilterDirection, NewSubscription, Page, Subscribed,
    SubscriptionChange, SubscriptionFault, Unconfirmed,
};
pub(crate) use activity::{Subject, is_same_second, subject};
pub use enterprise::EnterpriseApi;
pub use event_types::{EVENT_TYPES, EventType};
pub use premium::PremiumApi;
pub use stream_links::{StreamLink, StreamLinksApi};
pub use types::{Counts, RegisteredWebhook, ReplayJob, ReplaySpan};
pub use webhooks::WebhooksApi;

pub use crate::url::same_url;

use crate::Client;

impl Client {
    /// Returns the calls for webhooks and subscriptions of enterprise 1.1.
    pub fn enterprise(&self) -> EnterpriseApi<'_> {
        EnterpriseApi(self)
    }

    /// Returns the calls for an environment of premium 1.1, which X no longer sells. The
    /// environment's name is case-sensitive and contains no colon.
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
