//! The state of a mock X: apps, users, webhooks, subscriptions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use birdhook_core::Timestamp;
use serde::Serialize;

use super::credentials::{MockApp, MockToken, MockUser, Permission};
use super::scheduler::{QueuedDelivery, Scheduler, Task};
use super::settings::{Chaos, MockApi};
use crate::payload::MockEventKind;

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
    pub(crate) expires_at: Option<Timestamp>,
}

/// Pending logins and refresh tokens.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    /// OAuth 1.0a logins by request token.
    pub(crate) requests: BTreeMap<MockToken, PendingLogin>,
    /// OAuth 2.0 codes.
    pub(crate) codes: BTreeMap<MockToken, Code>,
    /// OAuth 2.0 refresh tokens.
    pub(crate) refreshes: BTreeMap<MockToken, Refresh>,
}

/// A pending OAuth 1.0a login.
#[derive(Debug)]
pub(crate) struct PendingLogin {
    pub(crate) app: String,
    pub(crate) secret: MockToken,
    /// `oob` for a login with a PIN.
    pub(crate) callback: String,
    /// The user who has agreed, and the verifier.
    pub(crate) agreed: Option<(String, MockToken)>,
}

/// The login that an OAuth 2.0 code belongs to.
#[derive(Debug)]
pub(crate) struct Code {
    pub(crate) consent: Refresh,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    pub(crate) made_at: Timestamp,
}

/// A user's consent to an app.
#[derive(Clone, Debug)]
pub(crate) struct Refresh {
    pub(crate) app: String,
    pub(crate) user_id: String,
    pub(crate) scopes: BTreeSet<String>,
}

impl Logins {
    /// Removes the user's consent to all apps.
    pub(crate) fn revoke(&mut self, user: &str) {
        self.requests.retain(|_, login| login.agreed.as_ref().is_none_or(|(id, _)| id != user));
        self.codes.retain(|_, code| code.consent.user_id != user);
        self.refreshes.retain(|_, refresh| refresh.user_id != user);
    }
}

/// Call counts by index of the call, and by app and user.
pub(crate) type RateWindows = BTreeMap<(usize, String), Counted>;

/// The number of calls in a window, and its start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    pub(crate) began: Timestamp,
    pub(crate) calls: u32,
}

/// A running replay job.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) webhook: String,
    pub(crate) left: usize,
    pub(crate) failed: usize,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) random: fastrand::Rng,
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
    pub(crate) outage: Option<Outage>,
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

    /// Returns the subscribers of a webhook, in the format of all APIs.
    pub(crate) fn users_of(&self, webhook: &MockWebhook) -> serde_json::Value {
        let all = self.subscriptions.iter().filter(|one| one.webhook == webhook.id);
        all.map(|one| serde_json::json!({"user_id": one.user_id})).collect()
    }

    /// Schedules a delivery.
    pub(crate) fn send_once(&mut self, mut queued: QueuedDelivery, due: Timestamp) {
        self.next_delivery += 1;
        queued.delivery = self.next_delivery;
        self.scheduler.add(due, Task::Deliver(Box::new(queued)));
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
