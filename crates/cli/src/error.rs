//! Errors as people and programs read them: what failed, the cause, and what to try.

use std::fmt::{self, Display, Formatter};
use std::io;

use anstyle::Style;
use serde::Serialize;

use crate::output::{BAD, STRONG, error_chain, json_line, note};

/// An error with a stable code and a fix.
#[derive(Debug)]
pub(crate) struct Failure {
    code: &'static str,
    message: String,
    fix: String,
}

impl Failure {
    pub(crate) fn new(code: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { code, message: message.into(), fix: fix.into() }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.message, self.fix)
    }
}

impl std::error::Error for Failure {}

/// An error as it is printed. The members of the JSON are stable.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(rename = "try", skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

impl Report {
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        let failure = error.downcast_ref::<Failure>();
        let fix = failure.map(|failure| failure.fix.clone());
        let text = |error: &(dyn std::error::Error + 'static)| match error.downcast_ref::<Failure>() {
            Some(failure) => failure.message.clone(),
            None => error.to_string(),
        };
        let outermost: &(dyn std::error::Error + 'static) = error.as_ref();
        let (message, source) = (text(outermost), outermost.source());
        let cause = source.map(|source| if source.is::<Failure>() { text(source) } else { error_chain(source) });
        // Some libraries include the source in their own message.
        let cause = cause.filter(|cause| !message.ends_with(cause.as_str()));
        // A context may be only the name of a variable, an option or a file.
        let (message, cause) = match cause {
            Some(cause) if !message.contains(' ') => (format!("{message}: {cause}"), None),
            cause => (message, cause),
        };
        Self { code: failure.map_or_else(|| code(error), |failure| failure.code), message, cause, fix }
    }

    /// Reports wrong usage of the command line.
    pub(crate) fn usage(error: &clap::Error) -> Self {
        let text = error.render().to_string();
        let first = text.split("\n\n").next().unwrap_or_default();
        let message = first.strip_prefix("error: ").unwrap_or(first).trim().to_owned();
        let fix = "run the command with --help".to_owned();
        Self { code: "usage", message, cause: None, fix: Some(fix) }
    }

    /// Prints the report on standard error.
    pub(crate) fn print(&self, json: bool) {
        if json && let Ok(line) = json_line(self) {
            return note(line);
        }
        let line = |style: Style, label: &str, text: &str| format!("{style}{label}:{style:#} {text}");
        let mut lines = vec![line(BAD.bold(), "error", &self.message)];
        lines.extend(self.cause.as_ref().map(|cause| line(STRONG, "cause", cause)));
        lines.extend(self.fix.as_ref().map(|fix| line(STRONG, "try", fix)));
        note(lines.join("\n"));
    }
}

/// Returns the code of an error without a [`Failure`].
fn code(error: &anyhow::Error) -> &'static str {
    let kind = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    match kind {
        Some(io::ErrorKind::NotFound) => "not_found",
        Some(io::ErrorKind::PermissionDenied) => "permission_denied",
        Some(io::ErrorKind::AddrInUse) => "address_in_use",
        Some(_) => "io",
        None => "failed",
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn a_report_separates_message_cause_and_fix() {
        let plain = Report::of(&anyhow!("no inbox"));
        assert_eq!((plain.code, plain.cause, plain.fix), ("failed", None, None));

        let refused = Err::<(), _>(io::Error::from(io::ErrorKind::NotFound)).context("cannot read x").unwrap_err();
        let refused = Report::of(&refused);
        assert_eq!((refused.code, refused.message.as_str()), ("not_found", "cannot read x"));
        assert_eq!(refused.cause.as_deref(), Some("entity not found"));

        let named = Report::of(&anyhow!("the secret is empty").context("SECRET"));
        assert_eq!((named.message.as_str(), named.cause), ("SECRET: the secret is empty", None));

        let failure = anyhow::Error::new(Failure::new("no_secret", "no secret", "set a variable"));
        let direct = Report::of(&failure);
        assert_eq!((direct.message.as_str(), direct.fix.as_deref()), ("no secret", Some("set a variable")));
        let within = Report::of(&failure.context("cannot start"));
        assert_eq!((within.code, within.message.as_str()), ("no_secret", "cannot start"));
        assert_eq!((within.cause.as_deref(), within.fix.as_deref()), (Some("no secret"), Some("set a variable")));
    }
}
