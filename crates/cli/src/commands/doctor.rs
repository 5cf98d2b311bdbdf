//! Examines a receiver.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use birdhook_testkit::{Diagnosis, Finding, Verdict as Found};
use secrecy::ExposeSecret;

use crate::Verdict;
use crate::apps::SecretArgs;
use crate::output::{self, BAD, CAREFUL, FAINT, GOOD, STRONG, note, styled};

/// Examine a receiver as X would, and as an attacker would; it may be written in any language.
///
/// Each check is a line: what was seen and, when something is wrong, the cause and the cure. A check that would show nothing
/// new, because one before it failed, is skipped. Exit code 0 only if X would accept the receiver and nothing unsafe was found.
///
/// It sends some sixty requests, nearly all one after another. Those that are correctly signed tell that a replay has ended
/// which nobody asked for, with job ids that begin with birdhook-doctor-; no app acts on them. One of them is 20 MB long.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// The URL that X knows, or will know.
    url: String,
    /// Examine a receiver on this machine or in this network: http, a port and private addresses will do.
    #[arg(long)]
    local: bool,
    /// How long an answer may take. X gives 3 s in 1.1 and 10 s in v2.
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = seconds)]
    deadline: Duration,
    /// How long to wait for an answer before it is said that there is none.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    patience: Duration,
    /// Trust this root certificate too, PEM or DER. X does not.
    #[arg(long, value_name = "FILE")]
    trust_root: Vec<PathBuf>,
    /// Tell only what is not well.
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
        let mut doctor = birdhook_testkit::Doctor::new(&self.url, self.secret.text()?.expose_secret())?
            .local(self.local)
            .deadline(self.deadline)
            .patience(self.patience);
        for path in &self.trust_root {
            let certificate = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            doctor = doctor.trust_root(&certificate).with_context(|| path.display().to_string())?;
        }
        let mut printed = Ok(());
        let diagnosis = doctor
            .examine_with(|finding| {
                let is_well = matches!(finding.verdict(), Found::Passed | Found::Skipped);
                let is_silent = json || (self.quiet && is_well);
                if !is_silent && printed.is_ok() {
                    printed = output::line(line(finding));
                }
            })
            .await;
        printed?;
        if json {
            output::json(&diagnosis)?;
        } else {
            output::line(summary(&diagnosis))?;
        }
        if !self.local && is_of_this_machine(&self.url) && !diagnosis.is_healthy() {
            note("X cannot reach a URL of this machine; with --local the receiver itself is examined");
        }
        Ok(diagnosis.is_healthy().into())
    }
}

/// What the check is called, and what came of it.
fn line(finding: &Finding) -> String {
    let (style, sign) = match finding.verdict() {
        Found::Passed => (GOOD, "ok"),
        Found::Warned => (CAREFUL, "warn"),
        Found::Skipped => (FAINT, "skip"),
        _ => (BAD, "FAIL"),
    };
    let mut line = format!("{} {:24} {}", styled(style, format!("{sign:4}")), finding.check(), finding.observed());
    if let Some(cause) = finding.cause() {
        line += &format!("; {cause}");
    }
    if let Some(cure) = finding.cure() {
        line += &format!(" -> {}", styled(STRONG, cure));
    }
    line
}

fn summary(diagnosis: &Diagnosis) -> String {
    let of = |verdict| diagnosis.findings().iter().filter(|finding| finding.verdict() == verdict).count();
    let counts =
        [(Found::Passed, "passed"), (Found::Warned, "warned"), (Found::Failed, "failed"), (Found::Skipped, "skipped")]
            .map(|(verdict, name)| format!("{} {name}", of(verdict)))
            .join(", ");
    let by =
        |side| diagnosis.findings().iter().any(|one| one.verdict() == Found::Failed && one.side().as_str() == side);
    let (style, said) = match (by("x"), by("stranger")) {
        (false, false) => (GOOD, "X would accept it, and nothing unsafe was found"),
        (true, false) => (BAD, "X would refuse it, or lose events"),
        (false, true) => (BAD, "it is unsafe"),
        (true, true) => (BAD, "X would refuse it, or lose events, and it is unsafe"),
    };
    format!("{}: {counts}", styled(style, said))
}

fn is_of_this_machine(url: &str) -> bool {
    let host = http::Uri::try_from(url).ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
