//! Subscribing, confirmed by X's list where X's response leaves the outcome open.

use super::ActivityApi;
use super::subscription::{ActivitySubscription, NewSubscription, is_same_second, subject};
use crate::{Error, ErrorCause};

/// Outcome of [`ActivityApi::subscribe`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Subscribed {
    /// X has created the subscription.
    Added(ActivitySubscription),
    /// X lists an equal subscription: same type, same filter, same webhook.
    AlreadyThere(ActivitySubscription),
    /// X reports that the subscription exists, but lists only different ones.
    InTheWay {
        /// X's response.
        error: Error,
        /// The different subscriptions: those that differ only in the webhook, otherwise those that
        /// differ in the filter.
        others: Vec<ActivitySubscription>,
    },
    /// X's list does not confirm X's response.
    Unconfirmed(Unconfirmed),
    /// X refused the subscription.
    Refused(Error),
}

/// The reason why a subscription is unconfirmed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Unconfirmed {
    /// X's error. `None` if X reported success without an equal subscription.
    pub error: Option<Error>,
    /// Why X's list could not be read. `None` if the list contains no equal subscription.
    pub read_error: Option<Error>,
    /// The subscription in X's response, if it is not equal.
    pub created: Option<ActivitySubscription>,
}

impl ActivityApi<'_> {
    /// Subscribes to an event type, and confirms an open outcome by X's list.
    ///
    /// The outcome is open after a success without the subscription, after "already exists", and
    /// without a response. "Already exists" counts as done only if the list contains an equal
    /// subscription. Reading the list needs the bearer token or a token of the filter's user.
    pub async fn subscribe(&self, new: &NewSubscription) -> Subscribed {
        let (refusal, created) = match self.request(new).await {
            Ok(Some(created)) if new.is_met_by(&created, self.0.now()) => return Subscribed::Added(created),
            Ok(created) => (None, created),
            Err(error) if *error.cause() == ErrorCause::Unreadable => (None, None),
            Err(error) if error.may_be_carried_out() => (Some(error), None),
            Err(error) => return Subscribed::Refused(error),
        };
        let unconfirmed =
            |error, read_error, created| Subscribed::Unconfirmed(Unconfirmed { error, read_error, created });
        let listed = match self.list_for(new).await {
            Ok(listed) => listed,
            Err(reading) => return unconfirmed(refusal, Some(reading), created),
        };
        let now = self.0.now();
        let equal = listed.iter().find(|one| new.is_met_by(one, now)).cloned();
        let exists = refusal.as_ref().is_some_and(|error| *error.cause() == ErrorCause::AlreadySubscribed);
        match (equal, refusal) {
            (Some(one), _) if exists => Subscribed::AlreadyThere(one),
            (Some(one), _) => Subscribed::Added(one),
            (None, Some(error)) if exists => match conflicting(new, listed) {
                others if others.is_empty() => unconfirmed(Some(error), None, None),
                others => Subscribed::InTheWay { error, others },
            },
            (None, Some(error)) => Subscribed::Refused(error),
            (None, None) => unconfirmed(None, None, created),
        }
    }

    /// Creates an equal subscription, which sets its expiry, and confirms the expiry by X's list.
    /// Fails if X refuses, or lists the subscription with a different expiry.
    pub async fn renew(&self, new: &NewSubscription) -> Result<ActivitySubscription, Error> {
        let has_expiry = |one: &ActivitySubscription| match (one.expires_at, new.expires_at) {
            (Some(is), Some(end)) => is_same_second(is, end),
            (is, end) => is == end,
        };
        let is_renewed = |one: &ActivitySubscription| new.is_met_by(one, self.0.now()) && has_expiry(one);
        let refusal = match self.request(new).await {
            Ok(Some(renewed)) if is_renewed(&renewed) => return Ok(renewed),
            Ok(_) => None,
            Err(error) if error.may_be_carried_out() => Some(error),
            Err(error) => return Err(error),
        };
        let renewed = self.list_for(new).await?.into_iter().find(is_renewed);
        renewed.ok_or_else(|| {
            let why = "X accepted the call, but does not list the subscription with this expiry".to_owned();
            refusal.unwrap_or_else(|| Error::unreadable(&Self::creation(new), None, why))
        })
    }
}

/// Returns the subscriptions that X may treat as duplicates of a new one.
fn conflicting(new: &NewSubscription, listed: Vec<ActivitySubscription>) -> Vec<ActivitySubscription> {
    let desired = subject(&new.event_type, &new.filter);
    let others = listed.into_iter().filter(|one| subject(&one.event_type, &one.filter) == desired);
    let (elsewhere, narrower): (Vec<_>, Vec<_>) = others.partition(|one| new.has_filter_of(one));
    if elsewhere.is_empty() { narrower } else { elsewhere }
}

impl std::fmt::Display for Unconfirmed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.error, &self.created) {
            (Some(error), _) => write!(f, "X responds: {error}; ")?,
            (None, Some(created)) => {
                let ActivitySubscription { id, event_type, filter, .. } = created;
                write!(f, "X accepted the call, but created {id} for {event_type}{filter}; ")?;
            }
            (None, None) => f.write_str("X accepted the call without naming the subscription; ")?,
        }
        match &self.read_error {
            Some(error) => write!(f, "X's list of subscriptions cannot be read: {error}"),
            None => f.write_str("X's list of subscriptions contains no equal one"),
        }
    }
}
