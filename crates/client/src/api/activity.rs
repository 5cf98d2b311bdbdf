//! Subscriptions to the X Activity API.

mod filter;
mod subscribe;
mod types;

pub use filter::{Direction, Filter};
pub use subscribe::{Subscribed, SubscriptionFault, Unconfirmed};
pub(crate) use subscribe::{in_words, is_same_second, login};
pub(crate) use types::canonical;

use std::collections::BTreeSet;

use birdhook_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event_types::PUBLIC;
use super::{BEARER, EventType, answer, part};
use crate::call::Call;
use crate::{Cause, Client, Error};

/// Subscriptions to the X Activity API (<https://docs.x.com/x-api/activity/introduction>).
#[derive(Clone, Copy, Debug)]
pub struct Activity<'a>(pub(super) &'a Client);

/// A subscription to one type of event.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct ActivitySubscription {
    /// The id.
    #[serde(rename = "subscription_id", alias = "id", deserialize_with = "answer::id")]
    pub id: String,
    /// The type of event: `like.create`.
    pub event_type: String,
    /// The filter.
    #[serde(default)]
    pub filter: Filter,
    /// The app's label, which comes with every event.
    #[serde(default, deserialize_with = "answer::text")]
    pub tag: Option<String>,
    /// The webhook that receives the events; without one, events go to the stream only.
    #[serde(default, deserialize_with = "answer::text")]
    pub webhook_id: Option<String>,
    /// When it ends. Without one, it is permanent.
    #[serde(default, deserialize_with = "answer::time")]
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    #[serde(default, deserialize_with = "answer::time")]
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "answer::time")]
    pub updated_at: Option<Timestamp>,
}

/// A subscription that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub struct NewSubscription {
    /// The type of event: `like.create`.
    pub event_type: String,
    /// The filter.
    pub filter: Filter,
    /// The app's label, of 1 to 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The webhook that is to be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<String>,
    /// When it is to end. X makes a subscription permanent when this is absent, also an equal one that had an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl NewSubscription {
    /// To this type of event, told to nobody but the stream.
    pub fn new(event_type: impl Into<String>, filter: Filter) -> Self {
        Self { event_type: event_type.into(), filter, tag: None, webhook_id: None, expires_at: None }
    }

    /// The same subscription again, with this end or permanent: type, filter, webhook and tag stay.
    pub fn again(one: &ActivitySubscription, expires_at: Option<Timestamp>) -> Self {
        let ActivitySubscription { event_type, filter, tag, webhook_id, .. } = one.clone();
        Self { event_type, filter, tag, webhook_id, expires_at }
    }

    /// The same with the webhook that is to be told.
    #[must_use]
    pub fn webhook(self, id: impl Into<String>) -> Self {
        Self { webhook_id: Some(id.into()), ..self }
    }

    /// The same with the app's word for it.
    #[must_use]
    pub fn tag(self, tag: impl Into<String>) -> Self {
        Self { tag: Some(tag.into()), ..self }
    }

    /// Sets when the subscription ends.
    #[must_use]
    pub fn expires_at(self, at: Timestamp) -> Self {
        Self { expires_at: Some(at), ..self }
    }
}

/// What is to be changed of a subscription.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The app's word for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The webhook that is to be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<String>,
}

impl Change {
    /// The webhook that is to be told.
    pub fn webhook(id: impl Into<String>) -> Self {
        Self { webhook_id: Some(id.into()), ..Self::default() }
    }

    /// The app's word for it.
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
    /// What gets the next page, if there is one.
    pub next: Option<String>,
}

/// What became of several subscriptions that were to be deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Deleted {
    /// The ids of those that are gone.
    pub deleted: Vec<String>,
    /// The ids of those that there were none of.
    pub missing: Vec<String>,
}

const MOST_AT_ONCE: usize = 100;
const MOST_ON_A_PAGE: u16 = 1000;

impl Activity<'_> {
    /// Creates a subscription, or sets the end of an equal one. Private types take a token of the filter's user, public ones
    /// any credentials: [`EVENT_TYPES`](super::EVENT_TYPES). A success without a body is confirmed by X's list;
    /// [`subscribe`](Self::subscribe) confirms the other answers too.
    ///
    /// # Errors
    /// When X refuses, there are too many, there is such a subscription, or the filter has members that X does not accept.
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

    /// Asks X for a subscription; `None` is a success that does not hold it.
    async fn ask(&self, new: &NewSubscription) -> Result<Option<ActivitySubscription>, Error> {
        let call = Self::creation(new);
        new.has_known_members().map_err(|fault| Error::invalid(&call, &fault.to_string()))?;
        self.0.read_any(call.json(new)?, |answer| answer::one(answer, "subscription")).await
    }

    /// Checks what X would refuse, and that there are credentials, without a call.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub async fn check(&self, new: &NewSubscription) -> Result<(), SubscriptionFault> {
        new.check(self.0.now())?;
        let call = Self::creation(new);
        let (event_type, takes) = (new.event_type.clone(), call.takes);
        self.0.kind(&call).await.map(drop).map_err(|error| match error.cause() {
            Cause::Permission => SubscriptionFault::Scope(format!("{error}. {}", error.cure())),
            _ => SubscriptionFault::Credentials { event_type, takes },
        })
    }

    /// The call that creates a subscription, without its body.
    pub(crate) fn creation(new: &NewSubscription) -> Call {
        let EventType { takes, scopes, .. } = EventType::of(&new.event_type);
        let mut call = Call::post("/2/activity/subscriptions", takes).scopes(scopes);
        call.user.clone_from(&new.filter.user_id);
        call
    }

    /// A page of the app's subscriptions, of up to 1,000.
    ///
    /// # Errors
    /// When X refuses, or does not know the page.
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

    /// All of the app's subscriptions.
    ///
    /// # Errors
    /// When X refuses.
    pub async fn list(&self) -> Result<Vec<ActivitySubscription>, Error> {
        self.read_pages(&Call::get("/2/activity/subscriptions", BEARER)).await
    }

    /// The app's subscriptions that are about this user, with the bearer token or a token of the user.
    ///
    /// # Errors
    /// When X refuses.
    pub async fn list_of(&self, user: &str) -> Result<Vec<ActivitySubscription>, Error> {
        self.read_pages(&Call::get("/2/activity/subscriptions", PUBLIC).of(user).query("user_id", user)).await
    }

    async fn read_pages(&self, call: &Call) -> Result<Vec<ActivitySubscription>, Error> {
        let (mut all, mut next, mut seen) = (Vec::new(), None, BTreeSet::new());
        loop {
            let page = self.read_page(call.clone(), MOST_ON_A_PAGE, next.as_deref()).await?;
            all.extend(page.subscriptions);
            match page.next {
                // Pages that name each other would never end.
                Some(token) if seen.insert(token.clone()) => next = Some(token),
                _ => return Ok(all),
            }
        }
    }

    /// Changes the tag or the webhook of a subscription. Its filter and its end stay as they are.
    ///
    /// # Errors
    /// When there is none of this id.
    pub async fn update(&self, id: &str, change: &Change) -> Result<ActivitySubscription, Error> {
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

    /// Ends a subscription.
    ///
    /// # Errors
    /// When there is none of this id.
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        let call = Call::delete(format!("/2/activity/subscriptions/{}", part(id)), BEARER);
        self.0.made(call, |answer| answer::flag(answer, "deleted")).await
    }

    /// Ends several subscriptions, 100 with each call.
    ///
    /// # Errors
    /// When X refuses. Those before the call that failed are gone. When X's answer is lost, those that are gone by then
    /// count as missing.
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

    /// These ids, if X lists none of them any more.
    async fn gone(&self, call: &Call, ids: &[String]) -> Result<Vec<String>, Error> {
        let left: Vec<String> =
            self.list().await?.into_iter().map(|one| one.id).filter(|id| ids.contains(id)).collect();
        if left.is_empty() {
            return Ok(ids.to_vec());
        }
        Err(Error::unreadable(call, None, format!("X accepted it, and still lists {}", left.join(", "))))
    }
}

/// Which of the ids are deleted, and which were none, as an answer names them; `None` when it does not say.
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
