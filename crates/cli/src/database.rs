//! The PostgreSQL database of an inbox.

use anyhow::{Context, Result};
use birdhook::inbox::{Inbox, InboxSettings};
use birdhook::postgres::{DatabaseError, Postgres};

use crate::error::{Code, Failure};

/// A database and its schema.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SchemaArgs {
    /// Use the inbox in this schema.
    #[arg(long, value_name = "NAME", default_value = "birdhook", requires = "postgres")]
    schema: String,
}

impl SchemaArgs {
    /// Connects to the database of this URL, or of the environment variable with this name.
    pub(crate) async fn connect(&self, postgres: &str) -> Result<Postgres> {
        let url = url(postgres)?;
        let database = async { Postgres::connect(&url).await?.schema(&self.schema) };
        database.await.map_err(failure)
    }

    /// Opens the inbox. This process leases no events, so it polls for none.
    pub(crate) async fn open(&self, postgres: &str) -> Result<Inbox> {
        let database = self.connect(postgres).await?.poll_only(true);
        database.open_inbox(InboxSettings::new()).await.map_err(failure)
    }
}

/// Returns the URL, which is this text unless the text is the name of an environment variable.
fn url(postgres: &str) -> Result<String> {
    let is_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if !postgres.bytes().all(is_name) {
        return Ok(postgres.to_owned());
    }
    std::env::var(postgres).with_context(|| {
        let fix = "set it to the URL of the database: postgres://user:password@host/database";
        Failure::new(Code::DatabaseUnavailable, format!("the environment variable {postgres} is not set"), fix)
    })
}

fn failure(error: DatabaseError) -> anyhow::Error {
    let (code, message, fix) = match &error {
        DatabaseError::NotMigrated(_) => (Code::NoInbox, "no inbox in this database", "`birdhook postgres migrate`"),
        DatabaseError::Outdated { .. } => {
            (Code::LaterVersion, "the inbox in this database is of another version", "`birdhook postgres migrate`")
        }
        DatabaseError::TooNew { .. } => {
            (Code::LaterVersion, "a later version of birdhook wrote the inbox in this database", "upgrade birdhook")
        }
        _ => (Code::DatabaseUnavailable, "cannot use the database", "check the URL, the role and that the server runs"),
    };
    anyhow::Error::new(error).context(Failure::new(code, message, fix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_capitals_is_an_environment_variable() {
        assert_eq!(url("postgres://app@localhost/app").unwrap(), "postgres://app@localhost/app");
        assert_eq!(url("host=/run/postgresql dbname=app").unwrap(), "host=/run/postgresql dbname=app");
        assert!(url("BIRDHOOK_TEST_UNSET_VARIABLE").unwrap_err().to_string().contains("is not set"));
    }
}
