//! The errors of a database.

use std::error::Error;
use std::fmt;

use tokio_postgres::error::SqlState;

/// The error when a database cannot be used. Nothing was changed or lost. Never contains a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The connection string is invalid.
    #[error("invalid connection string: expected postgres://user@host/database, or key=value pairs")]
    Url,
    /// The connection string asks for TLS, or its host is not this machine, and birdhook was built
    /// without TLS.
    #[error("this connection needs TLS: build birdhook with the feature `postgres-tls`, or set sslmode=disable")]
    NoTls,
    /// The server cannot be reached, or it refused.
    #[error("cannot reach PostgreSQL: {0}")]
    Unreachable(Cause),
    /// A statement failed.
    #[error("PostgreSQL refused a statement: {0}")]
    Statement(Cause),
    /// The server did not reply in time.
    #[error("PostgreSQL did not reply in time")]
    TimedOut,
    /// The schema does not exist.
    #[error("the database has no schema {0:?} of birdhook; run `birdhook postgres migrate`, or call `migrate`")]
    NotMigrated(String),
    /// The schema has an earlier version.
    #[error(
        "the schema {name:?} has version {found}, and this birdhook needs {needed}; run `birdhook postgres migrate`"
    )]
    Outdated {
        /// The schema.
        name: String,
        /// Its version.
        found: i32,
        /// The version that is needed.
        needed: i32,
    },
    /// The schema was written by a later version of birdhook.
    #[error(
        "the schema {name:?} has version {found}, and this birdhook reads versions up to {known}: upgrade birdhook"
    )]
    TooNew {
        /// The schema.
        name: String,
        /// Its version.
        found: i32,
        /// The latest version known.
        known: i32,
    },
    /// A setting of the server or of the role makes the database unusable for an inbox.
    #[error("{0}")]
    Unsuitable(&'static str),
    /// A schema's name may have 1 to 48 lower-case letters, digits and `_`, and begins with a letter.
    #[error("invalid schema name {0:?}: expected 1 to 48 lower-case letters, digits and _, beginning with a letter")]
    SchemaName(String),
}

/// The cause of a [`DatabaseError`], in the server's or the system's words.
///
/// Its text leaves out the server's details, which may quote an event.
#[derive(Debug)]
pub struct Cause(pub(crate) tokio_postgres::Error);

impl Cause {
    /// Returns the server's error code, or `None` for another error.
    pub fn code(&self) -> Option<&SqlState> {
        self.0.code()
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_db_error() {
            Some(error) => write!(f, "{} ({})", error.message(), error.code().code()),
            None => {
                write!(f, "{}", self.0)?;
                let source = self.0.source().map(ToString::to_string);
                source
                    .filter(|text| !self.0.to_string().contains(text.as_str()))
                    .map_or(Ok(()), |text| write!(f, ": {text}"))
            }
        }
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

impl DatabaseError {
    /// Returns the error of a call, by where it happened.
    pub(crate) fn of(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(_) => Self::Statement(Cause(error)),
            None => Self::Unreachable(Cause(error)),
        }
    }

    pub(crate) fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Unreachable(cause) | Self::Statement(cause) => cause.code(),
            _ => None,
        }
    }

    /// Returns whether the same call may succeed at once, because it lost against another
    /// transaction.
    pub(crate) fn is_conflict(&self) -> bool {
        let conflicts =
            [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::LOCK_NOT_AVAILABLE];
        self.code().is_some_and(|code| conflicts.contains(code))
    }

    /// Returns whether the day has no partition yet.
    pub(crate) fn is_missing_partition(&self) -> bool {
        self.code() == Some(&SqlState::CHECK_VIOLATION)
    }

    /// Returns whether a new connection may help: this one broke, or its server accepts no changes.
    pub(crate) fn needs_reconnection(&self) -> bool {
        match self {
            Self::TimedOut => true,
            Self::Unreachable(_) => true,
            Self::Statement(cause) => cause.code().is_some_and(|code| {
                *code == SqlState::READ_ONLY_SQL_TRANSACTION
                    || code.code().starts_with("57P")
                    || code.code().starts_with("08")
            }),
            _ => false,
        }
    }
}
