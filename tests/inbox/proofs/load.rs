//! Deliveries of both APIs with one or more events, some of them sent again on purpose.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use birdhook_pipeline::Secret;
use birdhook_testkit::{MockEventKind, PayloadGenerator, Sender, WebhookPost};
use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::SECRET;
use crate::book::{Book, Told, events_of};

/// The bodies that are sent, and their journal. Clones share both.
#[derive(Clone)]
pub struct Load(Arc<Mutex<State>>);

struct State {
    random: fastrand::Rng,
    scene: PayloadGenerator,
    bodies: Vec<Body>,
    unanswered: Vec<usize>,
    has_duplicates: bool,
    book: Book,
}

#[derive(Clone)]
pub struct Body {
    pub number: usize,
    pub bytes: Bytes,
    pub events: Vec<Told>,
    is_answered: bool,
}

const KINDS: [MockEventKind; 6] = [
    MockEventKind::Like,
    MockEventKind::Mention,
    MockEventKind::PostDelete,
    MockEventKind::Follow,
    MockEventKind::MessageReceived,
    MockEventKind::Repost,
];
pub const SUBSCRIBERS: [&str; 3] = ["2001", "2002", "2003"];

impl Load {
    pub fn new(seed: u64) -> Self {
        let random = fastrand::Rng::with_seed(seed);
        let (scene, book) = (PayloadGenerator::new(seed), Book::default());
        Self(Arc::new(Mutex::new(State {
            random,
            scene,
            bodies: Vec::new(),
            unanswered: Vec::new(),
            has_duplicates: true,
            book,
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

    /// Calls `read` with the journal.
    pub fn book<T>(&self, read: impl FnOnce(&mut Book) -> T) -> T {
        read(&mut self.state().book)
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
            state.book.answered(&body.events);
        } else if !state.bodies[body.number].is_answered {
            state.unanswered.push(body.number);
        }
    }

    /// Returns all bodies that were sent.
    pub fn all(&self) -> Vec<Body> {
        self.state().bodies.clone()
    }

    /// Returns the bodies that were never answered 200.
    pub fn unanswered(&self) -> Vec<Body> {
        self.state().bodies.iter().filter(|body| !body.is_answered).cloned().collect()
    }

    /// Starts `senders` tasks that send to this URL until they are stopped. A body without an
    /// answer is sent again.
    pub fn start(&self, url: &str, senders: usize) -> Sending {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for _ in 0..senders {
            let (load, url, stopped) = (self.clone(), url.to_owned(), stopped.clone());
            tasks.spawn(async move {
                let secret = Secret::new(SECRET).unwrap();
                let sender = Sender::new(Duration::from_secs(20)).unwrap();
                while !*stopped.borrow() {
                    let body = load.next();
                    let request = WebhookPost::signed(&secret, body.bytes.clone()).request(&url).unwrap();
                    let answer = sender.send(request).await;
                    load.answered(&body, answer.map_or(0, |answer| answer.status.as_u16()));
                }
            });
        }
        Sending { stop, tasks }
    }
}

impl State {
    fn fresh(&mut self) -> Body {
        let bytes = loop {
            let kind = self.random.choice(KINDS).unwrap();
            let subscriber = self.random.choice(SUBSCRIBERS).unwrap();
            let one = self.scene.event(kind, subscriber);
            let body = match self.random.u8(..3) {
                0 => one.reported_by(birdhook_pipeline::ApiSource::XActivity),
                1 => one.reported_by(birdhook_pipeline::ApiSource::AccountActivity),
                _ => {
                    let mut all = vec![one];
                    all.extend((1..self.random.usize(2..6)).map(|_| self.scene.event(kind, subscriber)));
                    birdhook_testkit::MockEvent::batch(&all)
                }
            };
            if let Some(body) = body {
                break body;
            }
        };
        let body = Body { number: self.bodies.len(), events: events_of(&bytes), bytes, is_answered: false };
        self.book.sent(&body.events);
        self.bodies.push(body.clone());
        body
    }
}

/// The running senders.
pub struct Sending {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Sending {
    /// Stops once each request in progress is answered or has failed.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
    }

    /// Aborts all senders at once.
    pub async fn abandon(mut self) {
        self.tasks.shutdown().await;
    }
}
