//! What a mock X knows: apps, users, webhooks, subscriptions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use birdhook_core::Timestamp;
use serde::Serialize;

use super::agenda::Agenda;
use super::api::{Logins, RateWindows};
use super::credentials::{App, Permission, Token, User};
use super::delivery::Parcel;
use super::replay::Job;
use super::settings::{Challenges, Chaos, Settings};
use crate::{Kind, Scene};

/// The API with which a webhook was registered, whose rules hold for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Generation {
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

impl Generation {
    pub(crate) fn challenges(self, settings: &Settings) -> &Challenges {
        match self {
            Self::Enterprise | Self::Premium => &settings.challenges_v1,
            Self::V2 => &settings.challenges_v2,
        }
    }
}

/// A registered webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Webhook {
    /// The id.
    pub id: String,
    /// The name of the app whose it is.
    pub app: String,
    /// The URL.
    pub url: String,
    /// Whether events are sent to it.
    pub valid: bool,
    /// When it was registered.
    pub created_at: Timestamp,
    /// With which API it was registered.
    pub generation: Generation,
    /// The environment, in premium 1.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// When it last answered a challenge well.
    pub last_success: Timestamp,
}

/// A user's subscription to the Account Activity API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Subscription {
    /// The webhook's id.
    pub webhook: String,
    /// The user's id.
    pub user_id: String,
    /// Since when.
    pub created_at: Timestamp,
}

/// A subscription to one event type of the X Activity API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ActivitySubscription {
    /// The id.
    #[serde(rename = "subscription_id")]
    pub id: String,
    /// The name of the app whose it is.
    pub app: String,
    /// The event type.
    pub event_type: String,
    /// What of it.
    pub filter: Filter,
    /// The app's word for it, which comes with every event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The webhook's id; without one, events go to the stream only, which a mock does not have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it ends; without one, it is permanent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// The filter of an [`ActivitySubscription`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Filter {
    /// The user it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// A word that must occur.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyword: Option<String>,
    /// `inbound` or `outbound`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<String>,
    /// Predicates of the event type: name and value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub qualifiers: BTreeMap<String, String>,
}

/// A webhook's link to a filtered stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StreamLink {
    /// The webhook's id.
    pub webhook: String,
    /// The parameters that came with it: which fields posts are to have.
    pub fields: Vec<(String, String)>,
    /// Since when.
    pub created_at: Timestamp,
}

/// A message or a post that an app wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Written {
    /// The id.
    pub id: String,
    /// The name of the app.
    pub app: String,
    /// The author's id.
    pub user_id: String,
    /// The recipient's id, of a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The request's body.
    pub body: serde_json::Value,
    /// When the request came.
    pub created_at: Timestamp,
}

/// In which way X is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outage {
    /// 500, code 0.
    Internal,
    /// 503, code 67.
    Unavailable,
}

/// What an OAuth token stands for.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) app: String,
    pub(crate) user_id: String,
    /// For OAuth 1.0a.
    pub(crate) secret: Token,
    pub(crate) permission: Permission,
    /// For OAuth 2.0.
    pub(crate) scopes: BTreeSet<String>,
    /// From when on it is void.
    pub(crate) expires_at: Option<Timestamp>,
}

/// Everything that changes.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) random: fastrand::Rng,
    pub(crate) scene: Scene,
    pub(crate) apps: Vec<App>,
    pub(crate) permission: Permission,
    /// By app and id.
    pub(crate) users: BTreeMap<(String, String), User>,
    /// By OAuth 1.0a token.
    pub(crate) grants: BTreeMap<Token, Grant>,
    /// By OAuth 2.0 user token.
    pub(crate) grants2: BTreeMap<Token, Grant>,
    pub(crate) logins: Logins,
    /// Nonces of OAuth 1.0a, with their timestamps.
    pub(crate) nonces: BTreeSet<(i64, String)>,
    pub(crate) rates: RateWindows,
    pub(crate) webhooks: Vec<Webhook>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) activities: Vec<ActivitySubscription>,
    pub(crate) links: Vec<StreamLink>,
    pub(crate) written: Vec<Written>,
    /// Whether those who write get no answer.
    pub(crate) withholds_answers: bool,
    pub(crate) jobs: Vec<Job>,
    pub(crate) agenda: Agenda,
    pub(crate) chaos: Chaos,
    pub(crate) is_held: bool,
    /// What is due and waits for its turn, by webhook.
    pub(crate) waiting: BTreeMap<String, VecDeque<Parcel>>,
    /// How many deliveries are under way, by webhook.
    pub(crate) under_way: BTreeMap<String, usize>,
    /// How many scheduled challenges are under way.
    pub(crate) challenging: usize,
    pub(crate) next_delivery: u64,
    /// Why calls fail now, whoever makes them.
    pub(crate) outage: Option<Outage>,
    /// Whether the server is gone.
    pub(crate) has_ended: bool,
}

impl State {
    pub(crate) fn app(&self, name: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.name == name)
    }

    pub(crate) fn webhook(&self, id: &str) -> Option<&Webhook> {
        self.webhooks.iter().find(|webhook| webhook.id == id)
    }

    pub(crate) fn webhook_mut(&mut self, id: &str) -> Option<&mut Webhook> {
        self.webhooks.iter_mut().find(|webhook| webhook.id == id)
    }

    /// The webhook, if it is this app's.
    pub(crate) fn webhook_of(&self, app: &str, id: &str) -> Option<&Webhook> {
        self.webhook(id).filter(|webhook| webhook.app == app)
    }

    pub(crate) fn is_subscribed(&self, webhook: &str, user: &str) -> bool {
        self.subscriptions.iter().any(|one| one.webhook == webhook && one.user_id == user)
    }

    /// Removes the subscriptions to the X Activity API that have expired.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        self.activities.retain(|one| one.expires_at.is_none_or(|end| end > now));
    }

    /// Forgets a webhook and what hangs on it.
    pub(crate) fn remove_webhook(&mut self, id: &str) {
        self.webhooks.retain(|webhook| webhook.id != id);
        self.subscriptions.retain(|one| one.webhook != id);
        self.activities.retain(|one| one.webhook_id.as_deref() != Some(id));
        self.links.retain(|link| link.webhook != id);
        self.jobs.retain(|job| job.webhook != id);
        self.waiting.remove(id);
    }

    /// A user takes an app's access away: their tokens are void, and so is what they subscribed.
    pub(crate) fn revoke(&mut self, user: &str) {
        self.subscriptions.retain(|one| one.user_id != user);
        self.activities.retain(|one| one.filter.user_id.as_deref() != Some(user) || !is_private(&one.event_type));
        self.users.retain(|(_, id), _| id != user);
        self.grants.retain(|_, grant| grant.user_id != user);
        self.grants2.retain(|_, grant| grant.user_id != user);
        self.logins.revoke(user);
    }
}

/// Whether an event type of the X Activity API takes a token of the user it is about.
pub(crate) fn is_private(event_type: &str) -> bool {
    let prefixes = ["like.", "dm.", "chat.", "mute.", "block.", "subscriptions.", "broadcast.chat"];
    let types = [Kind::Mention, Kind::Reply, Kind::Quote, Kind::Repost];
    prefixes.iter().any(|prefix| event_type.starts_with(prefix)) || types.iter().any(|kind| kind.as_str() == event_type)
}
