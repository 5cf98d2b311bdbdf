mod fault;
mod filter;
mod subscribe;
mod subscription;

pub use fault::SubscriptionFault;
pub use filter::{Filter, FilterDirection};
pub use subscribe::{Subscribed, Unconfirmed};
pub use subscription::{ActivitySubscription, Deleted, NewSubscription, Page, SubscriptionChange};
pub(crate) use subscription::{Subject, is_same_second, subject};

use std::collections::BTreeSet;

use serde_json::Value;

use super::event_types::{EventType, PUBLIC};
use super::response;
use crate::call::{BEARER, Call, segment};
use crate::{Client, Error, ErrorCause};

/// Calls for subscriptions to the X Activity API.
///
/// X's documentation: <https://docs.x.com/x-api/activity/introduction>.
#[derive(Clone, Copy, Debug)]
pub struct ActivityApi<'a>(pub(super) &'a Client);

const MAX_IDS: usize = 100;
const PAGE_SIZE: u16 = 1000;

impl ActivityApi<'_> {
    /// Creates a subscription, or sets the expiry of an equal one.
    ///
    /// Private types need a token of the filter's user, public ones accept any credentials:
    /// [`EVENT_TYPES`](super::EVENT_TYPES). If X reports success without naming the subscription,
    /// X's list confirms it. [`subscribe`](Self::subscribe) confirms the other responses too. Fails
    /// if X refuses, the limit is reached, the subscription exists, or the filter has members that
    /// X does not accept.
    pub async fn create(&self, new: &NewSubscription) -> Result<ActivitySubscription, Error> {
        if let Some(created) = self.request(new).await? {
            return Ok(created);
        }
        let listed = self.list_for(new).await?;
        let equal = listed.into_iter().find(|one| new.is_met_by(one, self.0.now()));
        equal.ok_or_else(|| {
            let why = "X accepted the call without naming the subscription, and lists no equal one".to_owned();
            Error::unreadable(&Self::creation(new), None, why)
        })
    }

    /// Requests a subscription. `None` means success without the subscription in the response.
    pub(super) async fn request(&self, new: &NewSubscription) -> Result<Option<ActivitySubscription>, Error> {
        let call = Self::creation(new);
        new.has_known_members().map_err(|fault| Error::invalid(&call, &fault.to_string()))?;
        self.0.try_fetch(call.json(new)?, |response| response::one(response, "subscription")).await
    }

    /// Checks the requirements of X's API and the credentials, without a call, and returns the first fault.
    pub async fn check(&self, new: &NewSubscription) -> Result<(), SubscriptionFault> {
        new.check(self.0.now())?;
        let call = Self::creation(new);
        let (event_type, takes) = (new.event_type.clone(), call.takes);
        self.0.credential_for(&call).await.map(drop).map_err(|error| match error.cause() {
            ErrorCause::Permission => SubscriptionFault::Scope(format!("{error}; {}", error.fix())),
            _ => SubscriptionFault::Credentials { event_type, takes },
        })
    }

    pub(crate) fn creation(new: &NewSubscription) -> Call {
        let EventType { takes, scopes, .. } = EventType::of(&new.event_type);
        let mut call = Call::post("/2/activity/subscriptions", takes).scopes(scopes);
        call.user.clone_from(&new.filter.user_id);
        call
    }

    /// Returns a page of up to 1,000 of the app's subscriptions. Fails if X refuses the call or
    /// does not know the page.
    pub async fn page(&self, at_most: u16, page: Option<&str>) -> Result<Page, Error> {
        self.read_page(Call::get("/2/activity/subscriptions", BEARER), at_most, page).await
    }

    async fn read_page(&self, call: Call, at_most: u16, page: Option<&str>) -> Result<Page, Error> {
        let mut call = call.query("max_results", at_most.to_string());
        if let Some(page) = page {
            call = call.query("pagination_token", page);
        }
        self.0
            .fetch_as(call, |response: &Value| {
                let next = response.pointer("/meta/next_token").and_then(Value::as_str).map(str::to_owned);
                Some(Page { subscriptions: response::many(response, "subscriptions")?, next })
            })
            .await
    }

    /// Returns all of the app's subscriptions.
    pub async fn list(&self) -> Result<Vec<ActivitySubscription>, Error> {
        self.read_pages(&Call::get("/2/activity/subscriptions", BEARER)).await
    }

    /// Returns the app's subscriptions for this user. Uses the bearer token or a token of the user.
    pub async fn list_of(&self, user: &str) -> Result<Vec<ActivitySubscription>, Error> {
        self.read_pages(&Call::get("/2/activity/subscriptions", PUBLIC).for_user(user).query("user_id", user)).await
    }

    async fn read_pages(&self, call: &Call) -> Result<Vec<ActivitySubscription>, Error> {
        let (mut all, mut next, mut seen) = (Vec::new(), None, BTreeSet::new());
        loop {
            let page = self.read_page(call.clone(), PAGE_SIZE, next.as_deref()).await?;
            all.extend(page.subscriptions);
            match page.next {
                // Pages that point to each other would loop forever.
                Some(token) if seen.insert(token.clone()) => next = Some(token),
                _ => return Ok(all),
            }
        }
    }

    /// Changes the tag or the webhook of a subscription. Its filter and its expiry do not change.
    /// Fails if the id does not exist.
    pub async fn update(&self, id: &str, change: &SubscriptionChange) -> Result<ActivitySubscription, Error> {
        let call = Call::put(format!("/2/activity/subscriptions/{}", segment(id)), BEARER).json(change)?;
        let read = |response: &Value| response::one(response, "subscription");
        if let Some(changed) = self.0.try_fetch(call.clone(), read).await? {
            return Ok(changed);
        }
        let has = |desired: &Option<String>, is: &Option<String>| desired.is_none() || desired == is;
        let is_changed = |one: &ActivitySubscription| {
            one.id == id && has(&change.tag, &one.tag) && has(&change.webhook_id, &one.webhook_id)
        };
        let listed = self.list().await?.into_iter().find(is_changed);
        listed.ok_or_else(|| {
            let why = "X accepted the change without naming the subscription, and does not list it as changed";
            Error::unreadable(&call, None, why.to_owned())
        })
    }

    /// Deletes a subscription. Fails if the id does not exist.
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        let call = Call::delete(format!("/2/activity/subscriptions/{}", segment(id)), BEARER);
        self.0.execute_checked(call, |response| response::flag(response, "deleted")).await
    }

    /// Deletes several subscriptions, 100 per call. Fails if X refuses a call. The subscriptions of
    /// earlier calls are then deleted. If a response is lost, the retry reports subscriptions that
    /// the first attempt deleted as missing.
    pub async fn delete_many(&self, ids: &[String]) -> Result<Deleted, Error> {
        let mut all = Deleted::default();
        for ids in ids.chunks(MAX_IDS) {
            let call = Call::delete("/2/activity/subscriptions", BEARER).query("ids", ids.join(","));
            let (deleted, missing) = match self.0.try_fetch(call.clone(), |response| deleted(response, ids)).await? {
                Some(split) => split,
                None => (self.confirm_deleted(&call, ids).await?, Vec::new()),
            };
            all.deleted.extend(deleted);
            all.missing.extend(missing);
        }
        Ok(all)
    }

    /// Returns these ids if X no longer lists any of them.
    async fn confirm_deleted(&self, call: &Call, ids: &[String]) -> Result<Vec<String>, Error> {
        let left: Vec<String> =
            self.list().await?.into_iter().map(|one| one.id).filter(|id| ids.contains(id)).collect();
        if left.is_empty() {
            return Ok(ids.to_vec());
        }
        Err(Error::unreadable(call, None, format!("X accepted the call, but still lists {}", left.join(", "))))
    }

    /// Returns the listed subscriptions that would include this one.
    pub(super) async fn list_for(&self, new: &NewSubscription) -> Result<Vec<ActivitySubscription>, Error> {
        match &new.filter.user_id {
            Some(user) => self.list_of(user).await,
            None => self.list().await,
        }
    }
}

/// Splits the ids into deleted and missing, as the response names them. `None` if it names neither.
fn deleted(response: &Value, ids: &[String]) -> Option<(Vec<String>, Vec<String>)> {
    let list = |name: &str| response.get(name).and_then(Value::as_array).map(Vec::as_slice);
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
