//! State of a watch and its transitions. Makes no calls.

use birdhook_core::activity::Replay;
use birdhook_core::{Event, Timestamp};

use super::expiry::Expiries;
use super::gap::{Gap, GapCause, Pending, Queue};
use super::job::Job;
use super::notice::{LostCause, WatchEvent};
use super::rules::ReplayRules;
use super::settings::WatchSettings;
use super::silence::Silence;
use super::time::after;
use crate::api::{ReplayJob, ReplaySpan};
use crate::{Error, ErrorCause};

#[derive(Debug)]
pub(super) struct State {
    begun: Timestamp,
    /// The time of the last poll that found the webhook valid.
    last_valid: Option<Timestamp>,
    /// The time at which the webhook was last known to be valid, while it is invalid or missing.
    bad_since: Option<Timestamp>,
    /// The webhook's id, while X's last report says that it is valid.
    valid: Option<String>,
    events: Silence,
    challenges: Silence,
    queue: Queue,
    job: Option<Job>,
    /// The last reported refusal to replay.
    refused: Option<(ReplaySpan, ErrorCause)>,
    expiries: Expiries,
    notices: Vec<WatchEvent>,
}

impl State {
    pub(super) fn new(begun: Timestamp) -> Self {
        Self {
            begun,
            last_valid: None,
            bad_since: None,
            valid: None,
            events: Silence::default(),
            challenges: Silence::default(),
            queue: Queue::default(),
            job: None,
            refused: None,
            expiries: Expiries::default(),
            notices: Vec::new(),
        }
    }

    pub(super) fn take_notices(&mut self) -> Vec<WatchEvent> {
        std::mem::take(&mut self.notices)
    }

    pub(super) fn pending(&self) -> Vec<ReplaySpan> {
        self.job.iter().map(|job| job.pending.span).chain(self.queue.spans()).collect()
    }

    /// Returns the webhook's id if X's last report says that it is valid.
    pub(super) fn valid_webhook(&self) -> Option<String> {
        self.valid.clone()
    }

    pub(super) fn expiries(&mut self) -> &mut Expiries {
        &mut self.expiries
    }

    pub(super) fn report_ends(&mut self, looked: Result<Vec<WatchEvent>, Error>) {
        let notices = self.expiries.report(looked);
        self.notices.extend(notices);
    }

    /// Records a gap. Does nothing if it is empty.
    pub(super) fn gap(&mut self, from: Timestamp, to: Timestamp, cause: GapCause, settings: &WatchSettings) {
        if from >= to {
            return;
        }
        self.notices.push(WatchEvent::Gap(Gap { from, to, cause }));
        if let Some(span) = ReplaySpan::around(from, to).filter(|_| settings.replays) {
            self.queue.add(span, self.job.as_ref().map(|job| job.pending.span));
        }
    }

    /// Records that the webhook's state could not be read.
    pub(super) fn unknown(&mut self, error: Error) {
        self.valid = None;
        self.notices.push(WatchEvent::Unknown { error });
    }

    /// Records that the webhook does not exist.
    pub(super) fn missing(&mut self, url: &str) {
        self.is_bad();
        self.notices.push(WatchEvent::Missing { url: url.to_owned() });
    }

    pub(super) fn invalid(&mut self, webhook: &str) {
        if let Some(since) = self.is_bad() {
            self.notices.push(WatchEvent::Invalid { webhook: webhook.to_owned(), since });
        }
    }

    /// Marks the webhook as bad. Returns when it was last known to be valid, or `None` if it was
    /// already bad.
    fn is_bad(&mut self) -> Option<Timestamp> {
        self.valid = None;
        if self.bad_since.is_some() {
            return None;
        }
        // An event or challenge after the last poll shows that the webhook was still valid then.
        let good = self.last_valid.max(self.events.last()).max(self.challenges.last());
        self.bad_since = Some(good.unwrap_or(self.begun));
        self.bad_since
    }

    pub(super) fn still_invalid(&mut self, webhook: &str, error: Option<Error>) {
        self.notices.push(WatchEvent::StillInvalid { webhook: webhook.to_owned(), error });
    }

    pub(super) fn valid(&mut self, webhook: &str, now: Timestamp, settings: &WatchSettings) {
        if let Some(since) = self.bad_since.take() {
            self.notices.push(WatchEvent::Revalidated { webhook: webhook.to_owned() });
            // The silence of an invalid webhook belongs to the same gap.
            let unchallenged = self.challenges.restart_if_heard(now).map(|since| self.after_events(since));
            let silent = [self.events.restart(now), unchallenged];
            let since = silent.into_iter().flatten().fold(since, Timestamp::min);
            self.gap(since, now, GapCause::Invalid, settings);
        }
        self.valid = Some(webhook.to_owned());
        self.last_valid = Some(now);
    }

    /// Checks for silences that exceed their limits.
    pub(super) fn listen(&mut self, now: Timestamp, settings: &WatchSettings) {
        if self.bad_since.is_some() {
            return;
        }
        let silent = settings.event_silence.and_then(|limit| self.events.is_too_long(limit, self.begun, now));
        if let Some(since) = silent {
            self.gap(since, now, GapCause::NoEvents, settings);
        }
        // An app that never reports challenges must not get a notice that they are missing.
        let limit = settings.challenge_silence.filter(|_| self.challenges.last().is_some());
        if let Some(since) = limit.and_then(|limit| self.challenges.is_too_long(limit, self.begun, now)) {
            self.gap(self.after_events(since), now, GapCause::NoChallenges, settings);
        }
    }

    /// Moves the start of a challenge gap past the last event: X still reached the receiver then.
    fn after_events(&self, since: Timestamp) -> Timestamp {
        self.events.last().map_or(since, |event| event.max(since))
    }

    pub(super) fn record_event(&mut self, event: &Event, now: Timestamp, settings: &WatchSettings) {
        if !self.job.as_ref().is_some_and(|job| job.may_have_replayed(event)) {
            self.record_activity(now, settings);
        }
    }

    pub(super) fn record_activity(&mut self, at: Timestamp, settings: &WatchSettings) {
        if let Some((from, to)) = self.events.record_activity(at) {
            self.gap(from, to, GapCause::NoEvents, settings);
        }
    }

    pub(super) fn challenged(&mut self, at: Timestamp, settings: &WatchSettings) {
        if let Some((from, to)) = self.challenges.record_activity(at) {
            self.gap(self.after_events(from), to, GapCause::NoChallenges, settings);
        }
    }

    /// Records X's report that a replay job has ended.
    pub(super) fn ended(&mut self, end: &Replay<'_>) {
        if let Some(job) = &mut self.job {
            job.told(end);
        }
    }

    /// Settles a job that has ended, or whose end X did not report in time.
    pub(super) fn settle(&mut self, now: Timestamp, settings: &WatchSettings) {
        let Some(job) = &self.job else { return };
        let Pending { span, .. } = job.pending;
        let (notice, failure) = match job.end() {
            Some(complete) => (WatchEvent::Replayed { span, complete }, (!complete).then_some(LostCause::Incomplete)),
            None if now > after(job.begun, settings.status_limit) => {
                (WatchEvent::NoStatus { span }, Some(LostCause::NoStatus))
            }
            None => return,
        };
        self.notices.push(notice);
        if let (Some(job), Some(failure)) = (self.job.take(), failure) {
            self.again(job.pending, failure);
        }
    }

    /// Queues a failed span once more. After a second failure, reports it as lost.
    fn again(&mut self, pending: Pending, cause: LostCause) {
        match pending.tries {
            0 => self.queue.put(Pending { tries: 1, ..pending }),
            _ => self.notices.push(WatchEvent::Lost { span: pending.span, cause }),
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
                self.notices.push(WatchEvent::Lost { span, cause: LostCause::TooOld });
            }
            if let Some(span) = jobs.spans.first().copied() {
                if let Some(rest) = ReplaySpan::around(span.to(), pending.span.to()) {
                    self.queue.put(Pending { span: rest, ..pending });
                }
                self.job = Some(Job::new(Pending { span, ..pending }, webhook.clone(), now));
                return Some((webhook, span));
            }
            if let Some(later) = jobs.not_yet {
                if pending.told != Some(later.at) {
                    self.notices.push(WatchEvent::DeferredReplay { span: later.span, at: later.at });
                }
                // Later spans are not due before this one.
                self.queue.put(Pending { span: later.span, told: Some(later.at), ..pending });
                return None;
            }
        }
        None
    }

    /// Returns whether X last reported that another job is running.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self.refused, Some((_, ErrorCause::ReplayUnderWay)))
    }

    /// Records that X replays the requested job.
    pub(super) fn began(&mut self, answer: ReplayJob) {
        let Some(job) = &mut self.job else { return };
        self.refused = None;
        self.notices.push(WatchEvent::Replaying { job: answer.id.clone(), span: job.pending.span });
        job.answered(answer);
    }

    /// Records that X refused the requested job.
    pub(super) fn refused(&mut self, error: Error) {
        let Some(Job { pending, .. }) = self.job.take() else { return };
        let told = (pending.span, error.cause().clone());
        let are_dates = *error.cause() == ErrorCause::ReplayDates;
        if self.refused.as_ref() != Some(&told) {
            self.notices.push(WatchEvent::Refused { span: pending.span, error });
            self.refused = Some(told);
        }
        if are_dates { self.again(pending, LostCause::Refused) } else { self.queue.put(pending) }
    }
}
