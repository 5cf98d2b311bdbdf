//! The handle of a database.

use std::fmt;
use std::sync::Arc;

use birdhook_inbox::{Inbox, InboxSettings, backend};
use tokio_postgres::Client;

use crate::connection::Connector;
use crate::error::DatabaseError;
use crate::remote::RemoteInbox;
use crate::schema::{self, Migration, SchemaName};
use crate::weakness::{self, Weakness};

/// A PostgreSQL database that holds an inbox. Cheap to clone.
///
/// ```no_run
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// # mod birdhook { pub mod postgres { pub use birdhook_postgres::Postgres; } pub mod inbox { pub use birdhook_inbox::InboxSettings; } }
/// use birdhook::{inbox::InboxSettings, postgres::Postgres};
///
/// let database = Postgres::connect("postgres://app@localhost/app").await?;
/// database.migrate().await?;
/// let inbox = database.open_inbox(InboxSettings::new()).await?;
/// # let _ = inbox;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Postgres {
    pub(crate) connector: Connector,
    pub(crate) schema: SchemaName,
    pub(crate) poll_only: bool,
}

impl Postgres {
    /// Connects to the server of this connection string, and checks that it accepts changes.
    ///
    /// The string is a URL, `postgres://[user[:password]@][host][:port][/database][?option=value]`,
    /// or `key=value` pairs, as `libpq` reads them. A host that is not this machine needs TLS
    /// (feature `tls`), unless `sslmode=disable` is set. The server's certificate must be valid for
    /// that host and issued by one of Mozilla's root certificates.
    ///
    /// # Errors
    /// Fails if the string is invalid, or the server refuses, does not answer within 2 s, is a
    /// standby, or uses another encoding than UTF-8 or another isolation level than `read
    /// committed`. The error never contains the password.
    pub async fn connect(url: &str) -> Result<Self, DatabaseError> {
        let database = Self { connector: Connector::new(url)?, schema: SchemaName::new("birdhook")?, poll_only: false };
        let client = database.client().await?;
        let is = async |name: &str, value: &str| {
            Ok::<_, DatabaseError>(schema::setting(&client, name).await?.as_deref() == Some(value))
        };
        if !is("transaction_read_only", "off").await? {
            return Err(DatabaseError::Unsuitable("the server or the role is read-only: connect to the primary"));
        }
        if !is("server_encoding", "UTF8").await? {
            return Err(DatabaseError::Unsuitable("the database's encoding is not UTF8"));
        }
        if !is("default_transaction_isolation", "read committed").await? {
            return Err(DatabaseError::Unsuitable(
                "the role's default_transaction_isolation is not \"read committed\"; set it with ALTER ROLE",
            ));
        }
        Ok(database)
    }

    /// Sets the name of the schema that holds birdhook's tables and functions. Defaults to
    /// `birdhook`. Two schemas hold two independent inboxes.
    ///
    /// # Errors
    /// Fails unless the name has 1 to 48 lower-case letters, digits and `_`, and begins with a
    /// letter.
    pub fn schema(self, name: &str) -> Result<Self, DatabaseError> {
        Ok(Self { schema: SchemaName::new(name)?, ..self })
    }

    /// Sets whether the inbox looks for events of other processes by polling only, each second, and
    /// not by `LISTEN`, which a connection pooler such as `PgBouncer` does not support in transaction
    /// mode. Defaults to false.
    pub fn poll_only(self, poll_only: bool) -> Self {
        Self { poll_only, ..self }
    }

    /// Creates the schema, or brings it to the version that this birdhook needs. Returns the steps
    /// executed.
    ///
    /// Takes one transaction, with a lock: several processes may call it at once. The role needs the
    /// right to create a schema in the database, or owns an empty schema of this name.
    ///
    /// # Errors
    /// Fails if a statement fails, or a later version of birdhook has written the schema. Nothing
    /// was changed then.
    pub async fn migrate(&self) -> Result<Vec<Migration>, DatabaseError> {
        let done = schema::migrate(&mut self.client().await?, &self.schema).await?;
        Ok(done)
    }

    /// Returns the steps that [`migrate`](Self::migrate) would execute.
    ///
    /// # Errors
    /// Fails if the server cannot be reached.
    pub async fn pending_migrations(&self) -> Result<Vec<Migration>, DatabaseError> {
        let from = schema::version(&self.client().await?, &self.schema).await?;
        Ok(schema::steps(&self.schema, from))
    }

    /// Returns the server's settings that may lose events which were answered 200.
    ///
    /// # Errors
    /// Fails if the server cannot be reached.
    pub async fn weaknesses(&self) -> Result<Vec<Weakness>, DatabaseError> {
        weakness::weaknesses(&self.client().await?).await
    }

    /// Opens the inbox. Any number of processes may open it at once.
    ///
    /// Uses up to six connections: two store deliveries, one leases events, one settles them, one
    /// waits for notifications, and one removes old keys and counts. Reads the settings `order`,
    /// `lease`, `prefetch`, `max_attempts`, `backoff`, `dedupe_horizon`, rounded up to days, and
    /// `keep_acknowledged`; the others concern files. Processes that share an inbox should have the
    /// same settings.
    ///
    /// # Errors
    /// Fails if the server cannot be reached, or the schema is missing or has another version.
    pub async fn open_inbox(&self, settings: InboxSettings) -> Result<Inbox, DatabaseError> {
        let client = self.client().await?;
        schema::check(&client, &self.schema).await?;
        let sql = self.schema.fill(r#"SELECT id FROM "{schema}".instance"#);
        let rows = client.query_typed(&sql, &[]).await.map_err(DatabaseError::of)?;
        let instance = rows.first().map(|row| row.try_get(0)).transpose().map_err(DatabaseError::of)?;
        let instance = instance.ok_or_else(|| DatabaseError::NotMigrated(self.schema.as_str().to_owned()))?;
        let inbox = RemoteInbox::start(self, instance, backend::Settings::from(&settings)).await?;
        Ok(backend::inbox(Arc::new(inbox)))
    }

    async fn client(&self) -> Result<Client, DatabaseError> {
        self.connector.connect(None).await
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("place", &self.connector.place())
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}
