//! The load generator in the role of X: it repeats a delivery until it is answered 200, and
//! sometimes sends several copies at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_inbox_proof::load::{Body, Load};
use birdhook_inbox_proof::{SECRET, Violation, holds};
use birdhook_pipeline::Secret;
use birdhook_testkit::{Sender, WebhookPost};
use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::PATIENCE;

/// Sends a load to an address. Clones share the load.
#[derive(Clone)]
pub struct Traffic {
    load: Load,
    url: String,
    secret: Secret,
    sender: Sender,
    /// The number of responses by status. Status 0 means no response.
    statuses: Arc<Mutex<BTreeMap<u16, usize>>>,
}

/// Running senders.
pub struct Sending {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Traffic {
    pub fn new(load: &Load, url: String) -> Self {
        let sender = Sender::new(Duration::from_secs(5)).unwrap();
        Self { load: load.clone(), url, secret: Secret::new(SECRET).unwrap(), sender, statuses: Arc::default() }
    }

    /// Starts this number of concurrent senders. One in four bodies is sent in several copies.
    pub fn start(&self, senders: usize) -> Sending {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for _ in 0..senders {
            let (traffic, stopped) = (self.clone(), stopped.clone());
            tasks.spawn(async move {
                while !*stopped.borrow() {
                    let body = traffic.load.next();
                    let copies = if fastrand::u8(..4) == 0 { fastrand::usize(2..4) } else { 1 };
                    let answers = join_all((0..copies).map(|_| traffic.send(&body))).await;
                    // A pause, so that other tasks can run. It is longer when no receiver accepts.
                    sleep(Duration::from_millis(if answers.contains(&200) { 5 } else { 50 })).await;
                }
            });
        }
        Sending { stop, tasks }
    }

    /// Sends a body on a new connection, so that it may go to any receiver.
    async fn send(&self, body: &Body) -> u16 {
        let mut request = WebhookPost::signed(&self.secret, body.bytes.clone()).request(&self.url).unwrap();
        request.headers_mut().insert("connection", "close".parse().unwrap());
        let answer = self.sender.send(request).await;
        let status = answer.map_or(0, |answer| answer.status.as_u16());
        *self.statuses.lock().unwrap().entry(status).or_default() += 1;
        self.load.answered(body, status);
        status
    }

    /// Sends every body that was never answered 200 until it is.
    pub async fn send_rest(&self) -> Result<(), Violation> {
        let begun = Instant::now();
        loop {
            let rest = self.load.unanswered();
            if rest.is_empty() {
                return Ok(());
            }
            let late = || format!("{} bodies get no 200, but {:?}", rest.len(), self.statuses());
            holds(begun.elapsed() < PATIENCE, late)?;
            for bodies in rest.chunks(16) {
                join_all(bodies.iter().map(|body| self.send(body))).await;
            }
        }
    }

    /// Sends one body until it is accepted.
    pub async fn send_until_taken(&self, body: &Body) -> Result<(), Violation> {
        let begun = Instant::now();
        while self.send(body).await != 200 {
            holds(begun.elapsed() < PATIENCE, || format!("{} takes nothing: {:?}", self.url, self.statuses()))?;
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    pub fn statuses(&self) -> BTreeMap<u16, usize> {
        self.statuses.lock().unwrap().clone()
    }

    /// Returns the number of requests that were answered 200.
    pub fn taken(&self) -> usize {
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
}
