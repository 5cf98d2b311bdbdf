//! Subscriptions to the X Activity API.

mod filter;
mod subscribe;
mod types;

pub use filter::{Filter, FilterDirection};
pub(crate) use subscribe::{Subject, in_words, is_same_second, login, subject};
pub use subscribe::{Subscribed, SubscriptionFault, Unconfirmed};

use std::collections::BTreeSet;

use birdhook_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event_types::PUBLIC;
use super::{BEARER, EventType, answer, part};
use crate::call::Call;
use crate::{Client, Error, ErrorCause};

/// Calls for subscriptions to the X Activity API.
///
/// X's documentation: <https://docs.x.com/x-api/activity/introduction>.
#[derive(Clone, Copy, Debug)]
pub struct ActivityApi<'a>(pub(super) &'a Client);

/// A subscription to one event type.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct ActivitySubscription {
    /// The id.
    #[serde(rename = "subscription_id", alias = "id", deserialize_with = "answer::id")]
    pub id: String,
    /// The event type, for example `like.create`.
    pub event_type: String,
    /// The filter.
    #[serde(default)]
    pub filter: Filter,
    /// The app's label, which X attaches to every event.
    #[serde(default, deserialize_with = "answer::text")]
    pub tag: Option<String>,
    /// The id of the webhook that receives the events. Without one, events go only to the stream.
    #[serde(default, deserialize_with = "answer::text")]
    pub webhook_id: Option<String>,
    /// The expiry. `None` means permanent.
    #[serde(default, deserialize_with = "answer::time")]
    pub expires_at: Option<Timestamp>,
    /// The time of creation.
    #[serde(default, deserialize_with = "answer::time")]
    pub created_at: Option<Timestamp>,
    /// The time of the last change.
    #[serde(default, deserialize_with = "answer::time")]
    pub updated_at: Option<Timestamp>,
}

/// A subscription to create.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
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
    #[must_use]
    pub fn webhook(self, id: impl Into<String>) -> Self {
        Self { webhook_id: Some(id.into()), ..self }
    }

    /// Sets the app's label.
    #[must_use]
    pub fn tag(self, tag: impl Into<String>) -> Self {
        Self { tag: Some(tag.into()), ..self }
    }

    /// Sets the expiry.
    #[must_use]
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

const MOST_AT_ONCE: usize = 100;
const MOST_ON_A_PAGE: u16 = 1000;

impl ActivityApi<'_> {
    /// Creates a subscription, or sets the expiry of an equal one.
    ///
    /// Private types need a token of the filter's user, public ones accept any credentials:
    /// [`EVENT_TYPES`](super::EVENT_TYPES). If X reports success without naming the subscription,
    /// X's list confirms it. [`subscribe`](Self::subscribe) confirms the other responses too.
    ///
    /// # Errors
    /// Returns an error if X refuses, the limit is reached, the subscription exists, or the filter
    /// has members that X does not accept.
    pub async fn create(&self, new: &NewSubscription) -> Result<ActivitySubscription, Error> {
        if let Some(made) = self.ask(new).await? {
            return Ok(made);
        }
        let listed = self.list_for(new).await?;
        let found = listed.into_iter().find(|one| new.is_met_by(one, self.0.now()));
        found.ok_or_else(|| {
            let why = "X accepted it without naming the subscription, and lists no equal one".to_owned();
            Error::unreadable(&Self::creation(new), None, why)
        })
    }

    /// Asks X for a subscription. `None` means success without the subscription in the response.
    async fn ask(&self, new: &NewSubscription) -> Result<Option<ActivitySubscription>, Error> {
        let call = Self::creation(new);
        new.has_known_members().map_err(|fault| Error::invalid(&call, &fault.to_string()))?;
        self.0.read_any(call.json(new)?, |answer| answer::one(answer, "subscription")).await
    }

    /// Checks the requirements of X's API and the credentials, without a call.
    ///
    /// # Errors
    /// Returns the first fault found.
    pub async fn check(&self, new: &NewSubscription) -> Result<(), SubscriptionFault> {
        new.check(self.0.now())?;
        let call = Self::creation(new);
        let (event_type, takes) = (new.event_type.clone(), call.takes);
        self.0.kind(&call).await.map(drop).map_err(|error| match error.cause() {
            ErrorCause::Permission => SubscriptionFault::Scope(format!("{error}. {}", error.fix())),
            _ => SubscriptionFault::Credentials { event_type, takes },
        })
    }

    /// Returns the call that creates a subscription, without its body.
    pub(crate) fn creation(new: &NewSubscription) -> Call {
        let EventType { takes, scopes, .. } = EventType::of(&new.event_type);
        let mut call = Call::post("/2/activity/subscriptions", takes).scopes(scopes);
        call.user.clone_from(&new.filter.user_id);
        call
    }

    /// Returns a page of up to 1,000 of the app's subscriptions.
    ///
    /// # Errors
    /// Returns an error if X refuses the call or does not know the page.
    pub async fn page(&self, at_most: u16, page: Option<&str>) -> Result<Page, Error> {
        self.read_page(Call::get("/2/activity/subscriptions", BEARER), at_most, page).await
    }

    async fn read_page(&self, call: Call, at_most: u16, page: Option<&str>) -> Result<Page, Error> {
        let mut call = call.query("max_results", at_most.to_string());
        if let Some(page) = page {
            call = call.query("pagination_token", page);
        }
        self.0
            .read_as(call, |answer: &Value| {
                let next = answer.pointer("/meta/next_token").and_then(Value::as_str).map(str::to_owned);
                Some(Page { subscriptions: answer::many(answer, "subscriptions")?, next })
            })
            .await
    }

    /// Returns all of the app's subscriptions.
    ///
    /// # Errors
    /// Returns an error if X refuses the call.
    pub async fn list(&self) -> Result<Vec<ActivitySubscription>, Error> {
        self.read_pages(&Call::get("/2/activity/subscriptions", BEARER)).await
    }

    /// Returns the app's subscriptions for this user. Uses the bearer token or a token of the user.
    ///
    /// # Errors
    /// Returns an error if X refuses the call.
    pub async fn list_of(&self, user: &str) -> Result<Vec<ActivitySubscription>, Error> {
        self.read_pages(&Call::get("/2/activity/subscriptions", PUBLIC).of(user).query("user_id", user)).await
    }

    async fn read_pages(&self, call: &Call) -> Result<Vec<ActivitySubscription>, Error> {
        let (mut all, mut next, mut seen) = (Vec::new(), None, BTreeSet::new());
        loop {
            let page = self.read_page(call.clone(), MOST_ON_A_PAGE, next.as_deref()).await?;
            all.extend(page.subscriptions);
            match page.next {
                // Pages that point to each other would loop forever.
                Some(token) if seen.insert(token.clone()) => next = Some(token),
                _ => return Ok(all),
            }
        }
    }

    /// Changes the tag or the webhook of a subscription. Its filter and its expiry do not change.
    ///
    /// # Errors
    /// Returns an error if the id does not exist.
    pub async fn update(&self, id: &str, change: &SubscriptionChange) -> Result<ActivitySubscription, Error> {
        let call = Call::put(format!("/2/activity/subscriptions/{}", part(id)), BEARER).json(change)?;
        if let Some(changed) = self.0.read_any(call.clone(), |answer| answer::one(answer, "subscription")).await? {
            return Ok(changed);
        }
        let has = |wanted: &Option<String>, is: &Option<String>| wanted.is_none() || wanted == is;
        let is_changed = |one: &ActivitySubscription| {
            one.id == id && has(&change.tag, &one.tag) && has(&change.webhook_id, &one.webhook_id)
        };
        let found = self.list().await?.into_iter().find(is_changed);
        found.ok_or_else(|| {
            let why = "X accepted the change without naming the subscription, and does not list it as changed";
            Error::unreadable(&call, None, why.to_owned())
        })
    }

    /// Deletes a subscription.
    ///
    /// # Errors
    /// Returns an error if the id does not exist.
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        let call = Call::delete(format!("/2/activity/subscriptions/{}", part(id)), BEARER);
        self.0.made(call, |answer| answer::flag(answer, "deleted")).await
    }

    /// Deletes several subscriptions, 100 per call.
    ///
    /// # Errors
    /// Returns an error if X refuses a call. The subscriptions of earlier calls are then deleted.
    /// If a response is lost, the retry reports subscriptions that the first attempt deleted as
    /// missing.
    pub async fn delete_many(&self, ids: &[String]) -> Result<Deleted, Error> {
        let mut all = Deleted::default();
        for ids in ids.chunks(MOST_AT_ONCE) {
            let call = Call::delete("/2/activity/subscriptions", BEARER).query("ids", ids.join(","));
            let (deleted, missing) = match self.0.read_any(call.clone(), |answer| deleted(answer, ids)).await? {
                Some(told) => told,
                None => (self.gone(&call, ids).await?, Vec::new()),
            };
            all.deleted.extend(deleted);
            all.missing.extend(missing);
        }
        Ok(all)
    }

    /// Returns these ids if X no longer lists any of them.
    async fn gone(&self, call: &Call, ids: &[String]) -> Result<Vec<String>, Error> {
        let left: Vec<String> =
            self.list().await?.into_iter().map(|one| one.id).filter(|id| ids.contains(id)).collect();
        if left.is_empty() {
            return Ok(ids.to_vec());
        }
        Err(Error::unreadable(call, None, format!("X accepted it, and still lists {}", left.join(", "))))
    }
}

/// Splits the ids into deleted and missing, as the response names them. `None` if it names neither.
fn deleted(answer: &Value, ids: &[String]) -> Option<(Vec<String>, Vec<String>)> {
    let list = |name: &str| answer.get(name).and_then(Value::as_array).map(Vec::as_slice);
    let id = |entry: &Value| {
        let id = entry.get("subscription_id").or_else(|| entry.get("resource_id")).or_else(|| entry.get("id"));
        id?.as_str().map(str::to_owned)
    };
    let is_deleted = |entry: &&Value| entry.get("deleted") != Some(&Value::Bool(false));
    let (data, errors) = (list("data"), list("errors").unwrap_or_default());
    if data.is_none() && errors.is_empty() {
        return None;
    }
    let named: Vec<String> = match data {
        Some(data) => data.iter().filter(is_deleted).filter_map(id).collect(),
        None => errors.iter().filter_map(id).collect(),
    };
    if data.is_none() && named.is_empty() && !errors.is_empty() {
        return None;
    }
    Some(ids.iter().cloned().partition(|id| named.contains(id) == data.is_some()))
}
