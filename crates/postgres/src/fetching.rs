//! Leases events ahead of the consumers.

use std::sync::Arc;
use std::time::Duration;

use birdhook_inbox::Order;
use birdhook_inbox::backend::{Grant, event_id};
use birdhook_pipeline::consumer::FetchSize;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::types::{ToSql, Type};

use crate::buffer::Buffer;
use crate::connection::Link;
use crate::error::DatabaseError;
use crate::record;
use crate::schema::SchemaName;
use crate::settling::Settling;

/// The time between two looks for events that nothing announced: retries, expired leases, and
/// events of other processes whose notification was lost.
const POLL: Duration = Duration::from_secs(1);
/// The pause after a failure.
const PAUSE: Duration = Duration::from_millis(500);

/// The settings of leases.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeaseSettings {
    pub(crate) order: Order,
    /// In milliseconds.
    pub(crate) lease: i64,
    pub(crate) prefetch: usize,
    pub(crate) max_attempts: i32,
}

/// Leases events when consumers need some.
pub(crate) struct Fetching {
    pub(crate) buffer: Arc<Buffer>,
    pub(crate) settling: Arc<Settling>,
    pub(crate) link: Arc<Link>,
    /// Notified when there may be new events.
    pub(crate) wake: Arc<Notify>,
    pub(crate) settings: LeaseSettings,
    sql: String,
}

impl Fetching {
    pub(crate) fn new(
        buffer: &Arc<Buffer>,
        settling: &Arc<Settling>,
        link: &Arc<Link>,
        wake: &Arc<Notify>,
        settings: LeaseSettings,
        schema: &SchemaName,
    ) -> Self {
        Self {
            buffer: Arc::clone(buffer),
            settling: Arc::clone(settling),
            link: Arc::clone(link),
            wake: Arc::clone(wake),
            settings,
            sql: schema.fill(r#"SELECT * FROM "{schema}".lease($1, $2, $3, $4, $5)"#),
        }
    }

    /// Runs until the buffer is stopped.
    pub(crate) async fn run(self) {
        let mut size = FetchSize::new(self.settings.prefetch.max(1));
        let mut fetched = (0, Instant::now());
        let mut looked_at_expired: Option<Instant> = None;
        loop {
            let demand = self.buffer.demand();
            if demand.is_stopped {
                return;
            }
            if !demand.is_waiting && (!demand.is_low || self.settings.prefetch == 0) {
                self.buffer.demand.notified().await;
                continue;
            }
            if fetched.0 > 0 {
                size.adapt(fetched.0, fetched.1.elapsed());
            }
            // An event whose lease expired may have crashed its consumer. A process leases one such
            // event at a time, and never ahead, so that a crash costs no other one an attempt.
            let is_due = looked_at_expired.is_none_or(|at| at.elapsed() >= POLL);
            if is_due && demand.is_waiting && !demand.has_alone {
                match self.fetch(1, true).await.map(Vec::into_iter).map(|mut grants| grants.next()) {
                    Ok(None) => looked_at_expired = Some(Instant::now()),
                    Ok(Some(grant)) => {
                        fetched = (0, Instant::now());
                        self.release(self.buffer.add_alone(grant)).await;
                        continue;
                    }
                    Err(_) => {
                        sleep(PAUSE).await;
                        continue;
                    }
                }
            }
            match self.fetch(size.get(), false).await {
                Ok(grants) if grants.is_empty() => {
                    // The last acknowledgements may make events available.
                    self.settling.hurry();
                    size.reset();
                    fetched = (0, Instant::now());
                    // The end of this wait is a look at the clock of the server.
                    let _ = timeout(POLL, self.wake.notified()).await;
                }
                Ok(grants) => {
                    fetched = (grants.len(), Instant::now());
                    self.release(self.buffer.add(grants)).await;
                }
                Err(_) => sleep(PAUSE).await,
            }
        }
    }

    async fn release(&self, grants: Vec<Grant>) {
        for grant in grants {
            release(&self.settling, &grant).await;
        }
    }

    async fn fetch(&self, events: usize, expired: bool) -> Result<Vec<Grant>, DatabaseError> {
        let number = i32::try_from(events).unwrap_or(i32::MAX);
        let by_subscriber = self.settings.order == Order::BySubscriber;
        let began = Instant::now();
        let parameters: [(&(dyn ToSql + Sync), Type); 5] = [
            (&number, Type::INT4),
            (&self.settings.lease, Type::INT8),
            (&self.settings.max_attempts, Type::INT4),
            (&by_subscriber, Type::BOOL),
            (&expired, Type::BOOL),
        ];
        let rows = self.link.call(&self.sql, &parameters).await?;
        // Measured from before the call, so that it ends before the server's.
        let expires_at = began + Duration::from_millis(self.settings.lease.unsigned_abs());
        let mut grants = Vec::with_capacity(rows.len());
        for row in rows {
            let read = || -> Result<_, tokio_postgres::Error> {
                let (id, token): (i64, i64) = (row.try_get("id")?, row.try_get("token")?);
                let attempts: i32 = row.try_get("attempts")?;
                Ok((id, token, attempts.unsigned_abs(), record::event(&row)?))
            };
            let (id, token, attempts, event) = read().map_err(DatabaseError::of)?;
            match event {
                Ok(event) => {
                    let id = event_id(id.unsigned_abs());
                    grants.push(Grant { event, id, token: token.unsigned_abs(), attempts, expires_at });
                }
                // A retry would fail the same way.
                Err(_) => {
                    self.settling.settle((id, token), "rejected", None).await;
                }
            }
        }
        // The order of an UPDATE's rows is not defined.
        grants.sort_unstable_by_key(|grant| grant.id);
        Ok(grants)
    }
}

/// Returns an event that no consumer has received.
pub(crate) async fn release(settling: &Settling, grant: &Grant) {
    settling.settle(crate::remote::lease_of(grant.id, grant.token), "released", None).await;
}
