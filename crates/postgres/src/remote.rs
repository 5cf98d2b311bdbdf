//! An inbox whose events are in the database.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Relaxed, SeqCst},
};
use std::task::{Context, Poll};
use std::time::Duration;

use birdhook_core::{Delivery, Timestamp};
use birdhook_inbox::backend::{
    Backend, BackendFuture, Grant, LeaseOutcome, Settings, event_id, listed, number, query_parts,
};
use birdhook_inbox::{Closed, EventId, EventQuery, EventStatus, ListError, ListedEvent, Stats, StoreError};
use birdhook_pipeline::SinkError;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use crate::buffer::Buffer;
use crate::connection::{Link, Parameters};
use crate::database::Postgres;
use crate::error::DatabaseError;
use crate::fetching::{self, Fetching, LeaseSettings};
use crate::listening;
use crate::record::{self, Uuid};
use crate::schema::SchemaName;
use crate::settling::{self, Retry, Settling};
use crate::upkeep::{Counts, Upkeep};
use crate::writing::Writing;

/// The longest times, in milliseconds: 30 years.
const MAX_MILLIS: u64 = 30 * 365 * 86_400_000;
/// The timeout of lists and counts.
const ADMIN_TIMEOUT: Duration = Duration::from_secs(30);
const MILLIS_PER_DAY: u64 = 86_400_000;

/// The inbox's connections, tasks and buffers.
pub(crate) struct RemoteInbox {
    pub(crate) schema: SchemaName,
    pub(crate) instance: Uuid,
    settings: Settings,
    writing: Writing,
    buffer: Arc<Buffer>,
    settling: Arc<Settling>,
    counts: Arc<Counts>,
    admin: Arc<Link>,
    wake: Arc<Notify>,
    stored: Arc<Notify>,
    closing: watch::Sender<bool>,
    is_accepting: AtomicBool,
    tasks: Vec<AbortHandle>,
}

impl RemoteInbox {
    pub(crate) async fn start(database: &Postgres, instance: Uuid, settings: Settings) -> Result<Self, DatabaseError> {
        let link = |limit| Arc::new(Link::new(database.connector.clone(), limit));
        let schema = &database.schema;
        let (wake, stored, maintain) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let days = settings.dedupe_horizon.min(MAX_MILLIS).div_ceil(MILLIS_PER_DAY);
        let horizon = i32::try_from(days).unwrap_or(i32::MAX);
        let lease = settings.lease.min(MAX_MILLIS);

        let admin = link(ADMIN_TIMEOUT);
        let keep = settings.keep_acknowledged.map(millis);
        let upkeep = Upkeep { link: Arc::clone(&admin), schema: schema.clone(), horizon, keep };
        upkeep.maintain().await?;
        let counts = Arc::new(Counts::default());
        counts.refresh(&admin, schema).await?;

        let writing = Writing::start(&link(Writing::timeout()), schema, instance.0, horizon, &stored, &maintain);
        let settling_link = link(settling::TIMEOUT);
        let (first, longest) = (millis(settings.backoff.0), millis(settings.backoff.1));
        let max_attempts = i32::try_from(settings.max_attempts).unwrap_or(i32::MAX);
        let retry = Retry { first, longest, max_attempts };
        let lease_length = Duration::from_millis(lease);
        let settling =
            Arc::new(Settling::new(&settling_link, schema, settings.keep_acknowledged.is_some(), retry, lease_length));
        let buffer = Arc::new(Buffer::default());
        let leases =
            LeaseSettings { order: settings.order, lease: millis(lease), prefetch: settings.prefetch, max_attempts };
        let fetching = Fetching::new(&buffer, &settling, &link(settling::TIMEOUT), &wake, leases, schema);
        let mut tasks = vec![
            tokio::spawn(fetching.run()).abort_handle(),
            tokio::spawn(Arc::clone(&settling).run(Arc::clone(&wake))).abort_handle(),
            tokio::spawn(upkeep.run(maintain)).abort_handle(),
            tokio::spawn(Arc::clone(&counts).run(Arc::clone(&admin), schema.clone())).abort_handle(),
            tokio::spawn(listening::notify(
                Arc::clone(&admin),
                schema.clone(),
                Arc::clone(&stored),
                Arc::clone(&wake),
                database.poll_only,
            ))
            .abort_handle(),
        ];
        if !database.poll_only {
            let listening = listening::listen(database.connector.clone(), schema.clone(), Arc::clone(&wake));
            tasks.push(tokio::spawn(listening).abort_handle());
        }
        Ok(Self {
            schema: schema.clone(),
            instance,
            settings: Settings { lease, ..settings },
            writing,
            buffer,
            settling,
            counts,
            admin,
            wake,
            stored,
            closing: watch::Sender::new(false),
            is_accepting: AtomicBool::new(true),
            tasks,
        })
    }

    /// Returns whether acknowledged events are kept.
    pub(crate) fn keeps(&self) -> bool {
        self.settings.keep_acknowledged.is_some()
    }

    async fn admin(&self, sql: &str, parameters: &Parameters<'_>) -> Result<Vec<Row>, StoreError> {
        let rows = self.admin.call(&self.schema.fill(sql), parameters).await;
        rows.map_err(|error| StoreError::Other(Box::new(error)))
    }

    /// Calls a function that returns a number.
    async fn count(&self, sql: &str, parameters: &Parameters<'_>) -> Result<usize, StoreError> {
        let rows = self.admin(sql, parameters).await?;
        let number: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0)).map_err(other)?;
        Ok(usize::try_from(number).unwrap_or(0))
    }

    /// Calls a function that changes these events. Fails only if the database does.
    async fn change(&self, sql: &str, events: &[EventId]) -> Result<usize, Closed> {
        let ids: Vec<i64> = events.iter().filter_map(|id| i64::try_from(number(*id)?).ok()).collect();
        self.count(sql, &[(&ids, Type::INT8_ARRAY)]).await.map_err(|_| Closed)
    }
}

/// Returns the id and the token of a lease, as the database has them.
pub(crate) fn lease_of(id: EventId, token: u64) -> (i64, i64) {
    let id = number(id).and_then(|id| i64::try_from(id).ok()).unwrap_or(-1);
    (id, i64::try_from(token).unwrap_or(-1))
}

fn millis(millis: u64) -> i64 {
    i64::try_from(millis.min(MAX_MILLIS)).unwrap_or(i64::MAX)
}

fn other(error: tokio_postgres::Error) -> StoreError {
    StoreError::Other(Box::new(DatabaseError::of(error)))
}

impl Backend for RemoteInbox {
    fn deliver(&self, delivery: Delivery) -> BackendFuture<'static, Result<(), SinkError>> {
        if !self.is_accepting.load(SeqCst) {
            return Box::pin(std::future::ready(Err(SinkError::Closed)));
        }
        Box::pin(self.writing.store(&delivery))
    }

    fn is_open(&self) -> bool {
        self.is_accepting.load(SeqCst) && self.writing.failure().is_none()
    }

    fn stop_accepting(&self) {
        self.is_accepting.store(false, SeqCst);
    }

    fn poll_lease(&self, ticket: &mut Option<u64>, cx: &mut Context<'_>) -> Poll<Option<Grant>> {
        self.buffer.poll_take(ticket, cx)
    }

    fn leave(&self, ticket: u64) {
        self.buffer.leave(ticket);
    }

    fn ack(&self, id: EventId, token: u64) -> Result<(), Closed> {
        self.buffer.release(id);
        self.settling.push(lease_of(id, token)).map(|_| ()).ok_or(Closed)
    }

    fn settle(&self, id: EventId, token: u64, outcome: LeaseOutcome) -> BackendFuture<'_, Result<bool, Closed>> {
        let lease = lease_of(id, token);
        Box::pin(async move {
            let outcome = match outcome {
                LeaseOutcome::Extended(by) => return Ok(self.settling.extend(lease, millis(by)).await),
                LeaseOutcome::Acknowledged => {
                    self.buffer.release(id);
                    let number = self.settling.push(lease).ok_or(Closed)?;
                    self.settling.flush(Some(number)).await;
                    return Ok(true);
                }
                LeaseOutcome::Failed(delay) => ("failed", delay.map(millis)),
                LeaseOutcome::Released => ("released", None),
                LeaseOutcome::Rejected => ("rejected", None),
            };
            let was_valid = self.settling.settle(lease, outcome.0, outcome.1).await;
            self.buffer.release(id);
            self.wake.notify_one();
            Ok(was_valid)
        })
    }

    fn fail(&self, id: EventId, token: u64) {
        self.buffer.release(id);
        let (settling, wake) = (Arc::clone(&self.settling), Arc::clone(&self.wake));
        // Without a runtime, the lease ends by itself.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                settling.settle(lease_of(id, token), "failed", None).await;
                wake.notify_one();
            });
        }
    }

    fn flush(&self) -> BackendFuture<'_, Result<(), Closed>> {
        Box::pin(async move {
            self.settling.flush(None).await;
            Ok(())
        })
    }

    fn close(&self, patience: Duration) -> BackendFuture<'_, ()> {
        Box::pin(async move {
            let deadline = Instant::now() + patience;
            self.is_accepting.store(false, SeqCst);
            self.closing.send_replace(true);
            let left = self.buffer.stop();
            let work = async {
                for grant in left {
                    fetching::release(&self.settling, &grant).await;
                }
                loop {
                    let settled = self.buffer.settled.notified();
                    tokio::pin!(settled);
                    settled.as_mut().enable();
                    if self.buffer.held() == 0 {
                        break;
                    }
                    settled.await;
                }
            };
            let _ = timeout(patience, work).await;
            self.settling.close();
            // Acknowledgements are sent even after the patience, but not for ever.
            let _ = timeout(
                deadline.saturating_duration_since(Instant::now()).max(settling::TIMEOUT),
                self.settling.flush(None),
            )
            .await;
            self.abort();
        })
    }

    fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    fn lease_length(&self) -> Duration {
        Duration::from_millis(self.settings.lease)
    }

    fn stats(&self) -> Stats {
        let mut stats = self.counts.get();
        let counters = &self.writing.counters;
        stats.is_sound = self.writing.failure().is_none();
        stats.acknowledged = self.settling.acknowledged();
        (stats.stored, stats.commits) = (counters.stored.load(Relaxed), counters.commits.load(Relaxed));
        stats.failures = counters.failures.load(Relaxed);
        stats
    }

    fn failure(&self) -> Option<String> {
        self.writing.failure()
    }

    fn list(&self, query: EventQuery) -> BackendFuture<'_, Result<Vec<ListedEvent>, ListError>> {
        Box::pin(async move {
            let (status, kind, subscriber, after, limit) = query_parts(&query);
            let status = status.map(EventStatus::as_str);
            let after = after.map_or(0, |id| lease_of(id, 0).0);
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let parameters: [(&(dyn ToSql + Sync), Type); 5] = [
                (&status, Type::TEXT),
                (&kind, Type::TEXT),
                (&subscriber, Type::TEXT),
                (&after, Type::INT8),
                (&limit, Type::INT8),
            ];
            let rows = self.admin(r#"SELECT * FROM "{schema}".list($1, $2, $3, $4, $5)"#, &parameters).await?;
            rows.iter().map(|row| listed_event(row).map_err(|error| other(error).into())).collect()
        })
    }

    fn requeue(&self, dead: Vec<EventId>) -> BackendFuture<'_, Result<usize, Closed>> {
        Box::pin(async move {
            let moved = self.change(r#"SELECT "{schema}".requeue($1)"#, &dead).await;
            self.stored.notify_one();
            moved
        })
    }

    fn discard(&self, events: Vec<EventId>) -> BackendFuture<'_, Result<usize, Closed>> {
        Box::pin(async move { self.change(r#"SELECT "{schema}".discard($1)"#, &events).await })
    }

    fn purge(&self, subscriber: String) -> BackendFuture<'_, Result<usize, ListError>> {
        Box::pin(async move {
            Ok(self.count(r#"SELECT "{schema}".purge($1)"#, &[(&subscriber.as_str(), Type::TEXT)]).await?)
        })
    }

    fn verify(&self) -> BackendFuture<'_, Result<usize, ListError>> {
        Box::pin(async move {
            let mut read = 0;
            let mut query = EventQuery::all().limit(256);
            loop {
                let page = self.list(query.clone()).await?;
                read += page.len();
                let Some(last) = page.last() else { return Ok(read) };
                query = query.after(last.id);
            }
        })
    }
}

fn listed_event(row: &Row) -> Result<ListedEvent, tokio_postgres::Error> {
    let (id, status): (i64, &str) = (row.try_get("id")?, row.try_get("status")?);
    let attempts: i32 = row.try_get("attempts")?;
    let stored_at: std::time::SystemTime = row.try_get("stored_at")?;
    let since_epoch = stored_at.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let stored_at = Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX));
    let status = EventStatus::from_word(status).unwrap_or(EventStatus::Ready);
    Ok(listed(event_id(id.unsigned_abs()), status, attempts.unsigned_abs(), stored_at, record::event(row)?))
}

impl RemoteInbox {
    fn abort(&self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Drop for RemoteInbox {
    /// Without [`close`](Backend::close), leased events come again when their leases end.
    fn drop(&mut self) {
        self.abort();
    }
}

impl fmt::Debug for RemoteInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteInbox").field("schema", &self.schema).finish_non_exhaustive()
    }
}
