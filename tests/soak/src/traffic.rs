//! The requests of X and of other clients, and their results.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use birdhook_pipeline::{ApiSource, Secret};
use birdhook_test_harness::http_client::PATH;
use birdhook_test_harness::journal::Journal;
use birdhook_test_harness::payloads::Payloads;
use birdhook_testkit::MockEventKind;
use bytes::Bytes;
use tokio::time::{Instant, sleep};

use crate::event::{Short, events_of};
use crate::phase::{Mix, Phase};
use crate::process::Process;
use crate::secret;
use crate::settings::Settings;
use crate::tally::{Asked, Tally};

/// Limit of deliveries that wait to be sent again. At the limit, no new event is made.
const MOST_WAITING: usize = 2000;
/// The number of recently accepted deliveries kept for repetition.
const RECENT: usize = 1000;
/// Limit of events in a kept delivery: a few larger ones would fill the receiver's deduplication
/// window.
const MOST_EVENTS: usize = 10;

pub(crate) struct Traffic {
    pub(crate) address: SocketAddr,
    pub(crate) url: String,
    deadline: Duration,
    script: Mutex<Script>,
    signing: Mutex<(Arc<Signing>, Weak<Signing>)>,
    /// The index in [`Phase::ALL`] of the phase whose mix applies. `tally` is the index of the
    /// tally that requests count in.
    mix: AtomicUsize,
    tally: AtomicUsize,
    tallies: Mutex<Vec<Tally>>,
    violations: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

struct Script {
    payloads: Payloads,
    deletions: u64,
    random: fastrand::Rng,
    journal: Journal<u64>,
    waiting: BTreeMap<(Instant, u64), Arc<Body>>,
    numbers: u64,
    recent: Vec<Arc<Body>>,
}

pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    events: Vec<Short>,
    tries: AtomicU32,
}

/// The current secret. A request holds it while it is in flight.
pub(crate) struct Signing {
    pub(crate) number: u64,
    pub(crate) secret: Secret,
}

impl Signing {
    fn new(number: u64) -> Self {
        Self { number, secret: secret(number) }
    }
}

/// Returns random events of all kinds that an API reports.
pub(crate) fn payloads(seed: u64) -> Payloads {
    let is_reported = |kind: &MockEventKind| {
        let by = kind.api_sources();
        by.contains(&ApiSource::AccountActivity) || by.contains(&ApiSource::XActivity)
    };
    let kinds = MockEventKind::ALL.iter().copied().filter(is_reported).collect();
    Payloads::new(seed, kinds, (2001..2100).map(|id| id.to_string()).collect(), 10)
}

pub(crate) enum Next {
    /// Sends this number of concurrent copies.
    Deliver(Arc<Body>, usize),
    CutOff(Arc<Body>),
    Forge(Arc<Body>),
    Challenge,
    Oversize,
    Open,
    /// Waits: too many deliveries wait to be sent again, and none is due.
    Rest,
}

impl Traffic {
    pub(crate) fn new(settings: &Settings, address: SocketAddr) -> Self {
        let script = Script {
            payloads: payloads(settings.seed),
            deletions: 0,
            random: fastrand::Rng::with_seed(settings.seed ^ 1),
            journal: Journal::default(),
            waiting: BTreeMap::new(),
            numbers: 0,
            recent: Vec::new(),
        };
        Self {
            address,
            url: format!("http://{address}{PATH}"),
            deadline: settings.deadline,
            script: Mutex::new(script),
            signing: Mutex::new((Arc::new(Signing::new(0)), Weak::new())),
            mix: AtomicUsize::new(0),
            tally: AtomicUsize::new(Phase::ALL.len()),
            tallies: Mutex::new((0..=Phase::ALL.len()).map(|_| Tally::default()).collect()),
            violations: Mutex::default(),
            is_over: AtomicBool::new(false),
        }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// Starts a phase. Its requests count in its tally, if `counts` is true.
    pub(crate) fn enter(&self, phase: Phase, counts: bool) {
        self.usual_as_in(phase);
        self.tally.store(if counts { phase as usize } else { Phase::ALL.len() }, SeqCst);
    }

    /// Changes the mix of requests to that of another phase. They still count in the same tally.
    pub(crate) fn usual_as_in(&self, phase: Phase) {
        self.mix.store(phase as usize, SeqCst);
    }

    pub(crate) fn mix(&self) -> Mix {
        Phase::ALL[self.mix.load(SeqCst)].mix()
    }

    pub(crate) fn place(&self) -> usize {
        self.tally.load(SeqCst)
    }

    pub(crate) fn end(&self) {
        self.is_over.store(true, SeqCst);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(SeqCst)
    }

    pub(crate) fn signing(&self) -> Arc<Signing> {
        Arc::clone(&self.signing.lock().unwrap().0)
    }

    /// Rotates the secret: the receiver gets the next secret and keeps the previous one, then
    /// requests are signed with the next.
    ///
    /// Waits first until no request with an older secret is in flight.
    pub(crate) async fn rotate(&self, process: &Process) {
        let older = self.signing.lock().unwrap().1.clone();
        while older.strong_count() > 0 {
            sleep(Duration::from_millis(5)).await;
        }
        let next = Signing::new(self.signing().number + 1);
        process.command(&format!("rotate {}", next.number)).await;
        let mut signing = self.signing.lock().unwrap();
        let before = std::mem::replace(&mut signing.0, Arc::new(next));
        signing.1 = Arc::downgrade(&before);
    }

    pub(crate) fn next(&self) -> Next {
        let (mix, mut script) = (self.mix(), self.script());
        let mut dice = script.random.u32(..1000);
        let mut is = |share: u32| {
            let is = dice < share;
            dice = if is { u32::MAX } else { dice.saturating_sub(share) };
            is
        };
        let (again, copies) = (is(mix.again), is(mix.copies));
        let (challenge, oversized, opened) = (is(mix.challenges), is(mix.oversized), is(mix.opened));
        let (forged, cut_off) = (is(mix.forged), is(mix.cut_off));
        if challenge {
            return Next::Challenge;
        }
        if oversized {
            return Next::Oversize;
        }
        if opened {
            return Next::Open;
        }
        if again && !script.recent.is_empty() {
            let recent = script.recent.len();
            let one = script.random.usize(..recent);
            return Next::Deliver(Arc::clone(&script.recent[one]), 1);
        }
        if forged {
            return Next::Forge(script.fresh_unsent());
        }
        match script.due(Instant::now()) {
            Some(body) => Next::Deliver(body, 1),
            None if script.waiting.len() >= MOST_WAITING => Next::Rest,
            None if cut_off => Next::CutOff(script.fresh()),
            None => {
                let count = if copies { script.random.usize(2..=3) } else { 1 };
                Next::Deliver(script.fresh(), count)
            }
        }
    }

    /// Returns `bodies` unique bodies of `events` events each.
    pub(crate) fn crowds(&self, bodies: u64, events: u64) -> Vec<Arc<Body>> {
        let mut script = self.script();
        let bodies: Vec<_> = (0..bodies).map(|_| script.deletions(events)).collect();
        bodies.into_iter().map(|bytes| script.enter(bytes).unwrap()).collect()
    }

    /// Returns all deliveries that were not answered 200, due or not.
    pub(crate) fn rest(&self) -> Vec<Arc<Body>> {
        std::mem::take(&mut self.script().waiting).into_values().collect()
    }

    pub(crate) fn count_sent(&self) -> usize {
        self.script().journal.count_sent()
    }

    /// Records the responses to a delivery. It is sent again unless all copies were answered 200.
    pub(crate) fn answered(&self, body: &Arc<Body>, statuses: &[u16]) {
        let mut script = self.script();
        for status in statuses {
            if *status == 200 {
                script.journal.answered(body.events.iter().map(|(key, _)| *key));
                if body.events.len() > MOST_EVENTS {
                    continue;
                }
                let at = script.numbers as usize % RECENT;
                if script.recent.len() < RECENT {
                    script.recent.push(Arc::clone(body));
                } else {
                    script.recent[at] = Arc::clone(body);
                }
                script.numbers += 1;
            }
        }
        // Like X, repeats a failed copy even if another copy was accepted.
        if statuses.iter().any(|status| *status != 200) {
            let tries = body.tries.fetch_add(1, SeqCst).min(4);
            let wait = (self.deadline / 10 * (1 << tries)).mul_f64(0.5 + script.random.f64());
            let key = (Instant::now() + wait, script.numbers);
            script.numbers += 1;
            script.waiting.insert(key, Arc::clone(body));
        }
    }

    pub(crate) fn note(&self, place: usize, asked: Asked, status: u16, took: Duration) {
        self.tallies.lock().unwrap()[place].note(asked, status, took);
    }

    pub(crate) fn violation(&self, what: String) {
        self.violations.lock().unwrap().push(what);
    }

    pub(crate) fn wrong_secret() -> Secret {
        Secret::new("somebody-else's-secret").unwrap()
    }

    /// Returns the journal, the tallies, and the violations. The last tally is for requests that do
    /// not count.
    pub(crate) fn into_parts(self) -> (Journal<u64>, Vec<Tally>, Vec<String>) {
        let script = self.script.into_inner().unwrap();
        (script.journal, self.tallies.into_inner().unwrap(), self.violations.into_inner().unwrap())
    }
}

impl Script {
    /// Returns a body with this number of new events, which is cheap to make.
    fn deletions(&mut self, events: u64) -> Bytes {
        let first = 1_000_000_000_000_000_000 + self.deletions;
        self.deletions += events;
        let one = |id: u64| format!(r#"{{"status":{{"id":"{id}","user_id":"2001"}},"timestamp_ms":"1795426200000"}}"#);
        let all: Vec<_> = (first..first + events).map(one).collect();
        format!(r#"{{"for_user_id":"2001","tweet_delete_events":[{}]}}"#, all.join(",")).into()
    }

    fn fresh(&mut self) -> Arc<Body> {
        loop {
            let bytes = self.payloads.body();
            if let Some(body) = self.enter(bytes) {
                return body;
            }
        }
    }

    /// Records a body. Returns `None` if one of its events is already recorded.
    fn enter(&mut self, bytes: Bytes) -> Option<Arc<Body>> {
        let events = events_of(&bytes);
        let is_new = self.journal.sent_first(&events);
        is_new.then(|| Arc::new(Body { bytes, events, tries: AtomicU32::new(0) }))
    }

    /// Returns a body that the receiver must never accept.
    fn fresh_unsent(&mut self) -> Arc<Body> {
        Arc::new(Body { bytes: self.payloads.body(), events: Vec::new(), tries: AtomicU32::new(0) })
    }

    fn due(&mut self, now: Instant) -> Option<Arc<Body>> {
        let first = self.waiting.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Sink;

    #[test]
    fn payloads_hardly_repeat_and_deletions_never_do() {
        let settings = Settings::lasting(Duration::from_secs(60), Sink::Channel, 3);
        let traffic = Traffic::new(&settings, ([127, 0, 0, 1], 0).into());
        let mut script = traffic.script();
        let mut is_new = |bytes| script.enter(bytes).is_some();
        let mut payloads = payloads(3);
        let repeated = (0..2000).filter(|_| !is_new(payloads.body())).count();
        assert!(repeated < 20, "{repeated} of 2000");
        drop(script);
        assert!(traffic.crowds(3, 100).iter().all(|body| body.events.len() == 100));
    }
}
