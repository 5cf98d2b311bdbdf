//! `birdhook ensure`: applies a webhook configuration file.

mod config;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use birdhook::client::api::same_url;
use birdhook::client::{
    Client, DesiredState, DesiredStateError, DesiredStateFault, EnsureError, Ensured, ManagementApi, PlanStep,
    ProbeFault, Undone,
};

use self::config::ConfigFile;
use super::activity::{self, obtain};
use crate::account::{AccountArgs, Explained, with_fix};
use crate::error::{Code, Failure};
use crate::exit_status::ExitStatus;
use crate::output::{self, BAD, GOOD, WARNING, note, plural, shown, styled};
use crate::version;

/// The latest version of the configuration file that this version of birdhook reads.
const VERSION: u32 = 1;

/// Apply a webhook configuration file: register and validate the webhook, and subscribe users.
///
/// Nothing is deleted. A second run changes nothing, and a run after an interruption continues. The
/// URL, the types, the filters and the credentials are checked before anything is changed. For an
/// unknown type, the error suggests the nearest one. A URL that differs from a registered one only
/// in its scheme, its case, `www.` or a slash at the end is refused: X would send each event twice.
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
    /// Register the URL even if X has a webhook at a variant of it, for example with a slash at the
    /// end.
    #[arg(long)]
    new_url: bool,
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
    qualifiers = { post_id = "20" }      # optional; or conversation_type
    expires_at = "2030-01-01T00:00:00Z"  # optional; defaults to the present one
    tag = "bell"                         # optional"#;

impl Ensure {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        let shown = self.file.display();
        let text = fs::read_to_string(&self.file).with_context(|| format!("cannot read {shown}"))?;
        version::check(&self.file, &text, VERSION)?;
        let config: ConfigFile = toml::from_str(&text).with_context(|| {
            let fix = "correct it; `birdhook ensure --help` shows the members of the file";
            Failure::new(Code::InvalidFile, format!("invalid configuration in {shown}"), fix)
        })?;
        let desired = config.desired().with_context(|| format!("invalid configuration in {shown}"))?;
        let client = self.account.client()?;
        let ensure = client.ensure(&desired);
        let ensure = if self.no_probe { ensure.without_probe() } else { ensure };
        ensure.check().map_err(|error| failed(&error))?;
        if !self.new_url {
            refuse_similar(&client, &desired).await?;
        }
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
        let message = format!("{} refused", plural(refused.len(), "step"));
        bail!(Failure::new(Code::StepsRefused, message, "do what the reasons say, then run the command again"));
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
        EnsureError::DesiredState(DesiredStateError(faults)) => {
            let message = "the desired state cannot be reached; nothing was changed";
            let fix = faults.first().map_or_else(String::new, fix_of);
            anyhow!("{error}").context(Failure::new(Code::InvalidState, message, fix))
        }
        EnsureError::Receiver(fault) => {
            let fix = match fault {
                ProbeFault::Secret => "run `birdhook auth app`",
                ProbeFault::NoResponse(_) => "start the receiver, or pass --no-probe if only X can reach it",
                _ => "run `birdhook doctor URL`, which names the fault",
            };
            anyhow!("{fault}").context(Failure::new(Code::ReceiverFault, "X would refuse the receiver", fix))
        }
        EnsureError::Invalid(webhook) => {
            let message = format!("the webhook {} is still invalid after X's challenge", shown(webhook));
            Failure::new(Code::WebhookInvalid, message, "run `birdhook doctor URL`, which names the fault").into()
        }
        EnsureError::Gone(_) => {
            let fix = "check the URL; `birdhook webhooks list` lists the webhooks";
            Failure::new(Code::NoSuchWebhook, shown(&error.to_string()), fix).into()
        }
        other => anyhow!("{other}"),
    }
}

fn fix_of(fault: &DesiredStateFault) -> String {
    match fault {
        DesiredStateFault::Url { .. } => "use a public https URL without a port".to_owned(),
        DesiredStateFault::Credentials { takes, .. } => obtain(takes),
        DesiredStateFault::Scope { .. } => "run `birdhook auth user2`".to_owned(),
        DesiredStateFault::Subscription(fault) => activity::fix_of(fault),
        _ => "correct the file".to_owned(),
    }
}

/// Refuses a URL that is not registered if X has a webhook at a variant of it, because X would send
/// each event to both.
async fn refuse_similar(client: &Client, desired: &DesiredState) -> Result<()> {
    let webhooks = match desired.api {
        ManagementApi::Enterprise => client.enterprise().list().await,
        _ => client.webhooks().list().await,
    };
    let webhooks = webhooks.explained()?;
    if webhooks.iter().any(|one| same_url(&one.url, &desired.url)) {
        return Ok(());
    }
    let Some(similar) = webhooks.iter().find(|one| variant(&one.url) == variant(&desired.url)) else { return Ok(()) };
    let (id, url) = (shown(&similar.id), shown(&similar.url));
    bail!(Failure::new(
        Code::SimilarUrl,
        format!("X has the webhook {id} at {url}, a variant of {}; nothing was changed", shown(&desired.url)),
        format!("set url = \"{url}\", or delete it with `birdhook webhooks delete {id}`, or pass --new-url"),
    ))
}

/// Returns what variants of a URL have in common: the same receiver usually serves them.
fn variant(url: &str) -> String {
    let url = url.to_ascii_lowercase();
    let url = url.split_once("://").map_or(&*url, |(_, rest)| rest);
    let url = url.strip_prefix("www.").unwrap_or(url);
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    format!("{}?{query}", path.trim_end_matches('/'))
}
