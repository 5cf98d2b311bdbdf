//! Stores deliveries, several in one transaction.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use birdhook_core::Delivery;
use birdhook_pipeline::SinkError;
use tokio::sync::{Mutex, Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::sleep;
use tokio_postgres::types::{ToSql, Type};

use crate::connection::Link;
use crate::error::DatabaseError;
use crate::record::Record;
use crate::schema::SchemaName;

/// The largest number of events in one transaction, and of their bytes.
const MAX_EVENTS: usize = 256;
const MAX_BYTES: usize = 4 << 20;
/// The memory limit for deliveries that wait to be stored, in KiB. Further deliveries wait.
const MEMORY_KIB: usize = 64 << 10;
/// The number of connections that store.
const WRITERS: usize = 2;
/// Timeout of a transaction, shorter than the deadline of a request.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The delay before an event is stored whose key another transaction is storing, and the number of
/// attempts: together shorter than the deadline.
const BUSY_PAUSE: Duration = Duration::from_millis(20);
const BUSY_ATTEMPTS: u32 = 100;
/// The number of attempts after a conflict with another transaction.
const CONFLICT_ATTEMPTS: u32 = 3;

/// A delivery that waits to be stored.
struct Request {
    records: Vec<Record>,
    done: oneshot::Sender<Result<(), SinkError>>,
    attempts: u32,
    /// The delivery's share of the memory.
    _memory: OwnedSemaphorePermit,
}

/// The queue of deliveries, and the tasks that store them.
pub(crate) struct Writing {
    requests: mpsc::UnboundedSender<Request>,
    memory: Arc<Semaphore>,
    pub(crate) counters: Arc<Counters>,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Why the last transaction failed.
    failure: std::sync::Mutex<Option<String>>,
    pub(crate) stored: AtomicU64,
    pub(crate) commits: AtomicU64,
    pub(crate) failures: AtomicU64,
}

impl Counters {
    fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_failure(&self, failure: Option<String>) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }
}

/// What the tasks need.
struct Writer {
    requests: Arc<Mutex<mpsc::UnboundedReceiver<Request>>>,
    again: mpsc::UnboundedSender<Request>,
    link: Arc<Link>,
    sql: String,
    seed: i64,
    horizon: i32,
    counters: Arc<Counters>,
    stored: Arc<Notify>,
    maintain: Arc<Notify>,
}

impl Writing {
    /// Starts the tasks. They notify `stored` after each commit, and `maintain` if the day has no
    /// partition.
    pub(crate) fn start(
        link: &Arc<Link>,
        schema: &SchemaName,
        instance: [u8; 16],
        horizon: i32,
        stored: &Arc<Notify>,
        maintain: &Arc<Notify>,
    ) -> Self {
        let (requests, waiting) = mpsc::unbounded_channel();
        let waiting = Arc::new(Mutex::new(waiting));
        let counters = Arc::new(Counters::default());
        let [a, b, c, d, e, f, g, h, ..] = instance;
        for number in 0..WRITERS {
            // Each has a connection of its own, so that one commits while the other one sends.
            let link = if number == 0 { Arc::clone(link) } else { Arc::new(link.another()) };
            let writer = Writer {
                requests: Arc::clone(&waiting),
                again: requests.clone(),
                link,
                sql: schema.fill(r#"SELECT "{schema}".store($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"#),
                seed: i64::from_be_bytes([a, b, c, d, e, f, g, h]),
                horizon,
                counters: Arc::clone(&counters),
                stored: Arc::clone(stored),
                maintain: Arc::clone(maintain),
            };
            tokio::spawn(writer.run());
        }
        Self { requests, memory: Arc::new(Semaphore::new(MEMORY_KIB)), counters }
    }

    /// Returns the timeout of a transaction.
    pub(crate) const fn timeout() -> Duration {
        TIMEOUT
    }

    /// Returns why deliveries cannot be stored, or `None`.
    pub(crate) fn failure(&self) -> Option<String> {
        self.counters.failure()
    }

    pub(crate) fn store(&self, delivery: &Delivery) -> impl Future<Output = Result<(), SinkError>> + Send + use<> {
        let records: Vec<Record> = delivery.events().iter().map(Record::new).collect();
        let size: usize = records.iter().map(|record| record.body.len()).sum();
        let share = u32::try_from(size.div_ceil(1024).clamp(1, MEMORY_KIB)).unwrap_or(u32::MAX);
        let (requests, memory) = (self.requests.clone(), Arc::clone(&self.memory));
        async move {
            let permit = memory.acquire_many_owned(share).await.map_err(|_| SinkError::Closed)?;
            let (done, stored) = oneshot::channel();
            let request = Request { records, done, attempts: 0, _memory: permit };
            requests.send(request).map_err(|_| SinkError::Closed)?;
            stored.await.unwrap_or(Err(SinkError::Closed))
        }
    }
}

impl Writer {
    async fn run(self) {
        loop {
            let batch = self.batch().await;
            self.store(batch).await;
        }
    }

    /// Waits for a delivery, and takes those that wait behind it.
    async fn batch(&self) -> Vec<Request> {
        let mut waiting = self.requests.lock().await;
        let mut batch: Vec<Request> = Vec::new();
        let (mut events, mut bytes) = (0, 0);
        // `self` holds a sender, so the channel is never closed.
        let mut next = waiting.recv().await;
        while let Some(request) = next {
            // A dropped request was answered 503.
            if !request.done.is_closed() {
                events += request.records.len();
                bytes += request.records.iter().map(|record| record.body.len()).sum::<usize>();
                batch.push(request);
            }
            next = if events < MAX_EVENTS && bytes < MAX_BYTES { waiting.try_recv().ok() } else { None };
        }
        batch
    }

    async fn store(&self, mut batch: Vec<Request>) {
        let mut results = Results::new();
        for attempt in 1.. {
            match self.try_store(&batch).await {
                Ok(stored) => {
                    self.counters.set_failure(None);
                    results = stored;
                    break;
                }
                Err(error) if error.is_missing_partition() && attempt < CONFLICT_ATTEMPTS => {
                    self.maintain.notify_one();
                    sleep(BUSY_PAUSE * 5).await;
                }
                Err(error) if error.is_conflict() && attempt < CONFLICT_ATTEMPTS => {
                    if batch.len() > 1 {
                        // One of them conflicts. The others need not wait for it.
                        for request in batch {
                            Box::pin(self.store(vec![request])).await;
                        }
                        return;
                    }
                }
                Err(error) => {
                    self.counters.failures.fetch_add(1, Relaxed);
                    let text = error.to_string();
                    self.counters.set_failure(Some(text.clone()));
                    for request in batch.drain(..) {
                        let _ = request.done.send(Err(SinkError::failed(text.clone())));
                    }
                    return;
                }
            }
        }
        for request in batch {
            if request.records.iter().any(|record| results.get(&record.key) == Some(&BUSY)) {
                self.retry(request);
            } else {
                let _ = request.done.send(Ok(()));
            }
        }
    }

    /// Stores a delivery again later: another transaction is storing one of its keys, and may fail.
    fn retry(&self, mut request: Request) {
        request.attempts += 1;
        if request.attempts >= BUSY_ATTEMPTS {
            let _ = request.done.send(Err(SinkError::InFlight));
            return;
        }
        let again = self.again.clone();
        tokio::spawn(async move {
            sleep(BUSY_PAUSE).await;
            // Fails if the inbox was dropped meanwhile.
            let _ = again.send(request);
        });
    }

    /// Stores the events in transactions of at most 256. Returns the result of each key.
    async fn try_store(&self, batch: &[Request]) -> Result<Results, DatabaseError> {
        let mut results = Results::new();
        let mut distinct = Vec::new();
        for record in batch.iter().flat_map(|request| &request.records) {
            if let Entry::Vacant(vacant) = results.entry(record.key) {
                vacant.insert(BUSY);
                distinct.push(record);
            }
        }
        for records in distinct.chunks(MAX_EVENTS) {
            let found = self.call(records).await?;
            self.counters.commits.fetch_add(1, Relaxed);
            let new = found.iter().filter(|result| **result == STORED).count();
            if new > 0 {
                self.counters.stored.fetch_add(new as u64, Relaxed);
                self.stored.notify_one();
            }
            results.extend(records.iter().map(|record| record.key).zip(found));
        }
        Ok(results)
    }

    async fn call(&self, records: &[&Record]) -> Result<Vec<i32>, DatabaseError> {
        let keys = column(records, |record| record.key);
        let locks = column(records, |record| record.lock(self.seed));
        let event_keys = column(records, |record| &record.event_key[..]);
        let apps = column(records, |record| record.app.as_str());
        let subscribers = column(records, |record| record.subscriber.as_deref());
        let authors = column(records, |record| record.author.as_deref());
        let kinds = column(records, |record| record.kind);
        let ordering_keys = column(records, |record| record.ordering_key);
        let positions = column(records, |record| record.position);
        let sent_counts = column(records, |record| record.sent);
        let bodies = column(records, |record| &record.body[..]);
        let columns: [(&(dyn ToSql + Sync), Type); 12] = [
            (&keys, Type::UUID_ARRAY),
            (&locks, Type::INT8_ARRAY),
            (&self.horizon, Type::INT4),
            (&event_keys, Type::BYTEA_ARRAY),
            (&apps, Type::TEXT_ARRAY),
            (&subscribers, Type::TEXT_ARRAY),
            (&authors, Type::TEXT_ARRAY),
            (&kinds, Type::TEXT_ARRAY),
            (&ordering_keys, Type::INT8_ARRAY),
            (&positions, Type::INT4_ARRAY),
            (&sent_counts, Type::INT4_ARRAY),
            (&bodies, Type::BYTEA_ARRAY),
        ];
        let rows = self.link.call(&self.sql, &columns).await?;
        rows.first().map_or(Ok(Vec::new()), |row| row.try_get(0)).map_err(DatabaseError::of)
    }
}

fn column<'a, T>(records: &[&'a Record], value: impl Fn(&'a Record) -> T) -> Vec<T> {
    records.iter().map(|record| value(record)).collect()
}

/// The result of each key, as the function `store` returns it.
type Results = HashMap<crate::record::Uuid, i32>;
const STORED: i32 = 0;
const BUSY: i32 = 2;
