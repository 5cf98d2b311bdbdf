//! A load generator in the role of X: it repeats a delivery until it is answered 200, and sends some
//! of them again on purpose.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use birdhook_core::{EventKey, Secret};
use birdhook_testkit::{MockEventKind, Sender, WebhookPost};
use bytes::Bytes;
use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::TIMEOUT;
use crate::consumption::events_of;
use crate::journal::Journal;
use crate::payloads::Payloads;
use crate::violation::{Violation, holds};

pub const SECRET: &str = "the-consumer-secret-of-the-tests";

/// The bodies that are sent, and their journal. Clones share both.
#[derive(Clone)]
pub struct Load(Arc<Mutex<State>>);

struct State {
    random: fastrand::Rng,
    payloads: Payloads,
    bodies: Vec<Body>,
    unanswered: Vec<usize>,
    has_duplicates: bool,
    journal: Journal<EventKey>,
}

#[derive(Clone)]
pub struct Body {
    number: usize,
    pub bytes: Bytes,
    /// The keys and contents of its events.
    pub events: Vec<(EventKey, u64)>,
    is_answered: bool,
}

const KINDS: [MockEventKind; 6] = {
    use MockEventKind::{Follow, Like, Mention, MessageReceived, PostDelete, Repost};
    [Like, Mention, PostDelete, Follow, MessageReceived, Repost]
};
pub const SUBSCRIBERS: [&str; 3] = ["2001", "2002", "2003"];

impl Load {
    pub fn new(seed: u64) -> Self {
        let payloads = Payloads::new(seed, KINDS.into(), SUBSCRIBERS.map(str::to_owned).into(), 33);
        Self(Arc::new(Mutex::new(State {
            random: fastrand::Rng::with_seed(seed),
            payloads,
            bodies: Vec::new(),
            unanswered: Vec::new(),
            has_duplicates: true,
            journal: Journal::default(),
        })))
    }

    /// Turns off duplicates: no event is sent twice on purpose.
    pub fn without_duplicates(self) -> Self {
        self.state().has_duplicates = false;
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn journal<T>(&self, read: impl FnOnce(&mut Journal<EventKey>) -> T) -> T {
        read(&mut self.state().journal)
    }

    pub fn count_answered(&self) -> usize {
        self.state().journal.count_answered()
    }

    /// Returns a new body and records it as sent.
    pub fn fresh(&self) -> Body {
        self.state().fresh()
    }

    /// Returns the body to send next: a new one, one not yet answered, or one sent before.
    pub fn next(&self) -> Body {
        let mut state = self.state();
        if !state.has_duplicates {
            return state.fresh();
        }
        match (state.random.u8(..10), state.bodies.len()) {
            (0..2, bodies @ 1..) => {
                let number = state.random.usize(..bodies);
                state.bodies[number].clone()
            }
            (2..6, 1..) => match state.unanswered.pop() {
                Some(number) => state.bodies[number].clone(),
                None => state.fresh(),
            },
            _ => state.fresh(),
        }
    }

    pub fn answered(&self, body: &Body, status: u16) {
        let mut state = self.state();
        if status == 200 {
            state.bodies[body.number].is_answered = true;
            state.journal.answered(body.events.iter().map(|(key, _)| *key));
        } else if !state.bodies[body.number].is_answered {
            state.unanswered.push(body.number);
        }
    }

    pub fn all(&self) -> Vec<Body> {
        self.state().bodies.clone()
    }

    pub fn unanswered(&self) -> Vec<Body> {
        self.state().bodies.iter().filter(|body| !body.is_answered).cloned().collect()
    }
}

impl State {
    fn fresh(&mut self) -> Body {
        let bytes = self.payloads.body();
        let body = Body { number: self.bodies.len(), events: events_of(&bytes), bytes, is_answered: false };
        self.journal.sent(&body.events);
        self.bodies.push(body.clone());
        body
    }
}

/// Sends a load to an address. Clones share the load.
#[derive(Clone)]
pub struct Traffic {
    load: Load,
    url: String,
    secret: Secret,
    sender: Sender,
    is_spread: bool,
    /// The number of responses by status. Status 0 means no response.
    statuses: Arc<Mutex<BTreeMap<u16, usize>>>,
}

pub struct Sending {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Traffic {
    pub fn new(load: &Load, url: String) -> Self {
        Self::with(load, url, false, Duration::from_secs(20))
    }

    /// Sends to several receivers behind one address: each request on a new connection, and one body
    /// in four in several copies at once.
    pub fn spread(load: &Load, url: String) -> Self {
        Self::with(load, url, true, Duration::from_secs(5))
    }

    fn with(load: &Load, url: String, is_spread: bool, timeout: Duration) -> Self {
        let (secret, sender) = (Secret::new(SECRET).unwrap(), Sender::new(timeout).unwrap());
        Self { load: load.clone(), url, secret, sender, is_spread, statuses: Arc::default() }
    }

    /// Starts this number of concurrent senders, which send until they are stopped.
    pub fn start(&self, senders: usize) -> Sending {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for _ in 0..senders {
            let (traffic, stopped) = (self.clone(), stopped.clone());
            tasks.spawn(async move {
                while !*stopped.borrow() {
                    let body = traffic.load.next();
                    let copies = if traffic.is_spread && fastrand::u8(..4) == 0 { fastrand::usize(2..4) } else { 1 };
                    let answers = join_all((0..copies).map(|_| traffic.send(&body))).await;
                    if traffic.is_spread {
                        // Lets other tasks run. The pause is longer when no receiver accepts.
                        sleep(Duration::from_millis(if answers.contains(&200) { 5 } else { 50 })).await;
                    }
                }
            });
        }
        Sending { stop, tasks }
    }

    async fn send(&self, body: &Body) -> u16 {
        let mut request = WebhookPost::signed(&self.secret, body.bytes.clone()).request(&self.url).unwrap();
        if self.is_spread {
            request.headers_mut().insert("connection", "close".parse().unwrap());
        }
        let status = self.sender.send(request).await.map_or(0, |answer| answer.status.as_u16());
        *self.statuses.lock().unwrap().entry(status).or_default() += 1;
        self.load.answered(body, status);
        status
    }

    pub async fn send_rest(&self) -> Result<(), Violation> {
        let begun = Instant::now();
        loop {
            let rest = self.load.unanswered();
            if rest.is_empty() {
                return Ok(());
            }
            let late = || format!("{} bodies get no 200, but {:?}", rest.len(), self.statuses());
            holds(begun.elapsed() < TIMEOUT, late)?;
            for bodies in rest.chunks(16) {
                join_all(bodies.iter().map(|body| self.send(body))).await;
            }
        }
    }

    pub async fn send_until_accepted(&self, body: &Body) -> Result<(), Violation> {
        let begun = Instant::now();
        while self.send(body).await != 200 {
            holds(begun.elapsed() < TIMEOUT, || format!("{} accepts nothing: {:?}", self.url, self.statuses()))?;
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    pub fn statuses(&self) -> BTreeMap<u16, usize> {
        self.statuses.lock().unwrap().clone()
    }

    pub fn accepted(&self) -> usize {
        self.statuses().get(&200).copied().unwrap_or_default()
    }
}

impl Sending {
    /// Stops the senders, after each request in flight is answered or has failed.
    pub async fn stop(&mut self) {
        self.stop.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }

    pub async fn abandon(mut self) {
        self.tasks.shutdown().await;
    }
}
