//! `birdhook doctor`: examines a receiver.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use anstyle::Style;
use anyhow::{Context, Result, bail};
use birdhook_doctor::{CheckResult, CheckStatus as Found, Diagnosis, Doctor as Examiner};
use secrecy::ExposeSecret;

use crate::Verdict;
use crate::apps::{NO_SECRET, SecretArgs, Texts};
use crate::output::{self, BAD, CAREFUL, FAINT, GOOD, STRONG, note, plural, styled};

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
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    patience: Duration,
    /// Also trust this root certificate, in PEM or DER. X does not trust it. May be repeated.
    #[arg(long, value_name = "FILE")]
    trust_root: Vec<PathBuf>,
    /// Print only warnings and failures.
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    secret: SecretArgs,
}

pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0.0);
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or("must be a number above 0".to_owned())
}

impl Doctor {
    pub(crate) async fn run(self, json: bool) -> Result<Verdict> {
        let Texts { consumer, client } = self.secret.texts()?;
        let doctor = match (consumer, client) {
            (Some(consumer), None) => Examiner::new(&self.url, consumer.expose_secret())?,
            (None, Some(client)) => Examiner::with_client_secret(&self.url, client.expose_secret())?,
            (Some(consumer), Some(client)) => {
                Examiner::new(&self.url, consumer.expose_secret())?.add_client_secret(client.expose_secret())?
            }
            (None, None) => bail!("{NO_SECRET}"),
        };
        let mut doctor = doctor.local(self.local).deadline(self.deadline).timeout(self.patience);
        for path in &self.trust_root {
            let certificate = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            doctor = doctor.trust_root(&certificate).with_context(|| path.display().to_string())?;
        }
        let mut lines = Lines { is_quiet: self.quiet, ..Lines::default() };
        let mut printed = Ok(());
        let diagnosis = doctor
            .examine_with(|finding| {
                if !json && printed.is_ok() {
                    printed = lines.tell(finding);
                }
            })
            .await;
        printed?;
        if json {
            output::json(&diagnosis)?;
        } else {
            lines.end_skipped()?;
            output::line(summary(&diagnosis))?;
            if let Some(first) = first_failure(&diagnosis).filter(|_| !self.quiet) {
                output::line(format!("First of all: {}", told(first)))?;
            }
        }
        if !self.local && is_of_this_machine(&self.url) && !diagnosis.is_healthy() {
            note("X cannot reach a URL of this machine; with --local the receiver itself is examined");
        }
        Ok(diagnosis.is_healthy().into())
    }
}

/// Prints findings as they come, one per line. Checks skipped for the same reason share a line.
#[derive(Default)]
struct Lines {
    is_quiet: bool,
    /// The latest checks that were skipped, all for the reason in `why`.
    skipped: Vec<&'static str>,
    why: String,
}

impl Lines {
    fn tell(&mut self, finding: &CheckResult) -> Result<()> {
        let (style, sign) = match finding.status() {
            Found::Skipped | Found::Passed if self.is_quiet => return Ok(()),
            Found::Skipped => {
                if self.why != finding.observed() {
                    self.end_skipped()?;
                    finding.observed().clone_into(&mut self.why);
                }
                self.skipped.push(finding.check());
                return Ok(());
            }
            Found::Passed => (GOOD, "ok"),
            Found::Warned => (CAREFUL, "warn"),
            _ => (BAD, "FAIL"),
        };
        self.end_skipped()?;
        line(style, sign, finding.check(), &told(finding))
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

fn line(style: Style, sign: &str, check: &str, said: &str) -> Result<()> {
    output::line(format!("{} {check:24} {said}", styled(style, format!("{sign:4}"))))
}

/// Returns what was observed, the cause and the fix.
fn told(finding: &CheckResult) -> String {
    let mut told = finding.observed().to_owned();
    if let Some(cause) = finding.cause() {
        told += &format!("; {cause}");
    }
    if let Some(fix) = finding.fix() {
        told += &format!(" -> {}", styled(STRONG, fix));
    }
    told
}

/// Returns the failure to fix first. Failures for X come before those that only attackers exploit.
fn first_failure(diagnosis: &Diagnosis) -> Option<&CheckResult> {
    let mut failures: Vec<_> = diagnosis.results().iter().filter(|one| one.status() == Found::Failed).collect();
    failures.sort_by_key(|one| one.side().as_str() != "x");
    failures.first().copied()
}

fn summary(diagnosis: &Diagnosis) -> String {
    let of = |verdict| diagnosis.results().iter().filter(|finding| finding.status() == verdict).count();
    let counts =
        [(Found::Passed, "passed"), (Found::Warned, "warned"), (Found::Failed, "failed"), (Found::Skipped, "skipped")]
            .map(|(verdict, name)| format!("{} {name}", of(verdict)))
            .join(", ");
    let by = |side| diagnosis.results().iter().any(|one| one.status() == Found::Failed && one.side().as_str() == side);
    let (style, said) = match (by("x"), by("stranger")) {
        (false, false) => (GOOD, "X would accept it, and nothing unsafe was found"),
        (true, false) => (BAD, "X would refuse it, or lose events"),
        (false, true) => (BAD, "it is unsafe"),
        (true, true) => (BAD, "X would refuse it, or lose events, and it is unsafe"),
    };
    format!("{}: {counts}", styled(style, said))
}

pub(crate) fn is_of_this_machine(url: &str) -> bool {
    let host = http::Uri::try_from(url).ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
