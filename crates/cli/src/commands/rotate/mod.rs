//! `birdhook rotate`: the steps to rotate a secret, and whether the old one may go.

mod check;
mod steps;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use birdhook::app::SecretKind;
use birdhook::client::redact_url;
use birdhook_testkit::Sender;
use bytes::Bytes;
use clap::ArgGroup;

use self::check::{Verdict, ago, verdicts};
use self::steps::steps;
use crate::apps::SecretKindArg;
use crate::error::{Code, Failure};
use crate::exit_status::ExitStatus;
use crate::output::{self, BAD, GOOD, STRONG, plural, shown, styled};
use crate::secret_report::{self, SecretReport};
use crate::values::{check_url, seconds};

/// Print the steps to rotate a secret, or check whether the old secret may go.
///
/// --dry-run prints the steps at X and here, in their order, and changes nothing. --leaked prints
/// those after a leak, in which the old secret goes at once.
///
/// --check asks running receivers with which secret X signs now, and which one answers challenges. The
/// exit code is 0 if no old secret is needed any more: X signs with the newest secret of its kind, that
/// secret answers challenges, and X has signed nothing with an older one for some time. Otherwise it is
/// 1, with the reason. Secrets are named by their kind and their place in the configuration, such as
/// `consumer secret 2`. No value is ever printed.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("action").args(["dry_run", "check"]).required(true))]
pub(crate) struct Rotate {
    /// Print the steps.
    #[arg(long)]
    dry_run: bool,
    /// Print the use of each secret, and whether the old one may go.
    #[arg(long)]
    check: bool,
    /// Rotate, or check, only this kind of secret. Defaults to both.
    #[arg(long, value_name = "KIND")]
    kind: Option<SecretKindArg>,
    /// Print the steps for a secret that others may know.
    #[arg(long, conflicts_with = "check")]
    leaked: bool,
    /// Check the receiver whose --admin server has this URL. May be repeated; the old secret may go
    /// if no receiver needs it.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090", conflicts_with = "dry_run")]
    admin: Vec<String>,
    /// Require that X has signed nothing with the old secret for this time. X's last retry in 1.1 is
    /// sent after 272 s.
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds, conflicts_with = "dry_run")]
    quiet_for: Duration,
}

/// Time limit for the answer of a receiver.
const TIMEOUT: Duration = Duration::from_secs(10);

impl Rotate {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        let kinds = self.kind.map_or(SecretKind::ALL.to_vec(), |kind| vec![kind.into()]);
        if self.dry_run {
            kinds.into_iter().try_for_each(|kind| print_steps(kind, self.leaked, json))?;
            return Ok(ExitStatus::Success);
        }
        let mut is_ready = true;
        for url in &self.admin {
            let report = report(url).await?;
            let verdicts = verdicts(&report, &kinds, self.quiet_for);
            if verdicts.is_empty() {
                let kind = kinds.first().map(ToString::to_string).unwrap_or_default();
                let message = format!("the receiver at {} has no {kind}", redact_url(url));
                bail!(Failure::new(Code::NoSecret, message, "leave out --kind to check the others"));
            }
            is_ready &= verdicts.iter().all(|verdict| verdict.ready);
            print(url, &report, &verdicts, json)?;
        }
        Ok(is_ready.into())
    }
}

async fn report(url: &str) -> Result<SecretReport> {
    check_url("--admin", url)?;
    let shown = redact_url(url);
    let unreachable = || {
        let fix = "start the receiver with --admin 127.0.0.1:9090, or pass its address as --admin URL";
        Failure::new(Code::NoAnswer, format!("cannot ask the receiver at {shown}"), fix)
    };
    let request = http::Request::get(format!("{}{}", url.trim_end_matches('/'), secret_report::PATH));
    let answer = Sender::new(TIMEOUT)?.send(request.body(Bytes::new())?).await.with_context(unreachable)?;
    let unreadable = || {
        let message = format!(
            "{shown} is not the admin server of a receiver of this version: it responded with {}",
            answer.status
        );
        Failure::new(Code::UnreadableResponse, message, "pass the address that `birdhook listen --admin` prints")
    };
    if !answer.status.is_success() {
        bail!(unreadable());
    }
    let report: SecretReport = serde_json::from_slice(&answer.body).with_context(unreadable)?;
    if report.version > secret_report::VERSION {
        bail!(Failure::new(
            Code::LaterVersion,
            format!("a later version of birdhook runs at {shown}"),
            "upgrade birdhook"
        ));
    }
    Ok(report)
}

fn print_steps(kind: SecretKind, is_leaked: bool, json: bool) -> Result<()> {
    let steps = steps(kind, is_leaked);
    if json {
        return steps.iter().try_for_each(output::json);
    }
    let occasion = if is_leaked { "after a leak" } else { "planned" };
    output::line(styled(STRONG, format!("{kind}, {occasion}")))?;
    steps.iter().try_for_each(|step| output::line(step.to_string()))?;
    output::line("")
}

fn print(url: &str, report: &SecretReport, verdicts: &[Verdict], json: bool) -> Result<()> {
    for verdict in verdicts {
        if json {
            output::json(&verdict.of_receiver(&redact_url(url)))?;
            continue;
        }
        output::line(styled(STRONG, format!("{} of {} at {}", verdict.kind, verdict.app, redact_url(url))))?;
        for secret in report.secrets.iter().filter(|secret| secret.is_of(&verdict.app, verdict.kind)) {
            let used = match secret.last_use() {
                Some(time) => {
                    format!("signed {}, the last {} ago", plural(secret.deliveries, "delivery"), ago(report.now, time))
                }
                None => format!("signed nothing in {}", ago(report.now, secret.since)),
            };
            let answers = if secret.answers { "; answers challenges" } else { "" };
            output::line(format!("  {}: {used}{answers}", secret.name()))?;
        }
        let (style, word) = if verdict.ready { (GOOD, "ok") } else { (BAD, "not yet") };
        output::line(format!("{}: {}", styled(style, word), shown(&verdict.why)))?;
    }
    Ok(())
}
