//! Subscriptions to the X Activity API.

use std::collections::BTreeSet;

use birdhook_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{BEARER, EventType, answer, part};
use crate::call::Call;
use crate::{Client, Error};

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
    /// Whose.
    #[serde(default, deserialize_with = "answer::or_default")]
    pub filter: Filter,
    /// The app's word for it, which comes with every event.
    #[serde(default)]
    pub tag: Option<String>,
    /// The webhook that is told; without one, events go to the stream only.
    #[serde(default, deserialize_with = "answer::optional_id")]
    pub webhook_id: Option<String>,
    /// When it was made.
    #[serde(default, deserialize_with = "answer::time")]
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    #[serde(default, deserialize_with = "answer::time")]
    pub updated_at: Option<Timestamp>,
}

/// What of a type of event is told: of a user, in a direction, or what holds a word.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Filter {
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "answer::optional_id")]
    pub user_id: Option<String>,
    /// The word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keyword: Option<String>,
    /// Only what the user does, or only what is done to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
}

impl Filter {
    /// What happens to a user, and what they do.
    pub fn user(id: impl Into<String>) -> Self {
        Self { user_id: Some(id.into()), ..Self::default() }
    }

    /// What holds a word.
    pub fn keyword(word: impl Into<String>) -> Self {
        Self { keyword: Some(word.into()), ..Self::default() }
    }

    /// The same in this direction only.
    #[must_use]
    pub fn direction(self, direction: Direction) -> Self {
        Self { direction: Some(direction), ..self }
    }
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Direction {
    /// Somebody else, to the user.
    Inbound,
    /// The user.
    Outbound,
}

/// A subscription that is to be made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[non_exhaustive]
pub struct NewSubscription {
    /// The type of event: `like.create`.
    pub event_type: String,
    /// Whose.
    pub filter: Filter,
    /// The app's word for it, of 1 to 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The webhook that is to be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<String>,
}

impl NewSubscription {
    /// To this type of event, told to nobody but the stream.
    pub fn new(event_type: impl Into<String>, filter: Filter) -> Self {
        Self { event_type: event_type.into(), filter, tag: None, webhook_id: None }
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
    /// Subscribes to a type of event. Private types take a token of the filter's user, public ones any credentials:
    /// [`EVENT_TYPES`](super::EVENT_TYPES).
    ///
    /// # Errors
    /// When X refuses, there are too many, or there is such a subscription.
    pub async fn create(&self, new: &NewSubscription) -> Result<ActivitySubscription, Error> {
        let EventType { takes, scopes, .. } = EventType::of(&new.event_type);
        let mut call = Call::post("/2/activity/subscriptions", takes).scopes(scopes).json(new)?;
        call.user.clone_from(&new.filter.user_id);
        self.0.read_as(call, |answer| answer::one(answer, "subscription")).await
    }

    /// A page of the app's subscriptions, of up to 1,000.
    ///
    /// # Errors
    /// When X refuses, or does not know the page.
    pub async fn page(&self, at_most: u16, page: Option<&str>) -> Result<Page, Error> {
        let mut call = Call::get("/2/activity/subscriptions", BEARER).query("max_results", at_most.to_string());
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
        let (mut all, mut next, mut seen) = (Vec::new(), None, BTreeSet::new());
        loop {
            let page = self.page(MOST_ON_A_PAGE, next.as_deref()).await?;
            all.extend(page.subscriptions);
            match page.next {
                // Pages that name each other would never end.
                Some(token) if seen.insert(token.clone()) => next = Some(token),
                _ => return Ok(all),
            }
        }
    }

    /// Changes a subscription.
    ///
    /// # Errors
    /// When there is none of this id.
    pub async fn update(&self, id: &str, change: &Change) -> Result<ActivitySubscription, Error> {
        let call = Call::put(format!("/2/activity/subscriptions/{}", part(id)), BEARER).json(change)?;
        self.0.read_as(call, |answer| answer::one(answer, "subscription")).await
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
            let (deleted, missing) = self.0.read_as(call, |answer| deleted(answer, ids)).await?;
            all.deleted.extend(deleted);
            all.missing.extend(missing);
        }
        Ok(all)
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
    let named: Vec<String> = match data {
        Some(data) => data.iter().filter(is_deleted).filter_map(id).collect(),
        None => errors.iter().filter_map(id).collect(),
    };
    if data.is_none() && named.is_empty() && !errors.is_empty() {
        return None;
    }
    Some(ids.iter().cloned().partition(|id| named.contains(id) == data.is_some()))
}
