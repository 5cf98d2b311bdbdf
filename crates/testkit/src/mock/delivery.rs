//! Deliveries: their recipients, their attempts, and the handling of responses.

use std::time::Duration;

use birdhook_core::{ApiSource as Api, Timestamp};
use bytes::Bytes;

use super::clock::after;
use super::inner::{Inner, wake};
use super::ledger::{DeliveryCause, DeliveryResult, Entry, Sent};
use super::lock::lock;
use super::scheduler::{Origin, QueuedDelivery, Task};
use super::settings::{DeliveryOrder, EarlyEvents, MockApi, RetrySchedule};
use super::state::{MockActivitySubscription, State};
use super::tagging;
use crate::payload::{MockEvent, MockEventKind};
use crate::request::WebhookPost;
use crate::sender::{Answer, SendError};

impl State {
    /// Schedules the deliveries of an event, and returns their number.
    pub(crate) fn deliver_event(&mut self, event: &MockEvent, now: Timestamp, inner: &Inner) -> usize {
        self.expire(now);
        let before = self.next_delivery;
        let (kind, user) = (event.kind(), event.subscriber());
        let delay = inner.settings.subscription_delay;
        let mut targets = Vec::new();
        for api in kind.api_sources() {
            let Some(body) = event.reported_by(*api) else { continue };
            if *api == Api::AccountActivity {
                for one in self.subscriptions.iter().filter(|one| one.user_id == user) {
                    targets.push((one.webhook.clone(), one.created_at, *api, body.clone(), Origin::AccountActivity));
                }
            }
            if *api == Api::XActivity {
                for one in self.activities.iter().filter(|one| one.matches(kind, user, &body)) {
                    let Some(webhook) = &one.webhook_id else { continue };
                    let body = tagging::with_filter_and_tag(&body, &one.filter, one.tag.as_deref());
                    targets.push((webhook.clone(), one.created_at, *api, body, Origin::Activity(one.id.clone())));
                }
            }
            if *api == Api::FilteredStream {
                let links = self.links.iter();
                targets.extend(
                    links.map(|link| (link.webhook.clone(), link.created_at, *api, body.clone(), Origin::Other)),
                );
            }
        }
        let has_targets = !targets.is_empty();
        let subscriber = (kind != MockEventKind::StreamPost).then(|| user.to_owned());
        for (webhook, since, reported_by, body, origin) in targets {
            let due = after(since, delay).max(now);
            if due <= now || inner.settings.early_events != EarlyEvents::Lost {
                let (subscriber, cause) = (subscriber.clone(), DeliveryCause::MockEvent);
                let queued = QueuedDelivery::new(webhook, reported_by, kind, cause, body);
                self.send(QueuedDelivery { subscriber, origin, ..queued }, due);
            }
        }
        if self.next_delivery == before {
            let why = if has_targets { "it was too soon after subscribing" } else { "no webhook is subscribed to it" };
            inner.ledger.push_undelivered(kind, user, why);
        }
        if kind == MockEventKind::Revoke {
            self.revoke(user);
        }
        usize::try_from(self.next_delivery - before).unwrap_or(usize::MAX)
    }

    /// Schedules a delivery and its duplicates.
    fn send(&mut self, mut queued: QueuedDelivery, due: Timestamp) {
        for _ in 0..=self.chaos.duplicates {
            self.send_once(queued.clone(), due);
            queued.cause = DeliveryCause::Duplicate;
        }
    }

    /// Takes the next delivery to this webhook, if one may be sent now.
    pub(crate) fn take_next(&mut self, webhook: &str) -> Option<QueuedDelivery> {
        let in_flight = self.in_flight.entry(webhook.to_owned()).or_default();
        if self.is_held || *in_flight >= self.chaos.at_once.max(1) {
            return None;
        }
        let waiting = self.waiting.get_mut(webhook)?;
        let queued = match self.chaos.order {
            DeliveryOrder::AsHappened => waiting.pop_front()?,
            DeliveryOrder::Reversed => waiting.pop_back()?,
            DeliveryOrder::Shuffled if waiting.is_empty() => return None,
            DeliveryOrder::Shuffled => waiting.remove(self.random.usize(0..waiting.len()))?,
        };
        *in_flight += 1;
        Some(queued)
    }

    /// Checks that the delivery is still to be sent; otherwise returns the reason.
    fn check_subscription(&self, queued: &QueuedDelivery) -> Result<(), &'static str> {
        let Some(webhook) = self.webhook(&queued.webhook) else { return Err("the webhook was deleted") };
        if !webhook.valid {
            return Err("the webhook was invalid");
        }
        // A revocation ends the subscription that reports it, so the subscription is not checked.
        let is_current = queued.attempts > 0
            || queued.kind == MockEventKind::Revoke
            || match &queued.origin {
                Origin::AccountActivity => {
                    queued.subscriber.as_deref().is_some_and(|user| self.is_subscribed(&queued.webhook, user))
                }
                Origin::Activity(id) => self.activities.iter().any(|one| one.id == *id),
                Origin::Other => true,
            };
        if is_current { Ok(()) } else { Err("the subscription was ended") }
    }
}

impl Inner {
    pub(crate) fn generate(&self, kind: MockEventKind, user: &str) -> MockEvent {
        let now = self.settings.clock.now();
        let mut scene = lock(&self.scene);
        *scene = scene.clone().at(now);
        scene.event(kind, user)
    }

    pub(crate) fn deliver_event(&self, event: &MockEvent) -> usize {
        let now = self.settings.clock.now();
        let many = self.state().deliver_event(event, now, self);
        wake(self);
        many
    }

    /// Sends a delivery once, and schedules a retry if it fails.
    pub(crate) async fn attempt(&self, mut queued: QueuedDelivery) {
        let now = self.settings.clock.now();
        let prepared = {
            let state = self.state();
            state.check_subscription(&queued).map(|()| {
                let webhook = state.webhook(&queued.webhook);
                webhook.and_then(|webhook| Some((webhook.clone(), state.app(&webhook.app)?.clone())))
            })
        };
        let (webhook, app) = match prepared {
            Ok(Some(both)) => both,
            Ok(None) => return self.finished(&queued, false),
            Err(why) => {
                self.ledger.push_undelivered(queued.kind, queued.subscriber.as_deref().unwrap_or("no user"), why);
                return self.finished(&queued, false);
            }
        };
        queued.attempts += 1;
        let post = WebhookPost::unsigned(queued.body.clone());
        let post = app.signing(self.settings.signs).fold(post, |post, (kind, secret)| post.signed_as(kind, secret));
        let kinds = self.ledger.sends(&queued.body);
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
        let sent = |number| Sent {
            number,
            delivery: queued.delivery,
            webhook: webhook.id.clone(),
            url: webhook.url.clone(),
            app: app.name,
            reported_by: queued.reported_by,
            registered_by: webhook.generation,
            kind: queued.kind,
            subscriber: queued.subscriber.clone(),
            cause: queued.cause,
            attempt: queued.attempts,
            at: now,
            outcome,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            kinds,
            body: queued.body.clone(),
        };
        self.ledger.push(|number| Entry::Sent(sent(number)));
        if !is_ok && self.retry(&queued, webhook.generation, ended) {
            return;
        }
        self.finished(&queued, is_ok);
    }

    /// Schedules a failed delivery again if the settings allow it. Returns whether they do.
    fn retry(&self, queued: &QueuedDelivery, generation: MockApi, ended: Timestamp) -> bool {
        let settings = &self.settings;
        let is_tried_again = match settings.retries {
            RetrySchedule::AsDocumented => generation != MockApi::V2,
            RetrySchedule::Always => true,
            RetrySchedule::Never => false,
        };
        let is_live = matches!(queued.cause, DeliveryCause::MockEvent | DeliveryCause::Duplicate);
        let wait = usize::try_from(queued.attempts).ok().and_then(|tried| settings.retry_waits.get(tried - 1));
        let Some(wait) = wait.filter(|_| is_tried_again && is_live) else { return false };
        let due = after(ended, *wait);
        let mut state = self.state();
        state.scheduler.add(due, Task::Deliver(Box::new(queued.clone())));
        state.request_ended(&queued.webhook);
        true
    }

    /// Finishes a delivery that needs no further attempt.
    fn finished(&self, queued: &QueuedDelivery, is_ok: bool) {
        let now = self.settings.clock.now();
        let mut state = self.state();
        if let Some(job) = &queued.job {
            state.replayed(job, queued.cause, is_ok, now);
        }
        state.request_ended(&queued.webhook);
    }
}

impl State {
    fn request_ended(&mut self, webhook: &str) {
        if let Some(many) = self.in_flight.get_mut(webhook) {
            *many = many.saturating_sub(1);
        }
    }
}

impl MockActivitySubscription {
    /// Returns whether an event matches the subscription. The body gives the direction; the values
    /// of other qualifiers must occur in the body.
    fn matches(&self, kind: MockEventKind, user: &str, body: &Bytes) -> bool {
        let filter = &self.filter;
        let about = filter.user_id.as_deref().is_none_or(|id| id == user);
        let holds = |word: &String| tagging::contains_text(body, word);
        let goes = |direction: &String| tagging::direction(body).is_none_or(|other| other == *direction);
        let applies = |(name, value): (&String, _)| if name == "direction" { goes(value) } else { holds(value) };
        self.event_type == kind.as_str()
            && about
            && filter.keyword.as_ref().is_none_or(holds)
            && filter.direction.as_ref().is_none_or(goes)
            && filter.qualifiers.iter().all(applies)
    }
}
