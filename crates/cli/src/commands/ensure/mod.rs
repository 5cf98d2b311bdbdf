//! `birdhook ensure`: applies a webhook configuration file.

mod written;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use birdhook::client::{EnsureError, Ensured, PlanStep, Undone};

use self::written::Written;
use crate::Verdict;
use crate::account::{AccountArgs, explained};
use crate::output::{self, BAD, CAREFUL, GOOD, note, shown, styled};
use crate::version;

/// The latest version of the configuration file that this version of birdhook reads.
const VERSION: u32 = 1;

/// Apply a webhook configuration file: register and validate the webhook, and subscribe users.
///
/// Nothing is deleted. A second run changes nothing, and a run after an interruption continues. The
/// URL, the types, the filters and the credentials are checked before anything is changed.
///
/// The receiver is challenged at its public URL before X challenges it, so that a fault is
/// explained before X refuses.
///
/// If X refuses one subscription, the others are still created. If X has a subscription that
/// differs from the desired one, ensure names it and prints the command that replaces it. Exit code
/// 2 if X refuses a step, 1 if X does not confirm one.
#[derive(Debug, clap::Args)]
#[command(after_long_help = FILE)]
pub(crate) struct Ensure {
    /// The configuration file, in TOML.
    file: PathBuf,
    /// Print the steps without doing them.
    #[arg(long)]
    dry_run: bool,
    /// Do not challenge the receiver first. Use it if the public URL cannot be reached from this
    /// machine.
    #[arg(long)]
    no_probe: bool,
    #[command(flatten)]
    account: AccountArgs,
}

const FILE: &str = r#"The file is TOML:

    url = "https://app.example/webhooks/twitter"
    api = "v2"                           # or "enterprise"; defaults to "v2"
    account_activity = ["2001", "2002"]  # user ids; this API ends on 2027-01-01

    [[activity]]                         # the X Activity API; may be repeated
    types = ["like.create", "post.mention.create"]
    users = ["2001"]                     # or keywords = ["ferry"]
    direction = "inbound"                # or "outbound"; defaults to both
    qualifiers = { post_id = "20" }      # optional; X documents direction, post_id and conversation_type
    expires_at = "2030-01-01T00:00:00Z"  # optional; defaults to the existing expiry, else to none
    tag = "bell"                         # optional"#;

impl Ensure {
    pub(crate) async fn run(self, json: bool) -> Result<Verdict> {
        let shown = self.file.display();
        let text = fs::read_to_string(&self.file).with_context(|| format!("cannot read {shown}"))?;
        version::check(&self.file, &text, VERSION)?;
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

pub(crate) fn tell_step(step: &PlanStep) -> Result<()> {
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
