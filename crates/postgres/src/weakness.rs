//! Settings of the server that may lose events.

use std::fmt;

use tokio_postgres::Client;

use crate::error::DatabaseError;
use crate::schema::setting;

/// A setting with which a server may lose confirmed events.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weakness {
    /// `synchronous_commit` is `off`: a crash of the server loses up to three times
    /// `wal_writer_delay`, by default 0.6 s.
    AsynchronousCommit,
    /// `fsync` is `off`: a crash of the machine may lose or damage everything.
    NoFsync,
    /// `full_page_writes` is `off`: a crash of the machine may damage tables.
    PartialPages,
    /// No standby confirms commits: a failover loses the commits that had not reached the new
    /// primary.
    NoSynchronousStandby,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AsynchronousCommit => {
                "synchronous_commit is off: a crash of the server loses the events of about the last 0.6 s"
            }
            Self::NoFsync => "fsync is off: a crash of the machine may lose or damage all events",
            Self::PartialPages => "full_page_writes is off: a crash of the machine may damage events",
            Self::NoSynchronousStandby => {
                "synchronous_standby_names is empty: a failover loses the events that had not reached the new primary"
            }
        })
    }
}

pub(crate) async fn weaknesses(client: &Client) -> Result<Vec<Weakness>, DatabaseError> {
    let is =
        async |name: &str, value: &str| Ok::<_, DatabaseError>(setting(client, name).await?.as_deref() == Some(value));
    let mut found = Vec::new();
    for (name, value, weakness) in [
        ("synchronous_commit", "off", Weakness::AsynchronousCommit),
        ("fsync", "off", Weakness::NoFsync),
        ("full_page_writes", "off", Weakness::PartialPages),
        ("synchronous_standby_names", "", Weakness::NoSynchronousStandby),
    ] {
        if is(name, value).await? {
            found.push(weakness);
        }
    }
    Ok(found)
}
