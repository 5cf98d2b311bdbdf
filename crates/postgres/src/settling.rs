//! Acknowledgements, sent in groups, and the other ends of leases.

use std::collections::HashSet;
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use crate::connection::{Link, Parameters};
use crate::error::DatabaseError;
use crate::schema::SchemaName;

/// The longest time for which an acknowledgement waits for others, with the commit 5 ms.
const DELAY: Duration = Duration::from_millis(3);
/// The number of acknowledgements that do not wait for others, and the largest group.
const FULL_GROUP: usize = 128;
const MAX_GROUP: usize = 1024;
/// Pauses after failures.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const MAX_PAUSE: Duration = Duration::from_millis(500);
/// The delay before an event is settled whose row is locked, and the number of attempts.
const LOCKED_PAUSE: Duration = Duration::from_millis(5);
const LOCKED_ATTEMPTS: usize = 200;
/// Results of the function `settle`.
const SETTLED: i32 = 1;
const LOCKED: i32 = 2;
/// The timeout of a call.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// An acknowledgement: the event's id and the lease's token.
type Ack = (i64, i64);

/// The delays after failed attempts, in milliseconds, and the number of attempts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    pub(crate) first: i64,
    pub(crate) longest: i64,
    pub(crate) max_attempts: i32,
}

/// The queue of acknowledgements, and the task that sends them.
pub(crate) struct Settling {
    state: Mutex<State>,
    wake: Notify,
    /// The number of acknowledgements that were sent or given up.
    progress: watch::Sender<u64>,
    link: Arc<Link>,
    sql: String,
    settle: String,
    extend: String,
    keep: bool,
    retry: Retry,
    /// How long a failed group is repeated.
    patience: Duration,
}

#[derive(Default)]
struct State {
    queue: Vec<Ack>,
    pushed: u64,
    acknowledged: u64,
    is_urgent: bool,
    is_closed: bool,
}

impl Settling {
    /// Creates the queue.
    pub(crate) fn new(link: &Arc<Link>, schema: &SchemaName, keep: bool, retry: Retry, lease: Duration) -> Self {
        Self {
            state: Mutex::default(),
            wake: Notify::new(),
            progress: watch::Sender::new(0),
            link: Arc::clone(link),
            sql: schema.fill(r#"SELECT * FROM "{schema}".ack($1, $2, $3)"#),
            settle: schema.fill(r#"SELECT "{schema}".settle($1, $2, $3, $4, $5, $6, $7)"#),
            extend: schema.fill(r#"SELECT "{schema}".extend($1, $2, $3)"#),
            keep,
            retry,
            patience: lease.max(Duration::from_secs(30)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues an acknowledgement. Returns its number, or `None` if the inbox is closed.
    pub(crate) fn push(&self, ack: Ack) -> Option<u64> {
        let mut state = self.state();
        if state.is_closed {
            return None;
        }
        state.queue.push(ack);
        state.pushed += 1;
        if [1, FULL_GROUP].contains(&state.queue.len()) {
            self.wake.notify_one();
        }
        Some(state.pushed)
    }

    /// Sends what is queued without a delay.
    pub(crate) fn hurry(&self) {
        let mut state = self.state();
        if !state.queue.is_empty() {
            state.is_urgent = true;
            self.wake.notify_one();
        }
    }

    /// Waits until the acknowledgements up to this number are committed, all queued ones by default.
    pub(crate) async fn flush(&self, number: Option<u64>) {
        let number = number.unwrap_or_else(|| self.state().pushed);
        self.hurry();
        // Never fails, because `self` holds the sender.
        let _ = self.progress.subscribe().wait_for(|settled| *settled >= number).await;
    }

    /// Accepts no more acknowledgements.
    pub(crate) fn close(&self) {
        self.state().is_closed = true;
        self.hurry();
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        self.state().acknowledged
    }

    /// Sends acknowledgements until the inbox is closed and dropped. Notifies `settled` after each
    /// group.
    pub(crate) async fn run(self: Arc<Self>, settled: Arc<Notify>) {
        loop {
            self.wake.notified().await;
            loop {
                let is_full = {
                    let state = self.state();
                    if state.queue.is_empty() {
                        break;
                    }
                    state.is_urgent || state.queue.len() >= FULL_GROUP
                };
                if !is_full {
                    tokio::select! {
                        () = sleep(DELAY) => {}
                        () = self.wake.notified() => {}
                    }
                }
                let group = {
                    let mut state = self.state();
                    state.is_urgent = false;
                    if state.queue.len() <= MAX_GROUP {
                        take(&mut state.queue)
                    } else {
                        state.queue.drain(..MAX_GROUP).collect()
                    }
                };
                let acknowledged = self.send(&group).await;
                self.state().acknowledged += acknowledged;
                self.progress.send_modify(|number| *number += group.len() as u64);
                settled.notify_one();
            }
        }
    }

    /// Sends a group, again while it fails. Returns the number of events acknowledged.
    async fn send(&self, group: &[Ack]) -> u64 {
        let mut left = group.to_vec();
        let give_up = Instant::now() + self.patience;
        let (mut pause, mut acknowledged, mut attempts) = (FIRST_PAUSE, 0, 0);
        loop {
            match self.try_send(&left).await {
                Ok((done, locked)) => {
                    acknowledged += done;
                    left.retain(|(id, _)| locked.contains(id));
                    attempts += 1;
                    // Locks of consumers that look for events last for a moment. A transaction of the
                    // app that holds one for longer acknowledges the event itself.
                    if left.is_empty() || attempts >= LOCKED_ATTEMPTS {
                        return acknowledged;
                    }
                    sleep(LOCKED_PAUSE).await;
                }
                Err(_) => {
                    sleep(pause).await;
                    pause = (pause * 2).min(MAX_PAUSE);
                }
            }
            // The leases have expired, so the events are leased again.
            if Instant::now() >= give_up {
                return acknowledged;
            }
        }
    }

    /// Returns the number of acknowledged events, and the ids of those that are locked.
    async fn try_send(&self, group: &[Ack]) -> Result<(u64, HashSet<i64>), DatabaseError> {
        let (ids, tokens): (Vec<i64>, Vec<i64>) = group.iter().copied().unzip();
        let parameters: [(&(dyn ToSql + Sync), Type); 3] =
            [(&ids, Type::INT8_ARRAY), (&tokens, Type::INT8_ARRAY), (&self.keep, Type::BOOL)];
        let (mut done, mut locked) = (0, HashSet::new());
        for row in self.link.call(&self.sql, &parameters).await? {
            if row.try_get("done").map_err(DatabaseError::of)? {
                done += 1;
            } else {
                locked.insert(row.try_get("id").map_err(DatabaseError::of)?);
            }
        }
        Ok((done, locked))
    }

    /// Ends a lease with an outcome of the function `settle`. Returns whether it was valid.
    ///
    /// `delay` is in milliseconds; without one, the backoff decides. Repeats a failed call a few
    /// times. If none succeeds, the lease ends by itself.
    pub(crate) async fn settle(&self, (id, token): Ack, outcome: &str, delay: Option<i64>) -> bool {
        let Retry { first, longest, max_attempts } = self.retry;
        let parameters: [(&(dyn ToSql + Sync), Type); 7] = [
            (&id, Type::INT8),
            (&token, Type::INT8),
            (&outcome, Type::TEXT),
            (&delay, Type::INT8),
            (&first, Type::INT8),
            (&longest, Type::INT8),
            (&max_attempts, Type::INT4),
        ];
        for _ in 0..LOCKED_ATTEMPTS {
            match self.repeat(&self.settle, &parameters).await.and_then(|row| row.try_get::<_, i32>(0).ok()) {
                Some(LOCKED) => sleep(LOCKED_PAUSE).await,
                result => return result == Some(SETTLED),
            }
        }
        false
    }

    /// Extends a lease. Returns whether it was valid.
    pub(crate) async fn extend(&self, (id, token): Ack, by: i64) -> bool {
        let parameters: [(&(dyn ToSql + Sync), Type); 3] = [(&id, Type::INT8), (&token, Type::INT8), (&by, Type::INT8)];
        let row = self.repeat(&self.extend, &parameters).await;
        row.and_then(|row| row.try_get(0).ok()).unwrap_or(false)
    }

    /// Calls a function, a few times if it fails. Returns its row.
    async fn repeat(&self, sql: &str, parameters: &Parameters<'_>) -> Option<Row> {
        for pause in [FIRST_PAUSE, FIRST_PAUSE * 10, MAX_PAUSE] {
            if let Ok(rows) = self.link.call(sql, parameters).await {
                return rows.into_iter().next();
            }
            sleep(pause).await;
        }
        None
    }
}
