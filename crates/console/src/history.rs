//! The requests of the last hours, in memory.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use birdhook_core::{Delivery, EventKey, Outcome, RequestHead, SecretKind, Timestamp};
use birdhook_pipeline::{FinishedRequest, Observer, RequestObserver};
use bytes::Bytes;
use tokio::sync::watch;

use crate::body_search;
use crate::chart::{Chart, Series};
use crate::entry::{Entry, EventEntry, MAX_EVENTS, Request, Verified, short};
use crate::filter::Filter;
use crate::headers;
use crate::prices::{Bill, EventsToday, Prices};
#[cfg(feature = "client")]
use crate::replay_end::ReplayEnd;

/// The last requests of a webhook, in memory. Cheap to clone.
///
/// Give a clone to [`Webhook::observer`](birdhook_pipeline::Webhook::observer), and another one to
/// [`Console::new`](crate::Console::new). Holds 1,000 requests, and no bodies unless
/// [`keep`](Self::keep) is called. Nothing is written to disk.
#[derive(Clone)]
pub struct History(Arc<Shared>);

struct Shared {
    limits: Limits,
    prices: Prices,
    /// Identifies the process in the ids of requests, which restart with 1.
    run: u64,
    started: Timestamp,
    newest: watch::Sender<u64>,
    path: LastText,
    app: LastText,
    state: Mutex<State>,
}

#[derive(Clone, Copy)]
struct Limits {
    requests: usize,
    bodies: usize,
    body_bytes: usize,
}

#[derive(Default)]
struct State {
    entries: VecDeque<Arc<Entry>>,
    /// Copies of bodies, so that they do not hold the buffers of their connections.
    bodies: VecDeque<(u64, Bytes)>,
    finished: u64,
    chart: Chart,
    today: EventsToday,
    refusals: BTreeMap<&'static str, u64>,
    challenges: Challenges,
    last_event: Option<Timestamp>,
    /// The last ends of replay jobs, newest first.
    #[cfg(feature = "client")]
    replay_ends: VecDeque<ReplayEnd>,
}

/// Number of ends of replay jobs that are kept.
#[cfg(feature = "client")]
const MAX_REPLAY_ENDS: usize = 20;

/// The last answered challenges.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Challenges {
    pub(crate) last: Option<AnsweredChallenge>,
    /// The last one whose signature proves that X sent it.
    pub(crate) last_by_x: Option<AnsweredChallenge>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct AnsweredChallenge {
    pub(crate) time: Timestamp,
    pub(crate) answered_with: Option<SecretKind>,
}

/// The numbers of the health page.
pub(crate) struct Totals {
    pub(crate) challenges: Challenges,
    pub(crate) last_event: Option<Timestamp>,
    pub(crate) refusals: BTreeMap<&'static str, u64>,
    pub(crate) bill: Bill,
    pub(crate) series: Series,
}

/// A text that rarely changes, shared by the requests that have it.
#[derive(Default)]
struct LastText(Mutex<Arc<str>>);

impl LastText {
    fn get(&self, text: &str) -> Arc<str> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if **last != *text {
            let short: Arc<str> = short(text).into();
            // A cut text would never be equal.
            if *short != *text {
                return short;
            }
            *last = short;
        }
        Arc::clone(&last)
    }
}

fn method(method: &str) -> Cow<'static, str> {
    match method {
        "POST" => Cow::Borrowed("POST"),
        "GET" => Cow::Borrowed("GET"),
        other => Cow::Owned(short(other).into()),
    }
}

impl Default for History {
    fn default() -> Self {
        Self::new()
    }
}

impl History {
    /// Creates a history of 1,000 requests without bodies.
    pub fn new() -> Self {
        let started = now();
        Self::with(Limits { requests: 1000, bodies: 0, body_bytes: 0 }, Prices::default(), started)
    }

    fn with(limits: Limits, prices: Prices, started: Timestamp) -> Self {
        let run = started.as_millis().unsigned_abs();
        let shared = Shared {
            limits,
            prices,
            run,
            started,
            newest: watch::Sender::new(0),
            path: LastText::default(),
            app: LastText::default(),
            state: Mutex::new(State::default()),
        };
        Self(Arc::new(shared))
    }

    /// Sets the number of requests that are held. Call it before the history is cloned: it returns a new
    /// one.
    #[must_use]
    pub fn requests(self, requests: usize) -> Self {
        let limits = Limits { requests: requests.max(1), ..self.0.limits };
        Self::with(limits, self.0.prices.clone(), self.0.started)
    }

    /// Keeps the last `deliveries` verified bodies of at most `max_bytes` each. Defaults to none.
    ///
    /// Bodies contain private messages. The console shows them to everyone who has access to it.
    /// Bodies that are not verified are never kept. Call it before the history is cloned: it returns a new
    /// one.
    #[must_use]
    pub fn keep(self, deliveries: usize, max_bytes: usize) -> Self {
        let limits = Limits { bodies: deliveries, body_bytes: max_bytes, ..self.0.limits };
        Self::with(limits, self.0.prices.clone(), self.0.started)
    }

    /// Sets the price of an event type, such as `post.create`, in US dollars. Defaults to X's
    /// published price in [`PRICES`](crate::PRICES). Call it before the history is cloned: it returns a
    /// new one.
    #[must_use]
    pub fn price(self, event_type: impl Into<String>, dollars: f64) -> Self {
        let mut prices = self.0.prices.clone();
        prices.set(event_type.into(), dollars);
        Self::with(self.0.limits, prices, self.0.started)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn started(&self) -> Timestamp {
        self.0.started
    }

    pub(crate) fn keeps_bodies(&self) -> bool {
        self.0.limits.bodies > 0
    }

    /// Returns the id of a request for links and for `Last-Event-ID`.
    pub(crate) fn id(&self, number: u64) -> String {
        format!("{:x}-{number}", self.0.run)
    }

    /// Returns the number of an id. `None` for an id of another process, or of none.
    pub(crate) fn number(&self, id: &str) -> Option<u64> {
        let (run, number) = id.split_once('-')?;
        let is_ours = u64::from_str_radix(run, 16).ok() == Some(self.0.run);
        number.parse().ok().filter(|_| is_ours)
    }

    /// Returns a receiver of the number of the newest request.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.0.newest.subscribe()
    }

    pub(crate) fn get(&self, number: u64) -> Option<Arc<Entry>> {
        let state = self.state();
        let at = state.entries.binary_search_by_key(&number, |entry| entry.number).ok()?;
        state.entries.get(at).cloned()
    }

    pub(crate) fn body(&self, number: u64) -> Option<Bytes> {
        self.state().bodies.iter().find(|(other, _)| *other == number).map(|(_, body)| body.clone())
    }

    /// Returns whether a filter selects a request at this time.
    pub(crate) fn selects(&self, filter: &Filter, entry: &Entry, now: Timestamp) -> bool {
        let is_in_body = |text: &String| self.body(entry.number).is_some_and(|body| body_search::contains(&body, text));
        filter.selects(entry, now) && filter.text.as_ref().is_none_or(is_in_body)
    }

    /// Returns the requests with a kept body, oldest first.
    pub(crate) fn kept(&self) -> Vec<(Arc<Entry>, Bytes)> {
        let bodies = self.state().bodies.clone();
        bodies.into_iter().filter_map(|(number, body)| Some((self.get(number)?, body))).collect()
    }

    /// Returns the requests with a higher number, oldest first.
    pub(crate) fn after(&self, number: u64) -> Vec<Arc<Entry>> {
        let state = self.state();
        let first = state.entries.partition_point(|entry| entry.number <= number);
        state.entries.iter().skip(first).cloned().collect()
    }

    /// Returns the requests with a lower number, newest first.
    pub(crate) fn before(&self, number: u64) -> Vec<Arc<Entry>> {
        let state = self.state();
        let end = state.entries.partition_point(|entry| entry.number < number);
        state.entries.iter().take(end).rev().cloned().collect()
    }

    pub(crate) fn newest(&self) -> u64 {
        self.state().finished
    }

    /// Returns the accepted delivery that contained one of these events before.
    pub(crate) fn first_with(&self, keys: &[EventKey], before: u64) -> Option<u64> {
        let state = self.state();
        let mut accepted = state.entries.iter().filter(|entry| entry.outcome == Some(Outcome::Accepted));
        let found = accepted
            .find(|entry| entry.number < before && entry.events().iter().any(|event| keys.contains(&event.key)));
        found.map(|entry| entry.number)
    }

    pub(crate) fn totals(&self, now: Timestamp) -> Totals {
        let mut state = self.state();
        Totals {
            challenges: state.challenges,
            last_event: state.last_event,
            refusals: state.refusals.clone(),
            bill: state.today.bill(now.as_millis(), &self.0.prices),
            series: state.chart.series(now.as_millis()),
        }
    }

    /// Returns the last ends of replay jobs, newest first.
    #[cfg(feature = "client")]
    pub(crate) fn replay_ends(&self) -> Vec<ReplayEnd> {
        self.state().replay_ends.iter().cloned().collect()
    }

    /// Remembers the ends of replay jobs that a verified delivery reports.
    #[cfg(feature = "client")]
    fn record_replay_ends(&self, delivery: &Delivery) {
        for end in delivery.events().iter().filter_map(|event| ReplayEnd::of(event, now())) {
            let mut state = self.state();
            state.replay_ends.push_front(end);
            state.replay_ends.truncate(MAX_REPLAY_ENDS);
        }
    }

    fn finished(&self, observed: Observed, request: FinishedRequest, time: Timestamp) {
        let (verified, body) = match observed.verified.into_inner() {
            Some((verified, body)) => (Some(verified), body),
            None => (None, None),
        };
        let mut state = self.state();
        state.finished += 1;
        let number = state.finished;
        let entry = Entry {
            number,
            time,
            request: observed.request,
            outcome: request.outcome,
            micros: u64::try_from(request.duration.as_micros()).unwrap_or(u64::MAX),
            is_signed_by_x: request.is_signed_by_x,
            answered_with: request.answered_with,
            verified,
        };
        state.count(&entry, &self.0.prices);
        if state.entries.len() >= self.0.limits.requests {
            state.entries.pop_front();
        }
        state.entries.push_back(Arc::new(entry));
        if let Some(body) = body {
            if state.bodies.len() >= self.0.limits.bodies {
                state.bodies.pop_front();
            }
            state.bodies.push_back((number, body));
        }
        drop(state);
        self.0.newest.send_replace(number);
    }
}

impl State {
    fn count(&mut self, entry: &Entry, prices: &Prices) {
        let millis = entry.time.as_millis();
        self.chart.add(millis, entry.group());
        match entry.outcome {
            Some(Outcome::ChallengeAnswered) => {
                let challenge = AnsweredChallenge { time: entry.time, answered_with: entry.answered_with };
                self.challenges.last = Some(challenge);
                if entry.is_signed_by_x {
                    self.challenges.last_by_x = Some(challenge);
                }
            }
            Some(Outcome::Accepted) => {
                self.last_event = Some(entry.time);
                for event in entry.events().iter().filter(|event| event.api == birdhook_core::ApiSource::XActivity) {
                    self.today.add(millis, &event.name);
                    prices.billed(&event.name);
                }
            }
            Some(outcome) if outcome.status() == 200 => {}
            outcome => *self.refusals.entry(crate::cause::label(outcome)).or_default() += 1,
        }
    }
}

impl Observer for History {
    fn begin(&self, head: &RequestHead<'_>) -> Option<Box<dyn RequestObserver>> {
        let request = Request {
            method: method(head.method()),
            path: self.0.path.get(head.path()),
            signatures: SecretKind::ALL.map(|kind| Some(kind).filter(|kind| head.has_signature(*kind))),
            headers: headers::current(),
        };
        Some(Box::new(Observed { history: self.clone(), request, verified: OnceLock::new() }))
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").field("requests", &self.newest()).finish_non_exhaustive()
    }
}

/// A request that has not finished.
struct Observed {
    history: History,
    request: Request,
    verified: OnceLock<(Verified, Option<Bytes>)>,
}

impl RequestObserver for Observed {
    fn verified(&self, delivery: &Delivery, signed_with: Option<SecretKind>) {
        #[cfg(feature = "client")]
        self.history.record_replay_ends(delivery);
        let limits = self.history.0.limits;
        let event = |event: &birdhook_core::Event| EventEntry {
            kind: event.kind(),
            name: short(event.name()),
            subscriber: event.subscriber().map(Into::into),
            api: event.api_source(),
            key: event.dedupe_key(),
        };
        let text = delivery.body().as_str();
        let body =
            (limits.bodies > 0 && text.len() <= limits.body_bytes).then(|| Bytes::copy_from_slice(text.as_bytes()));
        let verified = Verified {
            app: self.history.0.app.get(delivery.app()),
            signed_with,
            bytes: text.len(),
            sent: delivery.original_len(),
            events: delivery.events().iter().take(MAX_EVENTS).map(event).collect(),
        };
        // Called at most once.
        let _ = self.verified.set((verified, body));
    }

    fn finished(self: Box<Self>, request: FinishedRequest) {
        let history = self.history.clone();
        history.finished(*self, request, now());
    }
}

/// Returns the current time.
pub(crate) fn now() -> Timestamp {
    let elapsed = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Timestamp::from_millis(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}
