//! Converges to what a file says.

mod written;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use birdhook::client::{EnsureError, Plan, Step};

use self::written::Written;
use crate::Verdict;
use crate::account::{AccountArgs, explained};
use crate::output::{self, GOOD, note, styled};

/// Bring about what a file says: a webhook registered and valid, and users subscribed. Nothing is deleted.
///
/// A second run changes nothing, and one that was interrupted is continued. Before X is asked to challenge the receiver, it is
/// asked by its public URL, so that a refusal is explained before X gives one.
#[derive(Debug, clap::Args)]
#[command(after_long_help = FILE)]
pub(crate) struct Ensure {
    /// The file.
    file: PathBuf,
    /// Say what is to be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask the receiver first: where its public URL cannot be reached from here.
    #[arg(long)]
    no_probe: bool,
    #[command(flatten)]
    account: AccountArgs,
}

const FILE: &str = r#"The file is TOML:

    url = "https://app.example/webhooks/twitter"
    api = "v2"                           # or "enterprise"; v2 unless told
    account_activity = ["2001", "2002"]  # users; this API ends on 2027-01-01

    [[activity]]                         # the X Activity API, any number of these
    types = ["like.create", "post.mention.create"]
    users = ["2001"]                     # or keywords = ["ferry"]
    direction = "inbound"                # or "outbound"; both unless told
    tag = "bell"                         # optional"#;

impl Ensure {
    pub(crate) async fn run(self, json: bool) -> Result<Verdict> {
        let shown = self.file.display();
        let text = fs::read_to_string(&self.file).with_context(|| format!("cannot read {shown}"))?;
        let written: Written = toml::from_str(&text).with_context(|| shown.to_string())?;
        let wanted = written.wanted().with_context(|| shown.to_string())?;
        let client = self.account.client()?;
        let ensure = client.ensure(&wanted);
        let ensure = if self.no_probe { ensure.without_probe() } else { ensure };
        if self.dry_run {
            let plan = ensure.plan().await.map_err(|error| failed(&error))?;
            return tell_plan(&plan, json).map(|()| Verdict::Good);
        }
        let mut told = Ok(());
        let ensured = ensure.run_with(|step| {
            if !json && told.is_ok() {
                told = tell_step(step);
            }
        });
        let ensured = ensured.await.map_err(|error| failed(&error))?;
        told?;
        if json {
            output::json(&ensured)?;
        } else {
            let said =
                format!("{} done, {} there already: webhook {}", ensured.done.len(), ensured.kept, ensured.webhook.id);
            output::line(said)?;
        }
        Ok(Verdict::Good)
    }
}

pub(crate) fn tell_step(step: &Step) -> Result<()> {
    output::line(format!("{} {step}", styled(GOOD, "ok")))
}

pub(crate) fn tell_plan(plan: &Plan, json: bool) -> Result<()> {
    if json { output::json(plan) } else { output::line(plan.to_string()) }
}

/// What went wrong, what to do about it, and what is left.
pub(crate) fn failed(error: &EnsureError) -> anyhow::Error {
    match error {
        EnsureError::Looking(error) => explained(error),
        EnsureError::Step { step, error, left, .. } => {
            if !left.is_empty() {
                note(format!("{} steps are left; run it again to go on", left.len() + 1));
            }
            explained(error).context(format!("cannot {step}"))
        }
        other => anyhow!("{other}"),
    }
}
