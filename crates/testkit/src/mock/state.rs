//! The state of a mock X: apps, users, webhooks, subscriptions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use birdhook_core::Timestamp;
use serde::Serialize;

use super::api::{Logins, RateWindows};
use super::credentials::{MockApp, MockToken, MockUser, Permission};
use super::delivery::QueuedDelivery;
use super::replay::Job;
use super::scheduler::Scheduler;
use super::settings::{Challenges, Chaos, MockSettings};
use crate::{MockEventKind, PayloadGenerator};

/// The API with which a webhook was registered; its rules apply to the webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum MockApi {
    /// `/1.1/account_activity/webhooks`.
    #[serde(rename = "enterprise-1.1")]
    Enterprise,
    /// `/1.1/account_activity/all/:env_name`.
    #[serde(rename = "premium-1.1")]
    Premium,
    /// `/2/webhooks`.
    #[serde(rename = "v2")]
    V2,
}

impl MockApi {
    pub(crate) fn challenges(self, settings: &MockSettings) -> &Challenges {
        match self {
            Self::Enterprise | Self::Premium => &settings.challenges_v1,
            Self::V2 => &settings.challenges_v2,
        }
    }
}

/// A registered webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MockWebhook {
    /// The id.
    pub id: String,
    /// The name of the app that owns it.
    pub app: String,
    /// The URL.
    pub url: String,
    /// Whether deliveries are sent to it.
    pub valid: bool,
    /// The time of registration.
    pub created_at: Timestamp,
    /// The API with which it was registered.
    pub generation: MockApi,
    /// The environment, in premium 1.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The time of the last passed challenge.
    pub last_success: Timestamp,
}

/// A user's subscription to the Account Activity API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MockSubscription {
    /// The id of the webhook.
    pub webhook: String,
    /// The id of the user.
    pub user_id: String,
    /// The time of creation.
    pub created_at: Timestamp,
}

/// An X Activity subscription to one event type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MockActivitySubscription {
    /// The id.
    #[serde(rename = "subscription_id")]
    pub id: String,
    /// The name of the app that owns it.
    pub app: String,
    /// The event type.
    pub event_type: String,
    /// The filter of events.
    pub filter: MockFilter,
    /// The tag that the app has set; events contain it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The id of the webhook. `None` sends events only to X's stream, which a mock does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<String>,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The time of the last change.
    pub updated_at: Timestamp,
    /// The expiry; `None` means that it does not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// The filter of an [`MockActivitySubscription`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MockFilter {
    /// The id of the user concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// A text that the payload must contain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyword: Option<String>,
    /// `inbound` or `outbound`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<String>,
    /// Additional conditions for some event types: name and value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub qualifiers: BTreeMap<String, String>,
}

/// A webhook's link to a filtered stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MockStreamLink {
    /// The id of the webhook.
    pub webhook: String,
    /// The query parameters of the link: the fields to include in posts.
    pub fields: Vec<(String, String)>,
    /// The time of creation.
    pub created_at: Timestamp,
}

/// A message or post that an app wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Written {
    /// The id.
    pub id: String,
    /// The name of the app.
    pub app: String,
    /// The id of the author.
    pub user_id: String,
    /// The id of the recipient; `None` for posts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The body of the request.
    pub body: serde_json::Value,
    /// The time of the request.
    pub created_at: Timestamp,
}

/// The kind of outage of the management APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outage {
    /// Calls are answered 500 with code 0.
    Internal,
    /// Calls are answered 503 with code 67.
    Unavailable,
}

/// The app and user that an OAuth token belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) app: String,
    pub(crate) user_id: String,
    /// The token's secret, for OAuth 1.0a.
    pub(crate) secret: MockToken,
    pub(crate) permission: Permission,
    /// The scopes, for OAuth 2.0.
    pub(crate) scopes: BTreeSet<String>,
    /// The expiry.
    pub(crate) expires_at: Option<Timestamp>,
}

/// The mutable state.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) random: fastrand::Rng,
    pub(crate) scene: PayloadGenerator,
    pub(crate) apps: Vec<MockApp>,
    pub(crate) permission: Permission,
    /// Users by app and id.
    pub(crate) users: BTreeMap<(String, String), MockUser>,
    /// Grants by OAuth 1.0a token.
    pub(crate) grants: BTreeMap<MockToken, Grant>,
    /// Grants by OAuth 2.0 user token.
    pub(crate) grants2: BTreeMap<MockToken, Grant>,
    pub(crate) logins: Logins,
    /// Used OAuth 1.0a nonces with their timestamps.
    pub(crate) nonces: BTreeSet<(i64, String)>,
    pub(crate) rates: RateWindows,
    pub(crate) webhooks: Vec<MockWebhook>,
    pub(crate) subscriptions: Vec<MockSubscription>,
    pub(crate) activities: Vec<MockActivitySubscription>,
    pub(crate) links: Vec<MockStreamLink>,
    pub(crate) written: Vec<Written>,
    /// Whether responses to new messages and posts are withheld.
    pub(crate) withholds_answers: bool,
    pub(crate) jobs: Vec<Job>,
    pub(crate) scheduler: Scheduler,
    pub(crate) chaos: Chaos,
    pub(crate) is_held: bool,
    /// Due deliveries waiting to be sent, by webhook.
    pub(crate) waiting: BTreeMap<String, VecDeque<QueuedDelivery>>,
    /// Number of deliveries in progress, by webhook.
    pub(crate) in_flight: BTreeMap<String, usize>,
    /// Number of scheduled challenges in progress.
    pub(crate) challenging: usize,
    pub(crate) next_delivery: u64,
    /// The outage with which all calls fail, if any.
    pub(crate) outage: Option<Outage>,
    /// Whether the server has stopped.
    pub(crate) has_ended: bool,
}

impl State {
    pub(crate) fn app(&self, name: &str) -> Option<&MockApp> {
        self.apps.iter().find(|app| app.name == name)
    }

    pub(crate) fn webhook(&self, id: &str) -> Option<&MockWebhook> {
        self.webhooks.iter().find(|webhook| webhook.id == id)
    }

    pub(crate) fn webhook_mut(&mut self, id: &str) -> Option<&mut MockWebhook> {
        self.webhooks.iter_mut().find(|webhook| webhook.id == id)
    }

    /// Returns the webhook if it belongs to this app.
    pub(crate) fn webhook_of(&self, app: &str, id: &str) -> Option<&MockWebhook> {
        self.webhook(id).filter(|webhook| webhook.app == app)
    }

    pub(crate) fn is_subscribed(&self, webhook: &str, user: &str) -> bool {
        self.subscriptions.iter().any(|one| one.webhook == webhook && one.user_id == user)
    }

    /// Removes expired X Activity subscriptions.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        self.activities.retain(|one| one.expires_at.is_none_or(|end| end > now));
    }

    /// Removes a webhook and everything that refers to it.
    pub(crate) fn remove_webhook(&mut self, id: &str) {
        self.webhooks.retain(|webhook| webhook.id != id);
        self.subscriptions.retain(|one| one.webhook != id);
        self.activities.retain(|one| one.webhook_id.as_deref() != Some(id));
        self.links.retain(|link| link.webhook != id);
        self.jobs.retain(|job| job.webhook != id);
        self.waiting.remove(id);
    }

    /// Revokes a user's access for every app: removes their tokens, their Account Activity
    /// subscriptions, and private X Activity subscriptions about them.
    pub(crate) fn revoke(&mut self, user: &str) {
        self.subscriptions.retain(|one| one.user_id != user);
        self.activities.retain(|one| one.filter.user_id.as_deref() != Some(user) || !is_private(&one.event_type));
        self.users.retain(|(_, id), _| id != user);
        self.grants.retain(|_, grant| grant.user_id != user);
        self.grants2.retain(|_, grant| grant.user_id != user);
        self.logins.revoke(user);
    }
}

/// Returns whether an X Activity event type requires a token of the user concerned.
pub(crate) fn is_private(event_type: &str) -> bool {
    let prefixes = ["like.", "dm.", "chat.", "mute.", "block.", "subscriptions.", "broadcast.chat"];
    let types = [MockEventKind::Mention, MockEventKind::Reply, MockEventKind::Quote, MockEventKind::Repost];
    prefixes.iter().any(|prefix| event_type.starts_with(prefix)) || types.iter().any(|kind| kind.as_str() == event_type)
}
