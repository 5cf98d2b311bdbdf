//! State of a watch and its transitions. Makes no calls.

use birdhook_core::activity::Replay;
use birdhook_core::{Event, Timestamp};

use super::event::{LostCause, WatchEvent};
use super::expiry::Expiries;
use super::gap::{Gap, GapCause, Pending, Queue};
use super::job::Job;
use super::rules::ReplayRules;
use super::settings::WatchSettings;
use super::silence::Silence;
use crate::api::{ReplayJob, ReplaySpan};
use crate::time::after;
use crate::{Error, ErrorCause};

#[derive(Debug)]
pub(super) struct State {
    started: Timestamp,
    /// The time of the last poll that found the webhook valid.
    last_valid: Option<Timestamp>,
    /// The time at which the webhook was last known to be valid, while it is invalid or missing.
    bad_since: Option<Timestamp>,
    /// The webhook's id, while X's last report says that it is valid.
    pub(super) valid: Option<String>,
    event_silence: Silence,
    challenge_silence: Silence,
    queue: Queue,
    job: Option<Job>,
    /// The last reported refusal to replay.
    refused: Option<(ReplaySpan, ErrorCause)>,
    pub(super) expiries: Expiries,
    pending_events: Vec<WatchEvent>,
}

impl State {
    pub(super) fn new(started: Timestamp) -> Self {
        Self {
            started,
            last_valid: None,
            bad_since: None,
            valid: None,
            event_silence: Silence::default(),
            challenge_silence: Silence::default(),
            queue: Queue::default(),
            job: None,
            refused: None,
            expiries: Expiries::default(),
            pending_events: Vec::new(),
        }
    }

    pub(super) fn take_events(&mut self) -> Vec<WatchEvent> {
        std::mem::take(&mut self.pending_events)
    }

    pub(super) fn pending(&self) -> Vec<ReplaySpan> {
        self.job.iter().map(|job| job.pending.span).chain(self.queue.spans()).collect()
    }

    pub(super) fn report_expiries(&mut self, listed: Result<Vec<WatchEvent>, Error>, now: Timestamp) {
        let pending_events = self.expiries.report(listed, now);
        self.pending_events.extend(pending_events);
    }

    pub(super) fn gap(&mut self, from: Timestamp, to: Timestamp, cause: GapCause, settings: &WatchSettings) {
        if from >= to {
            return;
        }
        self.pending_events.push(WatchEvent::Gap(Gap { from, to, cause }));
        if let Some(span) = ReplaySpan::around(from, to).filter(|_| settings.replays) {
            self.queue.add(span, self.job.as_ref().map(|job| job.pending.span));
        }
    }

    pub(super) fn unknown(&mut self, error: Error) {
        self.valid = None;
        self.pending_events.push(WatchEvent::Unknown { error });
    }

    pub(super) fn missing(&mut self, url: &str) {
        self.mark_bad();
        self.pending_events.push(WatchEvent::Missing { url: url.to_owned() });
    }

    pub(super) fn invalid(&mut self, webhook: &str) {
        if let Some(since) = self.mark_bad() {
            self.pending_events.push(WatchEvent::Invalid { webhook: webhook.to_owned(), since });
        }
    }

    /// Marks the webhook as bad. Returns when it was last known to be valid, or `None` if it was
    /// already bad.
    fn mark_bad(&mut self) -> Option<Timestamp> {
        self.valid = None;
        if self.bad_since.is_some() {
            return None;
        }
        // An event or challenge after the last poll shows that the webhook was still valid then.
        let good = self.last_valid.max(self.event_silence.last()).max(self.challenge_silence.last());
        self.bad_since = Some(good.unwrap_or(self.started));
        self.bad_since
    }

    pub(super) fn still_invalid(&mut self, webhook: &str, error: Option<Error>) {
        self.pending_events.push(WatchEvent::StillInvalid { webhook: webhook.to_owned(), error });
    }

    pub(super) fn valid(&mut self, webhook: &str, now: Timestamp, settings: &WatchSettings) {
        if let Some(since) = self.bad_since.take() {
            self.pending_events.push(WatchEvent::Revalidated { webhook: webhook.to_owned() });
            // The silence of an invalid webhook belongs to the same gap.
            let unchallenged = self.challenge_silence.restart_if_active(now).map(|since| self.after_events(since));
            let silent = [self.event_silence.restart(now), unchallenged];
            let since = silent.into_iter().flatten().fold(since, Timestamp::min);
            self.gap(since, now, GapCause::Invalid, settings);
        }
        self.valid = Some(webhook.to_owned());
        self.last_valid = Some(now);
    }

    pub(super) fn check_silences(&mut self, now: Timestamp, settings: &WatchSettings) {
        if self.bad_since.is_some() {
            return;
        }
        let silent = settings.event_silence.and_then(|limit| self.event_silence.is_too_long(limit, self.started, now));
        if let Some(since) = silent {
            self.gap(since, now, GapCause::NoEvents, settings);
        }
        // An app that never reports challenges must not get a notice that they are missing.
        let limit = settings.challenge_silence.filter(|_| self.challenge_silence.last().is_some());
        if let Some(since) = limit.and_then(|limit| self.challenge_silence.is_too_long(limit, self.started, now)) {
            self.gap(self.after_events(since), now, GapCause::NoChallenges, settings);
        }
    }

    /// Moves the start of a challenge gap past the last event: X still reached the receiver then.
    fn after_events(&self, since: Timestamp) -> Timestamp {
        self.event_silence.last().map_or(since, |event| event.max(since))
    }

    pub(super) fn record_event(&mut self, event: &Event, now: Timestamp, settings: &WatchSettings) {
        if !self.job.as_ref().is_some_and(|job| job.may_have_replayed(event)) {
            self.record_activity(now, settings);
        }
    }

    pub(super) fn record_activity(&mut self, at: Timestamp, settings: &WatchSettings) {
        if let Some((from, to)) = self.event_silence.record_activity(at) {
            self.gap(from, to, GapCause::NoEvents, settings);
        }
    }

    pub(super) fn challenged(&mut self, at: Timestamp, settings: &WatchSettings) {
        if let Some((from, to)) = self.challenge_silence.record_activity(at) {
            self.gap(self.after_events(from), to, GapCause::NoChallenges, settings);
        }
    }

    pub(super) fn ended(&mut self, end: &Replay<'_>) {
        if let Some(job) = &mut self.job {
            job.record_end(end);
        }
    }

    /// Settles a job that has ended, or whose end X did not report in time.
    pub(super) fn settle(&mut self, now: Timestamp, settings: &WatchSettings) {
        let Some(job) = &self.job else { return };
        let Pending { span, .. } = job.pending;
        let (event, failure) = match job.end() {
            Some(complete) => (WatchEvent::Replayed { span, complete }, (!complete).then_some(LostCause::Incomplete)),
            None if now > after(job.started, settings.status_limit) => {
                (WatchEvent::NoStatus { span }, Some(LostCause::NoStatus))
            }
            None => return,
        };
        self.pending_events.push(event);
        if let (Some(job), Some(failure)) = (self.job.take(), failure) {
            self.requeue(job.pending, failure);
        }
    }

    /// Queues a failed span once more. After a second failure, reports it as lost.
    fn requeue(&mut self, pending: Pending, cause: LostCause) {
        match pending.attempts {
            0 => self.queue.insert(Pending { attempts: 1, ..pending }),
            _ => self.pending_events.push(WatchEvent::Lost { span: pending.span, cause }),
        }
    }

    /// Returns the next job to request for the webhook, and marks it as running.
    pub(super) fn next(&mut self, now: Timestamp, rules: ReplayRules) -> Option<(String, ReplaySpan)> {
        if self.job.is_some() {
            return None;
        }
        let webhook = self.valid.clone()?;
        while let Some(pending) = self.queue.take() {
            let jobs = rules.jobs(pending.span.from(), pending.span.to(), now);
            if let Some(span) = jobs.too_old {
                self.pending_events.push(WatchEvent::Lost { span, cause: LostCause::TooOld });
            }
            if let Some(span) = jobs.spans.first().copied() {
                if let Some(rest) = ReplaySpan::around(span.to(), pending.span.to()) {
                    self.queue.insert(Pending { span: rest, ..pending });
                }
                self.job = Some(Job::new(Pending { span, ..pending }, webhook.clone(), now));
                return Some((webhook, span));
            }
            if let Some(later) = jobs.not_yet {
                if pending.reported_at != Some(later.at) {
                    self.pending_events.push(WatchEvent::Later { span: later.span, at: later.at });
                }
                // Later spans are not due before this one.
                self.queue.insert(Pending { span: later.span, reported_at: Some(later.at), ..pending });
                return None;
            }
        }
        None
    }

    pub(super) fn is_busy(&self) -> bool {
        matches!(self.refused, Some((_, ErrorCause::ReplayUnderWay)))
    }

    pub(super) fn replaying(&mut self, response: ReplayJob) {
        let Some(job) = &mut self.job else { return };
        self.refused = None;
        self.pending_events.push(WatchEvent::Replaying { job: response.id.clone(), span: job.pending.span });
        job.set_response(response);
    }

    pub(super) fn refused(&mut self, error: Error) {
        let Some(Job { pending, .. }) = self.job.take() else { return };
        let reported = (pending.span, error.cause().clone());
        let are_dates = *error.cause() == ErrorCause::ReplayDates;
        if self.refused.as_ref() != Some(&reported) {
            self.pending_events.push(WatchEvent::Refused { span: pending.span, error });
            self.refused = Some(reported);
        }
        if are_dates { self.requeue(pending, LostCause::Refused) } else { self.queue.insert(pending) }
    }
}
