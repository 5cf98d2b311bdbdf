//! `birdhook postgres`: creates and updates the schema of an inbox in PostgreSQL.

use anyhow::Result;
use serde_json::json;

use crate::database::SchemaArgs;
use crate::exit_status::ExitStatus;
use crate::output::{self, BAD, GOOD, plural, styled};

/// Manage the schema of an inbox in PostgreSQL.
///
/// docs/guide/postgres.md describes the inbox. `birdhook inbox ... --postgres` shows and changes the
/// events in it.
#[derive(Debug, clap::Args)]
pub(crate) struct PostgresCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Migrate(Migrate),
    Check(Check),
}

/// Create the schema, or bring it to the version that this birdhook needs.
///
/// Runs in one transaction, and does nothing if the schema has that version. The role needs the right
/// to create a schema in the database. With --json, the output is an object: `steps`, the number of
/// steps executed, or with --dry-run `sql`, the statements of each step.
#[derive(Debug, clap::Args)]
struct Migrate {
    /// The database: postgres://user@host/database, or the name of an environment variable with that
    /// URL, if it contains a password.
    #[arg(value_name = "URL", default_value = "DATABASE_URL")]
    postgres: String,
    #[command(flatten)]
    schema: SchemaArgs,
    /// Print the statements, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Report settings of the server that may lose events which were answered 200.
///
/// Exit code 1 if there is one. With --json, the output is an object: `weaknesses`, a list of texts.
#[derive(Debug, clap::Args)]
struct Check {
    /// The database: postgres://user@host/database, or the name of an environment variable with that
    /// URL, if it contains a password.
    #[arg(value_name = "URL", default_value = "DATABASE_URL")]
    postgres: String,
    #[command(flatten)]
    schema: SchemaArgs,
}

impl PostgresCommand {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        match self.action {
            Action::Migrate(migrate) => migrate.run(json).await,
            Action::Check(check) => check.run(json).await,
        }
    }
}

impl Migrate {
    async fn run(self, json: bool) -> Result<ExitStatus> {
        let database = self.schema.connect(&self.postgres).await?;
        if self.dry_run {
            let steps = database.pending_migrations().await?;
            let sql: Vec<&str> = steps.iter().map(|step| step.sql.as_str()).collect();
            match json {
                true => output::json(&json!({ "sql": sql }))?,
                false if sql.is_empty() => output::line("nothing to do: the schema has the needed version")?,
                false => sql.iter().flat_map(|step| step.lines()).try_for_each(output::line)?,
            }
            return Ok(ExitStatus::Success);
        }
        let steps = database.migrate().await?;
        match steps.last() {
            _ if json => output::json(&json!({ "steps": steps.len() }))?,
            None => output::line("nothing to do: the schema has the needed version")?,
            Some(last) => {
                let text = format!("migrated to version {} in {}", last.version, plural(steps.len(), "step"));
                output::line(styled(GOOD, text))?;
            }
        }
        Ok(ExitStatus::Success)
    }
}

impl Check {
    async fn run(self, json: bool) -> Result<ExitStatus> {
        let found = self.schema.connect(&self.postgres).await?.weaknesses().await?;
        let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
        match json {
            true => output::json(&json!({ "weaknesses": texts }))?,
            false if texts.is_empty() => output::line(styled(GOOD, "no setting of the server loses confirmed events"))?,
            false => texts.iter().try_for_each(|text| output::line(styled(BAD, text)))?,
        }
        Ok(texts.is_empty().into())
    }
}
