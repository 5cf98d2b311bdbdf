//! `birdhook doctor`: examines a receiver.

mod report;
mod text;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use birdhook_doctor::Doctor as Examiner;
use indicatif::ProgressBar;
use secrecy::ExposeSecret;

use self::report::Format;
use crate::apps::{SecretArgs, Texts, invalid_secret, no_secret};
use crate::error::{Code, Failure};
use crate::exit_status::ExitStatus;
use crate::output::{self, note, shown};
use crate::values::{is_of_this_machine, seconds};

/// X's page on webhooks, challenges and signatures.
const X_PAGE: &str = "https://docs.x.com/x-api/webhooks/introduction";

/// Check a receiver with the requests that X and an attacker would send.
///
/// The receiver may be written in any language. Each fault is printed with its cause and its fix,
/// the most serious first. A check that depends on a failed check is skipped. The verdict comes last
/// and names the fault to fix first. Exit code 0 only if X would accept the receiver and nothing
/// unsafe was found.
///
/// With both secrets, an answer made with either is correct. The check challenge_secret reports
/// which one it was.
///
/// The doctor sends about 60 requests, nearly all one after another, and up to 60 more if a signed
/// delivery is refused. The correctly signed ones report the end of a replay that was never requested, with job ids that begin with
/// birdhook-doctor-, or have a kind that does not exist. No app should act on them. Two bodies are
/// 20 MB long.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// The URL that is or will be registered at X.
    url: String,
    /// Check a receiver on this machine or network: accept http, a port and private addresses.
    #[arg(long)]
    local: bool,
    /// Require answers within this time. X allows 3 s in 1.1 and 10 s in v2.
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = seconds)]
    deadline: Duration,
    /// Wait at most this long for an answer.
    #[arg(long, alias = "patience", value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    timeout: Duration,
    /// Also trust this root certificate, in PEM or DER. X does not trust it. May be repeated.
    #[arg(long, value_name = "FILE")]
    trust_root: Vec<PathBuf>,
    #[command(flatten)]
    style: Style,
    /// Also write a report to this file, to show to others: HTML (.html) or Markdown (.md). It
    /// contains neither secrets nor the URL's query.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    secret: SecretArgs,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Style {
    /// Print only warnings, failures and the verdict.
    #[arg(long, short, conflicts_with = "verbose")]
    quiet: bool,
    /// Also list the checks that passed.
    #[arg(long, short)]
    verbose: bool,
    /// Print the names of the checks, as in JSON.
    #[arg(long)]
    ids: bool,
    /// Print what X does when a check fails.
    #[arg(long)]
    why: bool,
}

impl Doctor {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        let report =
            self.report.as_deref().map(|path| Ok::<_, anyhow::Error>((path, Format::of(path)?))).transpose()?;
        let Texts { consumer, client } = self.secret.texts()?;
        let doctor = match (consumer, client) {
            (Some(consumer), None) => Examiner::new(&self.url, consumer.expose_secret()),
            (None, Some(client)) => Examiner::with_client_secret(&self.url, client.expose_secret()),
            (Some(consumer), Some(client)) => Examiner::new(&self.url, consumer.expose_secret())
                .and_then(|doctor| doctor.add_client_secret(client.expose_secret())),
            (None, None) => return Err(no_secret()),
        };
        let doctor = doctor.with_context(|| invalid_secret("--secret, --client-secret or their variables"))?;
        let mut doctor = doctor.local(self.local).deadline(self.deadline).timeout(self.timeout);
        for path in &self.trust_root {
            let certificate = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            doctor = doctor.trust_root(&certificate).with_context(|| {
                let message = format!("cannot trust {}", path.display());
                Failure::new(Code::InvalidFile, message, "pass a root certificate in PEM or DER")
            })?;
        }
        let progress = ProgressBar::new_spinner();
        let diagnosis = doctor
            .examine_with(|result| {
                progress.set_message(result.proves());
                progress.tick();
            })
            .await;
        progress.finish_and_clear();
        if json {
            output::json(&diagnosis)?;
        } else {
            text::print(&diagnosis, self.style)?;
        }
        if let Some((path, format)) = report {
            let text = report::write(&diagnosis, format);
            std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
            note(format!("wrote the report to {}", shown(&path.display().to_string())));
        }
        if !self.local && is_of_this_machine(&self.url) && !diagnosis.is_healthy() {
            note("X cannot reach a URL of this machine; pass --local to check only the receiver");
        }
        Ok(diagnosis.is_healthy().into())
    }
}
