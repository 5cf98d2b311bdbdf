//! Acknowledges an event in a transaction of the app.

use std::error::Error;

use birdhook_inbox::{Lease, backend};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Transaction};

use crate::remote::{RemoteInbox, lease_of};

/// The error when a lease cannot be acknowledged in a transaction. **The transaction must be rolled
/// back**, or the event's effects are committed and the event comes again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AckInError<E: Error + 'static = tokio_postgres::Error> {
    /// The lease has expired, and another consumer may hold the event. Roll back.
    #[error("the lease has expired: roll back the transaction, because another consumer may process the event")]
    Expired,
    /// The transaction is in another database, or the event is in another inbox. Roll back.
    #[error("the event is not in the database of this transaction: roll it back")]
    OtherDatabase,
    /// A statement failed. Roll back.
    #[error("PostgreSQL refused the acknowledgement: {0}")]
    Statement(#[source] E),
}

/// Acknowledges leased events in transactions of the app. Implemented for [`Lease`].
///
/// ```no_run
/// # async fn handle(inbox: birdhook_inbox::Inbox, client: &mut tokio_postgres::Client) -> Result<(), Box<dyn std::error::Error>> {
/// # mod birdhook { pub mod postgres { pub use birdhook_postgres::AckIn; } }
/// use birdhook::postgres::AckIn;
///
/// # let Some(lease) = inbox.recv().await else { return Ok(()) };
/// let transaction = client.transaction().await?;
/// transaction.execute("UPDATE counters SET events = events + 1", &[]).await?;
/// lease.ack_in(&transaction).await?;
/// transaction.commit().await?;
/// # Ok(()) }
/// ```
pub trait AckIn {
    /// Acknowledges the event in this transaction: its effects and its acknowledgement are committed
    /// together, or neither is.
    ///
    /// The lease stays as it is. After a commit, drop it. After a rollback, the event is still
    /// leased, and the lease can be used again or dropped, which schedules a retry. The event's row
    /// is locked until the end of the transaction, so that nobody else can lease it, even after the
    /// lease has expired.
    ///
    /// # Errors
    /// See [`AckInError`]. The transaction must be rolled back.
    #[must_use = "an error means that the transaction must be rolled back"]
    fn ack_in(&self, transaction: &Transaction<'_>) -> impl Future<Output = Result<(), AckInError>> + Send;

    /// Runs `work` in a transaction, acknowledges the event in it, and commits. If PostgreSQL stops
    /// the transaction because of a conflict with another one (SQLSTATE 40001 or 40P01), it is
    /// repeated, and the attempt is not counted.
    ///
    /// `work` returns the conflict as its error, or an error with that source.
    ///
    /// # Errors
    /// Returns the error of `work`, or the one of the acknowledgement or the commit. Nothing was
    /// committed, unless the connection broke during the commit: then the event comes again only if
    /// its effects were not committed.
    fn transact<T, E>(
        self,
        client: &mut Client,
        work: impl AsyncFnMut(&Transaction<'_>, &birdhook_core::Event) -> Result<T, E>,
    ) -> impl Future<Output = Result<T, TransactError<E>>>
    where
        E: Error + 'static;
}

/// The error of [`AckIn::transact`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransactError<E: Error + 'static> {
    /// The function failed.
    #[error(transparent)]
    Work(E),
    /// The event could not be acknowledged.
    #[error(transparent)]
    Ack(AckInError),
    /// The transaction could not begin or commit.
    #[error("PostgreSQL refused the transaction: {0}")]
    Transaction(#[source] tokio_postgres::Error),
}

/// The number of times that a transaction is repeated.
const REPEATS: u32 = 10;

impl AckIn for Lease {
    async fn ack_in(&self, transaction: &Transaction<'_>) -> Result<(), AckInError> {
        let call = call(self).ok_or(AckInError::OtherDatabase)?;
        let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 4] =
            [(&call.instance, Type::UUID), (&call.id, Type::INT8), (&call.token, Type::INT8), (&call.keep, Type::BOOL)];
        let rows = transaction.query_typed(&call.sql, &parameters).await.map_err(refused)?;
        match rows.first().map(|row| row.try_get(0)) {
            Some(Ok(true)) => Ok(()),
            Some(Err(error)) => Err(AckInError::Statement(error)),
            _ => Err(AckInError::Expired),
        }
    }

    async fn transact<T, E>(
        self,
        client: &mut Client,
        mut work: impl AsyncFnMut(&Transaction<'_>, &birdhook_core::Event) -> Result<T, E>,
    ) -> Result<T, TransactError<E>>
    where
        E: Error + 'static,
    {
        let mut repeats = 0;
        loop {
            let result = attempt(&self, client, &mut work).await;
            match result {
                Err(error) if repeats < REPEATS && error.is_conflict() => repeats += 1,
                result => return result,
            }
        }
    }
}

async fn attempt<T, E: Error + 'static>(
    lease: &Lease,
    client: &mut Client,
    work: &mut impl AsyncFnMut(&Transaction<'_>, &birdhook_core::Event) -> Result<T, E>,
) -> Result<T, TransactError<E>> {
    let transaction = client.transaction().await.map_err(TransactError::Transaction)?;
    let done = work(&transaction, lease.event()).await.map_err(TransactError::Work)?;
    lease.ack_in(&transaction).await.map_err(TransactError::Ack)?;
    transaction.commit().await.map_err(TransactError::Transaction)?;
    Ok(done)
}

impl<E: Error + 'static> TransactError<E> {
    fn is_conflict(&self) -> bool {
        match self {
            Self::Work(error) => is_conflict(error),
            Self::Ack(AckInError::Statement(error)) | Self::Transaction(error) => is_conflict(error),
            Self::Ack(_) => false,
        }
    }
}

/// Returns whether the transaction lost against another one.
fn is_conflict(error: &(dyn Error + 'static)) -> bool {
    let mut current = Some(error);
    while let Some(error) = current {
        let code = error.downcast_ref::<tokio_postgres::Error>().and_then(tokio_postgres::Error::code);
        if code
            .is_some_and(|code| [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code))
        {
            return true;
        }
        current = error.source();
    }
    false
}

/// The call of the function `ack_in`.
struct Call {
    sql: String,
    instance: crate::record::Uuid,
    id: i64,
    token: i64,
    keep: bool,
}

/// Returns the call for a lease, or `None` if its event is in a folder.
fn call(lease: &Lease) -> Option<Call> {
    let (backend, token) = backend::of_lease(lease)?;
    let backend: &dyn std::any::Any = &**backend;
    let inbox = backend.downcast_ref::<RemoteInbox>()?;
    let (id, token) = lease_of(lease.id(), token);
    let sql = inbox.schema.fill(r#"SELECT "{schema}".ack_in($1, $2, $3, $4)"#);
    Some(Call { sql, instance: inbox.instance, id, token, keep: inbox.keeps() })
}

fn refused(error: tokio_postgres::Error) -> AckInError {
    match error.code() {
        Some(code) if is_other_database(code.code()) => AckInError::OtherDatabase,
        _ => AckInError::Statement(error),
    }
}

/// Returns whether this error code means that the database has not this schema, or another inbox in
/// it.
fn is_other_database(code: &str) -> bool {
    [SqlState::INVALID_SCHEMA_NAME, SqlState::UNDEFINED_FUNCTION, SqlState::INVALID_CATALOG_NAME]
        .iter()
        .any(|known| known.code() == code)
}

#[cfg(feature = "sqlx")]
mod with_sqlx {
    use super::*;

    /// Acknowledges leased events in transactions of `sqlx`. Implemented for [`Lease`].
    pub trait AckInSqlx {
        /// Same as [`AckIn::ack_in`], for a transaction of `sqlx`.
        ///
        /// # Errors
        /// See [`AckInError`]. The transaction must be rolled back.
        #[must_use = "an error means that the transaction must be rolled back"]
        fn ack_in_sqlx(
            &self,
            transaction: &mut sqlx::PgConnection,
        ) -> impl Future<Output = Result<(), AckInError<sqlx::Error>>> + Send;
    }

    impl AckInSqlx for Lease {
        async fn ack_in_sqlx(&self, transaction: &mut sqlx::PgConnection) -> Result<(), AckInError<sqlx::Error>> {
            let call = call(self).ok_or(AckInError::OtherDatabase)?;
            let instance: String = call.instance.0.iter().map(|byte| format!("{byte:02x}")).collect();
            let sql = call.sql.replace("$1", "$1::uuid");
            let query = sqlx::query_scalar::<_, bool>(&sql).persistent(false);
            let query = query.bind(instance).bind(call.id).bind(call.token).bind(call.keep);
            match query.fetch_one(transaction).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(AckInError::Expired),
                Err(error) => {
                    let code =
                        error.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned));
                    if code.is_some_and(|code| is_other_database(&code)) {
                        return Err(AckInError::OtherDatabase);
                    }
                    Err(AckInError::Statement(error))
                }
            }
        }
    }
}

#[cfg(feature = "sqlx")]
pub use with_sqlx::AckInSqlx;
