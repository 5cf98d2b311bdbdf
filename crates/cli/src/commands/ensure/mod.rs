//! `birdhook ensure`: applies a webhook configuration file.

mod config;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use birdhook::client::{EnsureError, Ensured, PlanStep, Undone};

use self::config::ConfigFile;
use crate::account::{AccountArgs, with_fix};
use crate::exit_status::ExitStatus;
use crate::output::{self, BAD, GOOD, WARNING, note, plural, shown, styled};
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
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        let shown = self.file.display();
        let text = fs::read_to_string(&self.file).with_context(|| format!("cannot read {shown}"))?;
        version::check(&self.file, &text, VERSION)?;
        let config: ConfigFile = toml::from_str(&text).with_context(|| shown.to_string())?;
        let desired = config.desired().with_context(|| shown.to_string())?;
        let client = self.account.client()?;
        let ensure = client.ensure(&desired);
        let ensure = if self.no_probe { ensure.without_probe() } else { ensure };
        if self.dry_run {
            let plan = ensure.plan().await.map_err(|error| failed(&error))?;
            if json { output::json(&plan) } else { output::steps(plan.steps()) }?;
            return Ok(ExitStatus::Success);
        }
        let mut printed = Ok(());
        let ensured = ensure.run_with(|step| {
            if !json && printed.is_ok() {
                printed = print_step(step);
            }
        });
        let ensured = ensured.await;
        printed?;
        print_report(ensured, json)
    }
}

/// Prints the report of a run, complete or not.
pub(crate) fn print_report(ensured: Result<Ensured, EnsureError>, json: bool) -> Result<ExitStatus> {
    let report = match ensured {
        Ok(report) => report,
        Err(EnsureError::Incomplete(report)) => *report,
        Err(error) => return Err(failed(&error)),
    };
    let Ensured { webhook, done, kept, unconfirmed, refused, challenge_secret, .. } = &report;
    if json {
        output::json(&report)?;
    } else {
        print_undone(refused, &styled(BAD, "refused"))?;
        print_undone(unconfirmed, &styled(WARNING, "unconfirmed"))?;
        if let Some(kind) = challenge_secret {
            output::line(format!("the receiver answers challenges with the {kind} secret"))?;
        }
        let counts = [(done.len(), "added"), (*kept, "already there")];
        let open = [(unconfirmed.len(), "unconfirmed"), (refused.len(), "refused")];
        let counts = counts.into_iter().chain(open.into_iter().filter(|(count, _)| *count > 0));
        let counts: Vec<String> = counts.map(|(count, what)| format!("{count} {what}")).collect();
        output::line(format!("{}: webhook {}", counts.join(", "), shown(&webhook.id)))?;
    }
    if !refused.is_empty() {
        bail!("{} refused", plural(refused.len(), "step"));
    }
    Ok(unconfirmed.is_empty().into())
}

fn print_undone(all: &[Undone], what: &str) -> Result<()> {
    for Undone { step, reason, replace, .. } in all {
        output::line(format!("{what} {}: {}", shown(&step.to_string()), shown(reason)))?;
        for command in replace {
            output::line(format!("  to replace it, run `{}`", shown(command)))?;
        }
    }
    Ok(())
}

pub(crate) fn print_step(step: &PlanStep) -> Result<()> {
    output::line(format!("{} {}", styled(GOOD, "ok"), shown(&step.to_string())))
}

/// Returns the error of a run that stopped early. Prints notes about the steps that were not done.
pub(crate) fn failed(error: &EnsureError) -> anyhow::Error {
    match error {
        EnsureError::Read(error) => with_fix(error),
        EnsureError::Step { step, error, left, undone, hint, .. } => {
            if let Some(hint) = hint {
                note(shown(hint));
            }
            for Undone { step, reason, .. } in undone {
                note(format!("not done: {}: {}", shown(&step.to_string()), shown(reason)));
            }
            let again = if error.is_retryable() { "; run it again later to continue" } else { "" };
            if !left.is_empty() {
                note(format!("{} not tried{again}", plural(left.len(), "step")));
            }
            with_fix(error).context(format!("cannot {}", shown(&step.to_string())))
        }
        other => anyhow!("{other}"),
    }
}
