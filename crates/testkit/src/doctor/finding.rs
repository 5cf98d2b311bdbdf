//! What the doctor found.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

/// What came of one check.
///
/// `Display` is one line, and so is every text in it. Nothing here holds the secret or a signature
/// made with it; what the receiver wrote is quoted briefly, without control characters.
///
/// As JSON, where `cause` and `cure` are null unless the verdict is `failed` or `warned`:
///
/// ```json
/// {"check":"challenge_token","verdict":"failed","side":"x","proves":"...","observed":"...","cause":"...","cure":"..."}
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    check: &'static str,
    verdict: Verdict,
    side: Side,
    proves: &'static str,
    observed: String,
    cause: Option<Cow<'static, str>>,
    cure: Option<&'static str>,
}

impl Finding {
    pub(super) fn new(
        (check, side, proves): (&'static str, Side, &'static str),
        verdict: Verdict,
        observed: String,
        cause: Option<Cow<'static, str>>,
        cure: Option<&'static str>,
    ) -> Self {
        Self { check, verdict, side, proves, observed, cause, cure }
    }

    /// The check's name, in snake case, stable.
    pub fn check(&self) -> &'static str {
        self.check
    }

    /// What came of it.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Whom a failure serves.
    pub fn side(&self) -> Side {
        self.side
    }

    /// What it proves when it passes.
    pub fn proves(&self) -> &'static str {
        self.proves
    }

    /// What the receiver did; for a check that was skipped, why it was.
    pub fn observed(&self) -> &str {
        &self.observed
    }

    /// What is wrong, if something is.
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// What to do about it, if something is wrong.
    pub fn cure(&self) -> Option<&'static str> {
        self.cure
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.verdict, self.check, self.observed)?;
        if let Some(cause) = &self.cause {
            write!(f, "; {cause}")?;
        }
        if let Some(cure) = self.cure {
            write!(f, " -> {cure}")?;
        }
        Ok(())
    }
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// It is as it should be.
    Passed,
    /// It works today, and no stranger can do harm, but it is one small step from a failure.
    Warned,
    /// X would refuse it or events would be lost ([`Side::X`]), or it is unsafe
    /// ([`Side::Stranger`]).
    Failed,
    /// It was not examined: it does not apply, or something that failed before it must be put right
    /// first.
    Skipped,
}

impl Verdict {
    /// Its name, stable: `passed`, `warned`, `failed` or `skipped`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Warned => "warned",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// Who notices when a check fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Side {
    /// X does: it refuses the webhook, ends it, or counts deliveries as failed.
    X,
    /// A stranger does: they can forge deliveries, end the process, or hold it up.
    Stranger,
}

impl Side {
    /// Its name, stable: `x` or `stranger`.
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

named!(Verdict Side);

/// All findings about one receiver, in the order in which it was examined.
///
/// As JSON:
///
/// ```json
/// {"url":"https://app.example/webhooks/twitter","healthy":true,"findings":[...]}
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    url: String,
    healthy: bool,
    findings: Vec<Finding>,
}

impl Diagnosis {
    pub(super) fn new(url: String, findings: Vec<Finding>) -> Self {
        let healthy = findings.iter().all(|finding| finding.verdict != Verdict::Failed);
        Self { url, healthy, findings }
    }

    /// The URL that was examined, without a user's name and password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Every finding, one for each check.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether nothing failed: X would accept the receiver, and nothing unsafe was found.
    pub fn is_healthy(&self) -> bool {
        self.healthy
    }
}

/// One line for each finding.
impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.findings.iter().try_for_each(|finding| writeln!(f, "{finding}"))
    }
}
