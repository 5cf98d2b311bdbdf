//! The results of the doctor's checks.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::verdict::{Effect, Verdict};

/// The result of one check.
///
/// `Display` prints one line, and every text in a result is one line. A result never contains the
/// secret or a signature made with it. Text from the receiver is shortened and quoted without
/// control characters.
///
/// In JSON, the status is `verdict` and the fix is `cure`. `cause`, `cure` and `effect` are null
/// unless the status is `failed` or `warned`. `evidence` is null unless the response shows who
/// answered:
///
/// ```json
/// {"check":"challenge_token","verdict":"failed","side":"x","proves":"...","observed":"...","cause":"...","cure":"...","evidence":null,"effect":"refusal","consequence":"..."}
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct CheckResult {
    pub(crate) check: &'static str,
    #[serde(rename = "verdict")]
    pub(crate) status: CheckStatus,
    pub(crate) side: Side,
    pub(crate) proves: &'static str,
    pub(crate) observed: String,
    pub(crate) cause: Option<Cow<'static, str>>,
    #[serde(rename = "cure")]
    pub(crate) fix: Option<&'static str>,
    pub(crate) evidence: Option<String>,
    pub(crate) effect: Option<Effect>,
    pub(crate) consequence: &'static str,
}

impl CheckResult {
    /// Returns the name of the check, in snake case. Names are stable.
    pub fn check(&self) -> &'static str {
        self.check
    }

    /// Returns the status.
    pub fn status(&self) -> CheckStatus {
        self.status
    }

    /// Returns whether a failure affects X's deliveries or helps an attacker.
    pub fn side(&self) -> Side {
        self.side
    }

    /// Returns the property that the check proves when it passes.
    pub fn proves(&self) -> &'static str {
        self.proves
    }

    /// Returns the observed behaviour of the receiver, or the reason why the check was skipped.
    pub fn observed(&self) -> &str {
        &self.observed
    }

    /// Returns the cause of a failure or warning.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// Returns the fix for a failure or warning.
    pub fn fix(&self) -> Option<&'static str> {
        self.fix
    }

    /// Returns headers of the server and its proxies, and the beginning of the body, of a response
    /// that the app may not have sent.
    pub fn evidence(&self) -> Option<&str> {
        self.evidence.as_deref()
    }

    /// Returns the effect of a failure or warning.
    pub fn effect(&self) -> Option<Effect> {
        self.effect
    }

    /// Returns what X does if this check fails.
    pub fn consequence(&self) -> &'static str {
        self.consequence
    }

    /// Returns the observation, the cause and the fix on one line.
    pub fn finding(&self) -> String {
        let cause = self.cause.as_ref().map(|cause| format!("; {cause}")).unwrap_or_default();
        let fix = self.fix.map(|fix| format!(" -> {fix}")).unwrap_or_default();
        format!("{}{cause}{fix}", self.observed)
    }
}

impl fmt::Display for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.check, self.finding())
    }
}

/// The status of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CheckStatus {
    /// The receiver behaves as it should.
    Passed,
    /// X accepts this and attackers cannot exploit it, but it is fragile.
    Warned,
    /// X would reject the receiver, events would be lost ([`Side::X`]), or the receiver is unsafe
    /// ([`Side::Stranger`]).
    Failed,
    /// The check did not run: it does not apply, or a check that it needs failed.
    Skipped,
}

impl CheckStatus {
    /// Returns the stable name: `passed`, `warned`, `failed` or `skipped`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// The party that a failed check concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Side {
    /// X, which rejects the webhook, invalidates it, or counts deliveries as failed.
    X,
    /// An attacker, who can forge deliveries, crash the process, or block it.
    Stranger,
}

impl Side {
    /// Returns the stable name: `x` or `stranger`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X => "x",
            Self::Stranger => "stranger",
        }
    }
}

macro_rules! named {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    )*};
}

named!(CheckStatus Side);

/// The results of all checks of one receiver, in the order of the checks.
///
/// `Display` prints one line per result, and the verdict as the last line.
///
/// In JSON, `findings` are the results:
///
/// ```json
/// {"url":"https://app.example/webhooks/twitter","healthy":true,"verdict":"ready for X","findings":[...]}
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    url: String,
    healthy: bool,
    #[serde(rename = "verdict")]
    verdict_line: String,
    #[serde(rename = "findings")]
    results: Vec<CheckResult>,
}

impl Diagnosis {
    pub(crate) fn new(url: String, results: Vec<CheckResult>) -> Self {
        let healthy = results.iter().all(|result| result.status != CheckStatus::Failed);
        let mut diagnosis = Self { url, healthy, verdict_line: String::new(), results };
        diagnosis.verdict_line = diagnosis.verdict().to_string();
        diagnosis
    }

    /// Returns the examined URL, without user name and password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the results, one for each check.
    pub fn results(&self) -> &[CheckResult] {
        &self.results
    }

    /// Returns the failures, most serious first, then the warnings.
    ///
    /// Faults that let attackers forge deliveries come first, then a leaked secret, then those that
    /// end the webhook, then those that lose events.
    pub fn findings(&self) -> Vec<&CheckResult> {
        let is_finding = |status| matches!(status, CheckStatus::Failed | CheckStatus::Warned);
        let mut findings: Vec<_> = self.results.iter().filter(|result| is_finding(result.status)).collect();
        // A leaked secret lets attackers in like a missing check of signatures.
        let leaks = |result: &CheckResult| result.check == "answers_keep_secrets";
        // X examines the URL before it connects.
        let effect = |result: &CheckResult| match result.check.starts_with("url_") {
            true => Some(Effect::Unreachable),
            false => result.effect,
        };
        findings.sort_by_key(|result| {
            let is_warning = result.status == CheckStatus::Warned;
            (is_warning, result.effect != Some(Effect::Forgery) && !leaks(result), leaks(result), effect(result))
        });
        findings
    }

    /// Returns the verdict, with the failure to fix first.
    pub fn verdict(&self) -> Verdict<'_> {
        let first = self.findings().first().copied();
        Verdict { first: first.filter(|result| result.status == CheckStatus::Failed) }
    }

    /// Returns whether no check failed: X would accept the receiver, and nothing unsafe was found.
    pub fn is_healthy(&self) -> bool {
        self.healthy
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.results.iter().try_for_each(|result| writeln!(f, "{result}"))?;
        writeln!(f, "{}", self.verdict_line)
    }
}
