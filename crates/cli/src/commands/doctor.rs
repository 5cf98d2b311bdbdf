//! `birdhook doctor`: examines a receiver.

use std::path::PathBuf;
use std::time::Duration;

use anstyle::Style;
use anyhow::{Context, Result, bail};
use birdhook_doctor::{CheckResult, CheckStatus, Diagnosis, Doctor as Examiner};
use secrecy::ExposeSecret;

use crate::apps::{NO_SECRET, SecretArgs, Texts};
use crate::exit_status::ExitStatus;
use crate::output::{self, BAD, FAINT, GOOD, STRONG, WARNING, note, plural, styled};
use crate::values::{is_of_this_machine, seconds};

/// Check a receiver with the requests that X and an attacker would send.
///
/// The receiver may be written in any language. Each check prints one line: what was observed and,
/// for a fault, the cause and the fix. A check that depends on a failed check is skipped. Exit code
/// 0 only if X would accept the receiver and nothing unsafe was found.
///
/// With both secrets, an answer made with either is correct. The check challenge_secret reports
/// which one it was.
///
/// The doctor sends about 60 requests, nearly all one after another. The correctly signed ones
/// report the end of a replay that was never requested, with job ids that begin with
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
    /// Print only warnings and failures.
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    secret: SecretArgs,
}

impl Doctor {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        let Texts { consumer, client } = self.secret.texts()?;
        let doctor = match (consumer, client) {
            (Some(consumer), None) => Examiner::new(&self.url, consumer.expose_secret())?,
            (None, Some(client)) => Examiner::with_client_secret(&self.url, client.expose_secret())?,
            (Some(consumer), Some(client)) => {
                Examiner::new(&self.url, consumer.expose_secret())?.add_client_secret(client.expose_secret())?
            }
            (None, None) => bail!("{NO_SECRET}"),
        };
        let mut doctor = doctor.local(self.local).deadline(self.deadline).timeout(self.timeout);
        for path in &self.trust_root {
            let certificate = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            doctor = doctor.trust_root(&certificate).with_context(|| path.display().to_string())?;
        }
        let mut printer = ResultPrinter { is_quiet: self.quiet, ..ResultPrinter::default() };
        let mut printed = Ok(());
        let diagnosis = doctor
            .examine_with(|result| {
                if !json && printed.is_ok() {
                    printed = printer.print(result);
                }
            })
            .await;
        printed?;
        if json {
            output::json(&diagnosis)?;
        } else {
            printer.end_skipped()?;
            output::line(summary(&diagnosis))?;
            if let Some(first) = first_failure(&diagnosis).filter(|_| !self.quiet) {
                output::line(format!("fix first: {}", describe(first)))?;
            }
        }
        if !self.local && is_of_this_machine(&self.url) && !diagnosis.is_healthy() {
            note("X cannot reach a URL of this machine; pass --local to check only the receiver");
        }
        Ok(diagnosis.is_healthy().into())
    }
}

/// Prints findings as they come, one per line. Checks skipped for the same reason share a line.
#[derive(Default)]
struct ResultPrinter {
    is_quiet: bool,
    /// The latest checks that were skipped, all for the reason in `why`.
    skipped: Vec<&'static str>,
    why: String,
}

impl ResultPrinter {
    fn print(&mut self, result: &CheckResult) -> Result<()> {
        let (style, sign) = match result.status() {
            CheckStatus::Skipped | CheckStatus::Passed if self.is_quiet => return Ok(()),
            CheckStatus::Skipped => {
                if self.why != result.observed() {
                    self.end_skipped()?;
                    result.observed().clone_into(&mut self.why);
                }
                self.skipped.push(result.check());
                return Ok(());
            }
            CheckStatus::Passed => (GOOD, "ok"),
            CheckStatus::Warned => (WARNING, "warn"),
            _ => (BAD, "FAIL"),
        };
        self.end_skipped()?;
        line(style, sign, result.check(), &describe(result))
    }

    fn end_skipped(&mut self) -> Result<()> {
        let checks = std::mem::take(&mut self.skipped);
        match (checks.as_slice(), self.why.strip_prefix("needs ")) {
            ([], _) => Ok(()),
            ([_, _, ..], Some(needed)) => {
                line(FAINT, "skip", &plural(checks.len(), "check"), &format!("need {needed}"))
            }
            (checks, _) => checks.iter().try_for_each(|check| line(FAINT, "skip", check, &self.why)),
        }
    }
}

fn line(style: Style, sign: &str, check: &str, status: &str) -> Result<()> {
    output::line(format!("{} {check:24} {status}", styled(style, format!("{sign:4}"))))
}

fn describe(result: &CheckResult) -> String {
    let mut text = result.observed().to_owned();
    if let Some(cause) = result.cause() {
        text += &format!("; {cause}");
    }
    if let Some(fix) = result.fix() {
        text += &format!(" -> {}", styled(STRONG, fix));
    }
    text
}

/// Returns the failure to fix first. Failures for X come before those that only attackers exploit.
fn first_failure(diagnosis: &Diagnosis) -> Option<&CheckResult> {
    let mut failures: Vec<_> = diagnosis.results().iter().filter(|one| one.status() == CheckStatus::Failed).collect();
    failures.sort_by_key(|one| one.side().as_str() != "x");
    failures.first().copied()
}

fn summary(diagnosis: &Diagnosis) -> String {
    let of = |status| diagnosis.results().iter().filter(|result| result.status() == status).count();
    let statuses = [CheckStatus::Passed, CheckStatus::Warned, CheckStatus::Failed, CheckStatus::Skipped];
    let counts = statuses.map(|status| format!("{} {status}", of(status))).join(", ");
    let fails =
        |side| diagnosis.results().iter().any(|one| one.status() == CheckStatus::Failed && one.side().as_str() == side);
    let (style, status) = match (fails("x"), fails("stranger")) {
        (false, false) => (GOOD, "X would accept it, and nothing unsafe was found"),
        (true, false) => (BAD, "X would refuse it, or lose events"),
        (false, true) => (BAD, "it is unsafe"),
        (true, true) => (BAD, "X would refuse it, or lose events, and it is unsafe"),
    };
    format!("{}: {counts}", styled(style, status))
}
