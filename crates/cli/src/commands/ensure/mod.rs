//! `birdhook ensure`: applies a webhook configuration file.

mod written;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use birdhook::client::{EnsureError, Ensured, Step, Undone};

use self::written::Written;
use crate::Verdict;
use crate::account::{AccountArgs, explained};
use crate::output::{self, BAD, CAREFUL, GOOD, note, shown, styled};

/// Bring about what a file says: a webhook registered and valid, and users subscribed. Nothing is deleted.
///
/// A second run changes nothing, and one that was interrupted is continued. The URL, the types, the filters and the credentials
/// are checked before anything is changed. X refusing one subscription does not stop the others; a subscription that differs from
/// the wanted one is named, with the command that replaces it. Exit code 2 when X refuses a step, 1 when X does not confirm one.
///
/// Before X is asked to challenge the receiver, it is
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
    direction = "inbound"                # or "outbound"; defaults to both
    qualifiers = { post_id = "20" }      # optional; X names direction, post_id and conversation_type
    expires_at = "2030-01-01T00:00:00Z"  # optional; without it, an end is left as it is, and a new subscription has none
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
            if json {
                output::json(&plan)?;
            } else {
                output::steps(plan.steps())?;
            }
            return Ok(Verdict::Good);
        }
        let mut told = Ok(());
        let ensured = ensure.run_with(|step| {
            if !json && told.is_ok() {
                told = tell_step(step);
            }
        });
        let ensured = ensured.await;
        told?;
        tell_report(ensured, json)
    }
}

/// Prints the report of a run, complete or not.
pub(crate) fn tell_report(ensured: Result<Ensured, EnsureError>, json: bool) -> Result<Verdict> {
    let report = match ensured {
        Ok(report) => report,
        Err(EnsureError::Incomplete(report)) => *report,
        Err(error) => return Err(failed(&error)),
    };
    let Ensured { webhook, done, kept, unconfirmed, refused, answered_with, .. } = &report;
    if json {
        output::json(&report)?;
    } else {
        tell_undone(refused, &styled(BAD, "refused"))?;
        tell_undone(unconfirmed, &styled(CAREFUL, "unconfirmed"))?;
        if let Some(kind) = answered_with {
            output::line(format!("the receiver answers challenges with the {kind} secret"))?;
        }
        let counts = [(done.len(), "added"), (*kept, "already there")];
        let open = [(unconfirmed.len(), "unconfirmed"), (refused.len(), "refused")];
        let counts = counts.into_iter().chain(open.into_iter().filter(|(count, _)| *count > 0));
        let counts: Vec<String> = counts.map(|(count, what)| format!("{count} {what}")).collect();
        output::line(format!("{}: webhook {}", counts.join(", "), shown(&webhook.id)))?;
    }
    if !refused.is_empty() {
        bail!("{} refused", output::plural(refused.len(), "step"));
    }
    Ok(unconfirmed.is_empty().into())
}

fn tell_undone(all: &[Undone], what: &str) -> Result<()> {
    for Undone { step, reason, replace, .. } in all {
        output::line(format!("{what} {}: {}", shown(&step.to_string()), shown(reason)))?;
        for command in replace {
            output::line(format!("  to replace it, run `{}`", shown(command)))?;
        }
    }
    Ok(())
}

pub(crate) fn tell_step(step: &Step) -> Result<()> {
    output::line(format!("{} {}", styled(GOOD, "ok"), shown(&step.to_string())))
}

/// Returns the error of a run that stopped early. Prints notes about the steps that were not done.
pub(crate) fn failed(error: &EnsureError) -> anyhow::Error {
    match error {
        EnsureError::Looking(error) => explained(error),
        EnsureError::Step { step, error, left, undone, hint, .. } => {
            if let Some(hint) = hint {
                note(shown(hint));
            }
            for Undone { step, reason, .. } in undone {
                note(format!("not done: {}: {}", shown(&step.to_string()), shown(reason)));
            }
            let again = if error.is_retryable() { "; run it again later to go on" } else { "" };
            if !left.is_empty() {
                note(format!("{} not tried{again}", output::plural(left.len(), "step")));
            }
            explained(error).context(format!("cannot {}", shown(&step.to_string())))
        }
        other => anyhow!("{other}"),
    }
}
