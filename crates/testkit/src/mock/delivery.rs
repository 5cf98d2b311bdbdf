//! Deliveries: their recipients, their attempts, and the handling of responses.

use std::time::Duration;

use birdhook_core::{EventKind, Timestamp};
use bytes::Bytes;

use super::agenda::Task;
use super::clock::after;
use super::ledger::{DeliveryCause, DeliveryResult, Sent};
use super::settings::{DeliveryOrder, EarlyEvents, RetrySchedule};
use super::state::{MockActivitySubscription, MockApi, State};
use super::{Inner, tagging};
use crate::{Answer, Kind, MockEvent, SendError, WebhookPost};

/// A delivery to one webhook, waiting to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) delivery: u64,
    pub(crate) webhook: String,
    pub(crate) reported_by: birdhook_core::ApiSource,
    pub(crate) kind: Kind,
    pub(crate) subscriber: Option<String>,
    pub(crate) cause: DeliveryCause,
    pub(crate) body: Bytes,
    /// The number of attempts so far.
    pub(crate) attempts: u32,
    /// The replay job that the delivery belongs to.
    pub(crate) job: Option<String>,
    /// The subscription that must still exist when the delivery is sent.
    pub(crate) order: EventStatus,
}

/// The kind of subscription that caused a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EventStatus {
    AccountActivity,
    Activity(String),
    Other,
}

impl State {
    /// Schedules the deliveries of an event, and returns their number.
    pub(crate) fn tell(&mut self, happening: &MockEvent, now: Timestamp, inner: &Inner) -> usize {
        self.expire(now);
        let before = self.next_delivery;
        let (kind, user) = (happening.kind(), happening.subscriber());
        let delay = inner.settings.subscription_delay;
        let is_lost = |due: Timestamp| due > now && inner.settings.early_events == EarlyEvents::Lost;
        let mut is_early = false;
        let (mut parcels, mut due_at) = (Vec::new(), Vec::new());
        let mut add = |webhook: &str, since: Timestamp, reported_by, body: Bytes, order: EventStatus| {
            let due = after(since, delay).max(now);
            if is_lost(due) {
                is_early = true;
                return;
            }
            let subscriber = (kind != Kind::StreamPost).then(|| user.to_owned());
            let (webhook, cause) = (webhook.to_owned(), DeliveryCause::MockEvent);
            parcels.push(Parcel {
                delivery: 0,
                webhook,
                reported_by,
                kind,
                subscriber,
                cause,
                body,
                attempts: 0,
                job: None,
                order,
            });
            due_at.push(due);
        };
        if let Some(body) = happening.reported_by(birdhook_core::ApiSource::AccountActivity) {
            for one in self.subscriptions.iter().filter(|one| one.user_id == user) {
                let reported_by = birdhook_core::ApiSource::AccountActivity;
                add(&one.webhook, one.created_at, reported_by, body.clone(), EventStatus::AccountActivity);
            }
        }
        if let Some(body) = happening.reported_by(birdhook_core::ApiSource::XActivity) {
            for one in self.activities.iter().filter(|one| one.matches(kind, user, &body)) {
                let Some(webhook) = &one.webhook_id else { continue };
                let body = tagging::with_filter_and_tag(&body, &one.filter, one.tag.as_deref());
                let reported_by = birdhook_core::ApiSource::XActivity;
                add(webhook, one.created_at, reported_by, body, EventStatus::Activity(one.id.clone()));
            }
        }
        if let Some(body) = happening.reported_by(birdhook_core::ApiSource::FilteredStream) {
            for link in &self.links {
                let reported_by = birdhook_core::ApiSource::FilteredStream;
                add(&link.webhook, link.created_at, reported_by, body.clone(), EventStatus::Other);
            }
        }
        if parcels.is_empty() {
            let why = if is_early { "it was too soon after subscribing" } else { "no webhook is subscribed to it" };
            inner.ledger.push_untold(kind, user, why);
        }
        for (parcel, due) in parcels.into_iter().zip(due_at) {
            self.send(parcel, due);
        }
        if kind == Kind::Revoke {
            self.revoke(user);
        }
        usize::try_from(self.next_delivery - before).unwrap_or(usize::MAX)
    }

    /// Schedules a delivery and its duplicates.
    fn send(&mut self, mut parcel: Parcel, due: Timestamp) {
        for _ in 0..=self.chaos.duplicates {
            self.send_once(parcel.clone(), due);
            parcel.cause = DeliveryCause::Duplicate;
        }
    }

    /// Schedules a delivery.
    pub(crate) fn send_once(&mut self, mut parcel: Parcel, due: Timestamp) {
        self.next_delivery += 1;
        parcel.delivery = self.next_delivery;
        self.agenda.add(due, Task::Deliver(Box::new(parcel)));
    }

    /// Takes the next delivery to this webhook, if one may be sent now.
    pub(crate) fn next_parcel(&mut self, webhook: &str) -> Option<Parcel> {
        let under_way = self.under_way.entry(webhook.to_owned()).or_default();
        if self.is_held || *under_way >= self.chaos.at_once.max(1) {
            return None;
        }
        let waiting = self.waiting.get_mut(webhook)?;
        let parcel = match self.chaos.order {
            DeliveryOrder::AsHappened => waiting.pop_front()?,
            DeliveryOrder::Reversed => waiting.pop_back()?,
            DeliveryOrder::Shuffled if waiting.is_empty() => return None,
            DeliveryOrder::Shuffled => waiting.remove(self.random.usize(0..waiting.len()))?,
        };
        *under_way += 1;
        Some(parcel)
    }

    /// Checks that the delivery is still to be sent; otherwise returns the reason.
    fn stands(&self, parcel: &Parcel) -> Result<(), &'static str> {
        let Some(webhook) = self.webhook(&parcel.webhook) else { return Err("the webhook was deleted") };
        if !webhook.valid {
            return Err("the webhook was invalid");
        }
        // A revocation ends the subscription that reports it, so the subscription is not checked.
        let stands = parcel.attempts > 0
            || parcel.kind == Kind::Revoke
            || match &parcel.order {
                EventStatus::AccountActivity => {
                    parcel.subscriber.as_deref().is_some_and(|user| self.is_subscribed(&parcel.webhook, user))
                }
                EventStatus::Activity(id) => self.activities.iter().any(|one| one.id == *id),
                EventStatus::Other => true,
            };
        if stands { Ok(()) } else { Err("the subscription was ended") }
    }
}

impl Inner {
    /// Sends a delivery once, and schedules a retry if it fails.
    pub(crate) async fn attempt(&self, mut parcel: Parcel) {
        let now = self.settings.clock.now();
        let prepared = {
            let state = self.state();
            state.stands(&parcel).map(|()| {
                let webhook = state.webhook(&parcel.webhook);
                webhook.and_then(|webhook| Some((webhook.clone(), state.app(&webhook.app)?.clone())))
            })
        };
        let (webhook, app) = match prepared {
            Ok(Some(both)) => both,
            Ok(None) => return self.finished(&parcel, false),
            Err(why) => {
                self.ledger.push_untold(parcel.kind, parcel.subscriber.as_deref().unwrap_or("nobody"), why);
                return self.finished(&parcel, false);
            }
        };
        parcel.attempts += 1;
        let post = WebhookPost::unsigned(parcel.body.clone());
        let post = app.signing(self.settings.signs).fold(post, |post, (kind, secret)| post.signed_as(kind, secret));
        let (outcome, took) = match post.request(&webhook.url) {
            Ok(request) => match self.send(request, self.settings.delivery_timeout).await {
                (Ok(Answer { status, .. }), took) => (DeliveryResult::Status(status.as_u16()), took),
                (Err(SendError::Timeout), took) => (DeliveryResult::Timeout, took),
                (Err(error), took) => (DeliveryResult::Unreachable(error.to_string()), took),
            },
            Err(error) => (DeliveryResult::Unreachable(error.to_string()), Duration::ZERO),
        };
        let is_ok = outcome.is_ok();
        // A manual clock does not move while a request waits, so adds the timeout explicitly.
        let is_late = outcome == DeliveryResult::Timeout && self.settings.clock.is_manual();
        let ended = if is_late { after(now, self.settings.delivery_timeout) } else { self.settings.clock.now() };
        self.ledger.push_sent(Sent {
            number: 0,
            delivery: parcel.delivery,
            webhook: webhook.id.clone(),
            app: app.name,
            reported_by: parcel.reported_by,
            registered_by: webhook.generation,
            kind: parcel.kind,
            subscriber: parcel.subscriber.clone(),
            cause: parcel.cause,
            attempt: parcel.attempts,
            at: now,
            outcome,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            kinds: kinds(&parcel.body),
            body: parcel.body.clone(),
        });
        if !is_ok && self.retry(&parcel, webhook.generation, ended) {
            return;
        }
        self.finished(&parcel, is_ok);
    }

    /// Schedules a failed delivery again if the settings allow it. Returns whether they do.
    fn retry(&self, parcel: &Parcel, generation: MockApi, ended: Timestamp) -> bool {
        let settings = &self.settings;
        let is_tried_again = match settings.retries {
            RetrySchedule::AsDocumented => generation != MockApi::V2,
            RetrySchedule::Always => true,
            RetrySchedule::Never => false,
        };
        let is_live = matches!(parcel.cause, DeliveryCause::MockEvent | DeliveryCause::Duplicate);
        let wait = usize::try_from(parcel.attempts).ok().and_then(|tried| settings.retry_waits.get(tried - 1));
        let Some(wait) = wait.filter(|_| is_tried_again && is_live) else { return false };
        let due = after(ended, *wait);
        let mut state = self.state();
        state.agenda.add(due, Task::Deliver(Box::new(parcel.clone())));
        state.no_longer_under_way(&parcel.webhook);
        true
    }

    /// Finishes a delivery that needs no further attempt.
    fn finished(&self, parcel: &Parcel, is_ok: bool) {
        let now = self.settings.clock.now();
        let mut state = self.state();
        if let Some(job) = &parcel.job {
            state.replayed(job, parcel.cause, is_ok, now);
        }
        state.no_longer_under_way(&parcel.webhook);
    }
}

impl State {
    fn no_longer_under_way(&mut self, webhook: &str) {
        if let Some(many) = self.under_way.get_mut(webhook) {
            *many = many.saturating_sub(1);
        }
    }
}

impl MockActivitySubscription {
    /// Returns whether an event matches the subscription. The body gives the direction; the values
    /// of other qualifiers must occur in the body.
    fn matches(&self, kind: Kind, user: &str, body: &Bytes) -> bool {
        let filter = &self.filter;
        let about = filter.user_id.as_deref().is_none_or(|id| id == user);
        let holds = |word: &String| tagging::says(body, word);
        let goes = |direction: &String| tagging::direction(body).is_none_or(|told| told == *direction);
        self.event_type == kind.as_str()
            && about
            && filter.keyword.as_ref().is_none_or(holds)
            && filter.direction.as_ref().is_none_or(goes)
            && filter
                .qualifiers
                .iter()
                .all(|(name, value)| if name == "direction" { goes(value) } else { holds(value) })
    }
}

fn kinds(body: &Bytes) -> Vec<EventKind> {
    let delivery = crate::read("", body.clone());
    delivery.map(|delivery| delivery.events().iter().map(birdhook_core::Event::kind).collect()).unwrap_or_default()
}
