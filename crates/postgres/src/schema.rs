//! The schema in the database, and its versions.

use std::fmt;
use std::sync::Arc;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSqlOwned, Type};
use tokio_postgres::{Client, GenericClient, Transaction};

use crate::error::DatabaseError;

/// The scripts that lead from one version to the next, beginning with none.
const SCRIPTS: [&str; 1] = [include_str!("sql/v1.sql")];

const SELECT_VERSION: &str = r#"SELECT version FROM "{schema}".instance"#;

/// The latest version of the schema.
pub(crate) const VERSION: i32 = SCRIPTS.len() as i32;

const MAX_NAME: usize = 48;

/// The name of a schema. Needs no quotes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SchemaName(Arc<str>);

impl SchemaName {
    pub(crate) fn new(name: &str) -> Result<Self, DatabaseError> {
        let is_valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let begins_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        if !begins_well || name.len() > MAX_NAME || !name.bytes().all(is_valid) || name.starts_with("pg_") {
            return Err(DatabaseError::SchemaName(name.to_owned()));
        }
        Ok(Self(name.into()))
    }

    /// Returns the SQL with this schema's name in place of `{schema}` and `{name}`.
    pub(crate) fn fill(&self, sql: &str) -> String {
        sql.replace("{schema}", &self.0).replace("{name}", &self.0)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SchemaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A step of a migration, as [`Postgres::migrate`](crate::Postgres::migrate) executes it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migration {
    /// The version after this step.
    pub version: i32,
    /// The statements, in one transaction with the other steps.
    pub sql: String,
}

/// Returns the steps from a version to the latest one.
pub(crate) fn steps(schema: &SchemaName, from: i32) -> Vec<Migration> {
    let from = usize::try_from(from).unwrap_or(0);
    let numbered = (1..).zip(SCRIPTS).skip(from);
    numbered.map(|(version, script)| Migration { version, sql: schema.fill(script) }).collect()
}

/// Returns the version of the schema, 0 if there is none.
pub(crate) async fn version(client: &Client, schema: &SchemaName) -> Result<i32, DatabaseError> {
    match scalar(client, &schema.fill(SELECT_VERSION)).await {
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(0),
        version => version,
    }
}

/// Checks that the schema has the latest version.
pub(crate) async fn check(client: &Client, schema: &SchemaName) -> Result<(), DatabaseError> {
    let name = schema.as_str().to_owned();
    match version(client, schema).await? {
        0 => Err(DatabaseError::NotMigrated(name)),
        VERSION => Ok(()),
        found if found < VERSION => Err(DatabaseError::Outdated { name, found, needed: VERSION }),
        found => Err(DatabaseError::TooNew { name, found, known: VERSION }),
    }
}

/// Brings the schema to the latest version, in one transaction. Returns the steps executed.
pub(crate) async fn migrate(client: &mut Client, schema: &SchemaName) -> Result<Vec<Migration>, DatabaseError> {
    let transaction = client.transaction().await.map_err(DatabaseError::of)?;
    let done = migrate_in(&transaction, schema).await?;
    transaction.commit().await.map_err(DatabaseError::of)?;
    Ok(done)
}

async fn migrate_in(transaction: &Transaction<'_>, schema: &SchemaName) -> Result<Vec<Migration>, DatabaseError> {
    let run = async |sql: &str| transaction.batch_execute(&schema.fill(sql)).await.map_err(DatabaseError::of);
    // Two that migrate at once do so in turn. The lock ends with the transaction.
    run("SELECT pg_advisory_xact_lock(hashtextextended('birdhook migrate {name}', 0))").await?;
    let exists = r#"SELECT to_regclass('"{schema}".instance') IS NOT NULL"#;
    let exists: bool = scalar(transaction, &schema.fill(exists)).await?;
    let from = if exists { scalar(transaction, &schema.fill(SELECT_VERSION)).await? } else { 0 };
    if from > VERSION {
        return Err(DatabaseError::TooNew { name: schema.as_str().to_owned(), found: from, known: VERSION });
    }
    let steps = steps(schema, from);
    if from == 0 {
        // Creating a schema needs a right on the database, even if it exists.
        let present = r"SELECT to_regnamespace('{name}') IS NOT NULL";
        if !scalar::<bool>(transaction, &schema.fill(present)).await? {
            run(r#"CREATE SCHEMA "{schema}""#).await?;
        }
    }
    for step in &steps {
        transaction.batch_execute(&step.sql).await.map_err(DatabaseError::of)?;
    }
    if from == 0 {
        run(r#"INSERT INTO "{schema}".instance (version) VALUES (0)"#).await?;
    }
    run(&format!(r#"UPDATE "{{schema}}".instance SET version = {VERSION} WHERE version < {VERSION}"#)).await?;
    Ok(steps)
}

/// Returns the value of the first row's only column, or the default if there is no row.
async fn scalar<T: Default + FromSqlOwned>(client: &impl GenericClient, sql: &str) -> Result<T, DatabaseError> {
    let rows = client.query_typed(sql, &[]).await.map_err(DatabaseError::of)?;
    rows.first().map_or(Ok(T::default()), |row| row.try_get(0)).map_err(DatabaseError::of)
}

/// Returns a text setting of the server, or `None` if it has none of this name.
pub(crate) async fn setting(client: &Client, name: &str) -> Result<Option<String>, DatabaseError> {
    let rows = client.query_typed("SELECT current_setting($1, true)", &[(&name, Type::TEXT)]).await;
    let rows = rows.map_err(DatabaseError::of)?;
    rows.first().map_or(Ok(None), |row| row.try_get(0)).map_err(DatabaseError::of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_names_that_need_no_quotes() {
        assert!(["birdhook", "a", "app_2"].into_iter().all(|name| SchemaName::new(name).is_ok()));
        for name in ["", "2a", "_a", "Birdhook", "a-b", "a\"; DROP", "pg_birdhook", &"a".repeat(49)] {
            assert!(matches!(SchemaName::new(name), Err(DatabaseError::SchemaName(_))), "{name}");
        }
    }

    #[test]
    fn scripts_name_only_their_own_schema() {
        for step in steps(&SchemaName::new("app_2").unwrap(), 0) {
            assert!(!step.sql.contains("{schema}") && !step.sql.contains("{name}"));
            let created =
                step.sql.lines().filter(|line| line.starts_with("CREATE") && !line.starts_with("CREATE INDEX"));
            created.for_each(|line| assert!(line.contains(r#" "app_2"."#), "{line}"));
        }
    }
}
