//! Partitions of keys, and counts.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use birdhook_inbox::Stats;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_postgres::types::Type;

use crate::connection::Link;
use crate::error::DatabaseError;
use crate::schema::SchemaName;

/// The time between two looks at the partitions. They are created two days ahead.
const INTERVAL: Duration = Duration::from_secs(3600);
/// The time between two looks after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// Creates and drops partitions.
pub(crate) struct Upkeep {
    pub(crate) link: Arc<Link>,
    pub(crate) schema: SchemaName,
    pub(crate) horizon: i32,
    /// In milliseconds.
    pub(crate) keep: Option<i64>,
}

impl Upkeep {
    /// Runs at once, each hour and when notified.
    pub(crate) async fn run(self, wanted: Arc<Notify>) {
        let mut pause = INTERVAL;
        loop {
            let _ = timeout(pause, wanted.notified()).await;
            pause = if self.maintain().await.is_ok() { INTERVAL } else { AFTER_FAILURE };
        }
    }

    pub(crate) async fn maintain(&self) -> Result<(), DatabaseError> {
        let sql = self.schema.fill(r#"SELECT "{schema}".maintain($1, $2)"#);
        let rows = self.link.call(&sql, &[(&self.horizon, Type::INT4), (&self.keep, Type::INT8)]).await?;
        let old: Vec<String> = rows.first().map_or(Ok(Vec::new()), |row| row.try_get(0)).map_err(DatabaseError::of)?;
        for partition in old {
            self.drop_partition(&partition).await?;
        }
        Ok(())
    }

    /// Drops a partition, without waiting for a transaction that reads the others.
    async fn drop_partition(&self, partition: &str) -> Result<(), DatabaseError> {
        let run = async |sql: &str| self.link.call(&self.schema.fill(sql), &[]).await.map(|_| ());
        let detach =
            |end: &str| format!(r#"ALTER TABLE "{{schema}}".keys DETACH PARTITION "{{schema}}".{partition} {end}"#);
        // Fails if another process detached it, or was stopped while it did.
        if run(&detach("CONCURRENTLY")).await.is_err() {
            let _ = run(&detach("FINALIZE")).await;
        }
        run(&format!(r#"DROP TABLE IF EXISTS "{{schema}}".{partition}"#)).await
    }
}

/// The counts, refreshed in the background.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    last: Mutex<Stats>,
    /// Notified when somebody reads the counts.
    read: Notify,
}

/// The age of counts.
const MAX_AGE: Duration = Duration::from_secs(1);

impl Counts {
    pub(crate) fn get(&self) -> Stats {
        self.read.notify_one();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refreshes the counts at most once a second, while somebody reads them.
    pub(crate) async fn run(self: Arc<Self>, link: Arc<Link>, schema: SchemaName) {
        loop {
            // Counting takes time in proportion to the queue.
            let began = tokio::time::Instant::now();
            let _ = self.refresh(&link, &schema).await;
            tokio::time::sleep(MAX_AGE.max(began.elapsed() * 10)).await;
            self.read.notified().await;
        }
    }

    pub(crate) async fn refresh(&self, link: &Link, schema: &SchemaName) -> Result<(), DatabaseError> {
        let sql = schema.fill(r#"SELECT * FROM "{schema}".stats()"#);
        let rows = link.call(&sql, &[]).await?;
        let Some(row) = rows.first() else { return Ok(()) };
        let number = |column: &str| -> Result<u64, DatabaseError> {
            let value: Option<i64> = row.try_get(column).map_err(DatabaseError::of)?;
            Ok(value.unwrap_or(0).unsigned_abs())
        };
        let count = |column: &str| Ok::<_, DatabaseError>(usize::try_from(number(column)?).unwrap_or(usize::MAX));
        let mut stats = Stats::default();
        (stats.depth, stats.leased, stats.waiting) = (count("depth")?, count("leased")?, count("waiting")?);
        stats.oldest = (stats.depth > 0).then_some(Duration::from_millis(number("oldest_ms")?));
        (stats.dead, stats.remembered) = (count("dead")?, count("remembered")?);
        (stats.bytes, stats.disk) = (number("bytes")?, number("bytes")?);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = stats;
        Ok(())
    }
}
