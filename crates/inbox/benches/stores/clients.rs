//! Clients that each send one event after the other, and the stores that accept them.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use birdhook_core::Delivery;
use birdhook_inbox::{Inbox, InboxSettings};
use birdhook_pipeline::EventSink;
use bytes::Bytes;
use tokio::sync::oneshot;

use crate::contestants::Contestant;
use crate::records::Commit;

/// The length of an event's body, in bytes.
pub(crate) const BODY: usize = 2048;

/// Distinct bodies of incompressible text.
#[derive(Clone)]
pub(crate) struct Bodies(Bytes);

impl Bodies {
    pub(crate) fn new() -> Self {
        Self((0..64 << 20).map(|_| fastrand::alphanumeric() as u8).collect())
    }

    pub(crate) fn next(&self) -> Delivery {
        let id = fastrand::u64(1 << 60..);
        let from = fastrand::usize(..self.0.len() - BODY);
        let text = str::from_utf8(&self.0[from..from + BODY]).unwrap();
        let event = format!(r#"{{"id_str":"{id}","user":{{"id_str":"18"}},"text":""#);
        let (start, end) = (r#"{"for_user_id":"17","tweet_create_events":["#, r#""}]}"#);
        let text = &text[..BODY - start.len() - event.len() - end.len()];
        let body = [start, &event, text, end].concat();
        Delivery::restore("app", body, 10).unwrap()
    }
}

type Waiting = (Delivery, oneshot::Sender<()>);

/// A contestant with an open folder.
#[derive(Clone)]
pub(crate) enum Running {
    /// A store with a thread that commits for all clients.
    Group(Sender<Waiting>, Arc<JoinHandle<()>>),
    Inbox(Inbox),
}

/// The limit of one commit, the same as in the inbox.
const MOST: usize = 4096;

impl Running {
    pub(crate) async fn open(contestant: Contestant, folder: &Path) -> Self {
        let Some(store) = contestant.open(folder) else {
            return Self::Inbox(InboxSettings::new().free_space(0).open(folder).await.unwrap());
        };
        let (sender, receiver) = channel();
        Self::Group(sender, Arc::new(std::thread::spawn(move || group(store, &receiver))))
    }

    async fn take(&self, delivery: Delivery) {
        match self {
            Self::Group(sender, _) => {
                let (done, waits) = oneshot::channel();
                sender.send((delivery, done)).unwrap();
                waits.await.unwrap();
            }
            Self::Inbox(inbox) => inbox.deliver(delivery).await.unwrap(),
        }
    }

    pub(crate) async fn close(self) {
        match self {
            Self::Group(sender, thread) => {
                drop(sender);
                Arc::into_inner(thread).expect("no other client").join().unwrap();
            }
            Self::Inbox(inbox) => inbox.close(Duration::ZERO).await,
        }
    }
}

/// Commits everything that waits in one commit.
fn group(mut store: Box<dyn Commit>, receiver: &Receiver<Waiting>) {
    while let Ok(first) = receiver.recv() {
        let rest = receiver.try_iter().take(MOST - 1);
        let (deliveries, waiting): (Vec<_>, Vec<_>) = std::iter::once(first).chain(rest).unzip();
        store.commit(&deliveries);
        waiting.into_iter().for_each(|done| _ = done.send(()));
    }
}

/// The clients' measurements, from one slice of time or several.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Time to the response, for each event.
    pub(crate) took: Vec<Duration>,
    time: Duration,
}

impl Seen {
    /// Returns the number of events per second.
    pub(crate) fn rate(&self) -> f64 {
        self.took.len() as f64 / self.time.as_secs_f64()
    }

    /// Returns the latency that this fraction of the events did not exceed, in milliseconds.
    pub(crate) fn within(&mut self, part: f64) -> f64 {
        let place = (self.took.len().saturating_sub(1) as f64 * part) as usize;
        self.took.sort_unstable();
        self.took.get(place).map_or(f64::NAN, |took| took.as_secs_f64() * 1e3)
    }

    /// Lets `clients` clients send for another slice of time.
    pub(crate) async fn go_on(&mut self, running: &Running, clients: usize, time: Duration, bodies: &Bodies) {
        let started = Instant::now();
        let client = |running: Running, bodies: Bodies| async move {
            let mut took = Vec::new();
            while started.elapsed() < time {
                let delivery = bodies.next();
                let sent = Instant::now();
                running.take(delivery).await;
                took.push(sent.elapsed());
            }
            took
        };
        let tasks: Vec<_> = (0..clients).map(|_| tokio::spawn(client(running.clone(), bodies.clone()))).collect();
        for task in tasks {
            self.took.extend(task.await.unwrap());
        }
        self.time += started.elapsed();
    }
}
