//! Errors as people and programs read them: what failed, the cause, and what to try.

use std::fmt::{self, Display, Formatter};
use std::io;

use anstyle::Style;
use clap::error::{ContextKind, ErrorKind};
use serde::Serialize;

use crate::output::{BAD, STRONG, error_chain, json_line, note, shown};

/// Declares the codes of errors with their texts in JSON and their meanings, for the manual.
macro_rules! codes {
    ($($code:ident $text:literal $meaning:literal,)*) => {
        /// The stable code of an error.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $($code,)*
        }

        impl Code {
            pub(crate) const ALL: &[Self] = &[$(Self::$code,)*];

            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $text,)*
                }
            }

            pub(crate) fn meaning(self) -> &'static str {
                match self {
                    $(Self::$code => $meaning,)*
                }
            }
        }
    };
}

codes! {
    Usage "usage" "The command line is wrong.",
    InvalidUrl "invalid_url" "A URL is not an absolute http or https URL.",
    InsecureUrl "insecure_url" "Credentials would be sent over http to another machine.",
    InvalidTarget "invalid_target" "A target that should receive events is invalid.",
    InvalidFile "invalid_file" "The contents of a file are invalid.",
    LaterVersion "later_version" "A later version of birdhook wrote the file.",
    NotFound "not_found" "A file or a folder does not exist.",
    PermissionDenied "permission_denied" "The system denies access to a file, a folder or a port.",
    AddressInUse "address_in_use" "Another program uses the address.",
    FileInUse "file_in_use" "Another process records to the file.",
    Io "io" "Another fault of a file, a folder or a connection.",
    ConfirmationRequired "confirmation_required" "A command that deletes needs `--yes` without a terminal.",
    NotConfirmed "not_confirmed" "The user did not confirm.",
    NoSecret "no_secret" "No secret is configured.",
    InvalidSecret "invalid_secret" "A secret or key cannot be read, or cannot be one.",
    NoKeys "no_keys" "Keys of the app are missing.",
    NoSuchUser "no_such_user" "The credentials file has no tokens of the user.",
    LoginFailed "login_failed" "The user did not authorise the app, or X refused the login.",
    TokenLost "token_lost" "X issued a token that could not be written to the credentials file.",
    NoInbox "no_inbox" "The folder contains no inbox.",
    InboxInUse "inbox_in_use" "Another process has opened the inbox.",
    InboxUnreadable "inbox_unreadable" "The inbox cannot be opened or read.",
    BackupFailed "backup_failed" "A backup of an inbox cannot be written or restored.",
    NoSuchEvent "no_such_event" "The inbox has no dead letter with the id.",
    NoEngine "no_engine" "No engine is named.",
    EngineUnavailable "engine_unavailable" "The engine cannot be reached, or refuses the command.",
    DatabaseUnavailable "database_unavailable" "The database cannot be reached, or refuses the command.",
    InvalidState "invalid_state" "X would refuse the desired state, or credentials for it are missing.",
    InvalidSubscription "invalid_subscription" "X would refuse the subscription.",
    NoSuchSubscription "no_such_subscription" "The app has no subscription with the id.",
    ReceiverFault "receiver_fault" "X would refuse the receiver.",
    SimilarUrl "similar_url" "X has a webhook at a variant of the URL.",
    StepsRefused "steps_refused" "X refused a part of the work. The rest is done.",
    MockRefused "mock_refused" "The mock X refused the receiver or a subscription.",
    ChallengeFailed "challenge_failed" "The receiver failed X's challenge.",
    UrlRefused "url_refused" "X does not accept the URL.",
    DuplicateUrl "duplicate_url" "The app already has a webhook at the URL.",
    LimitReached "limit_reached" "The limit of webhooks or subscriptions is reached.",
    AlreadySubscribed "already_subscribed" "The user is already subscribed.",
    NotSubscribed "not_subscribed" "The subscription does not exist.",
    NoSuchWebhook "no_such_webhook" "The webhook does not exist, or belongs to another app.",
    WebhookInvalid "webhook_invalid" "The webhook is invalid until it passes a challenge.",
    NotAllowed "not_allowed" "The app is not allowed to make the call.",
    AccessLevel "access_level" "The app's access level does not include the call.",
    Suspended "suspended" "The account or the app is suspended.",
    Locked "locked" "The account is locked.",
    NoCredits "no_credits" "The account has no credits left.",
    UsageCap "usage_cap" "A usage cap is reached.",
    Permission "permission" "The user has not granted the permission that the call needs.",
    Unauthenticated "unauthenticated" "X does not accept the credentials.",
    NotRenewed "not_renewed" "X does not renew the user's token.",
    WrongCredential "wrong_credential" "The call needs a different kind of credentials.",
    NoCredential "no_credential" "Credentials that the call accepts are missing.",
    RateLimited "rate_limited" "The rate limit is reached.",
    ReplayUnderWay "replay_under_way" "A replay job of the webhook is already running.",
    ReplayDates "replay_dates" "X does not accept the dates of the replay.",
    XDown "x_down" "X is down or overloaded.",
    NoAnswer "no_answer" "There was no response from X.",
    UnreadableResponse "unreadable_response" "X's response cannot be read.",
    XRefused "x_refused" "X refused the call for another reason.",
    Failed "failed" "An unexpected fault of birdhook.",
}

/// An error with a code and a fix. As the context of another error, it names that error as its
/// cause.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    message: String,
    fix: String,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { code, message: message.into(), fix: fix.into() }
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
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
    #[serde(rename = "try")]
    fix: String,
    /// The command in the fix, if programs can run it as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
}

impl Report {
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        let (code, fix) = match error.downcast_ref::<Failure>() {
            Some(failure) => (failure.code, failure.fix.clone()),
            None => unclassified(error),
        };
        let (message, source) = (error.to_string(), AsRef::<dyn std::error::Error>::as_ref(error).source());
        let cause = source.map(|source| error_chain(source).trim_end().to_owned());
        // Some libraries include the source in their own message.
        let included = cause.as_ref().and_then(|cause| message.strip_suffix(cause.as_str())?.strip_suffix(": "));
        let message = included.map_or_else(|| message.clone(), str::to_owned);
        let cause = cause.filter(|cause| *cause != message);
        Self { code: code.as_str(), message, cause, fix, command: None }
    }

    /// Reports a wrong command line. `help` is the command that describes the one in question.
    pub(crate) fn usage(error: &clap::Error, help: &str) -> Self {
        let text = error.render().to_string();
        let mut lines = text.lines().take_while(|line| !line.is_empty()).map(str::trim);
        let first = lines.next().unwrap_or_default();
        let details: Vec<&str> = lines.map(|line| line.trim_matches(['[', ']'])).collect();
        let first = match error.kind() {
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "a command is missing",
            _ => first.strip_prefix("error: ").unwrap_or(first),
        };
        let source = std::error::Error::source(error).map(ToString::to_string);
        let split = source.and_then(|source| Some((first.strip_suffix(&source)?.strip_suffix(": ")?, source)));
        let (message, cause) = match split {
            Some((message, source)) => (message.to_owned(), Some(source)),
            None if first.ends_with(':') => (format!("{first} {}", details.join(", ")), None),
            None => (first.to_owned(), (!details.is_empty()).then(|| details.join(", "))),
        };
        let similar = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
        let similar = similar.into_iter().find_map(|kind| error.get(kind)).map(ToString::to_string);
        let fix = match similar.filter(|text| !text.is_empty()) {
            Some(similar) => format!("use {similar}, or run `{help}`"),
            None => format!("run `{help}`"),
        };
        let cause = cause.filter(|_| error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand);
        Self { code: Code::Usage.as_str(), message, cause, fix, command: None }
    }

    /// Adds a cause.
    pub(crate) fn with_cause(mut self, cause: Option<String>) -> Self {
        let causes: Vec<_> = self.cause.take().into_iter().chain(cause).collect();
        self.cause = (!causes.is_empty()).then(|| causes.join("; "));
        self
    }

    /// Returns the message with its cause, and the fix.
    pub(crate) fn into_parts(self) -> (String, String) {
        let Self { message, cause, fix, .. } = self;
        (cause.map_or_else(|| message.clone(), |cause| format!("{message}: {cause}")), fix)
    }

    /// Adds the first command in the fix, if `is_valid` accepts its words, and if it deletes nothing
    /// and has neither a word to replace nor a character with a meaning in a shell.
    pub(crate) fn with_command(mut self, is_valid: impl FnOnce(&[&str]) -> bool) -> Self {
        let command = self.fix.split('`').nth(1).unwrap_or_default();
        let words: Vec<&str> = command.split(' ').collect();
        let is_placeholder = |word: &&str| word.len() > 1 && word.chars().all(|letter| letter.is_ascii_uppercase());
        let is_harmless = |letter: char| letter.is_ascii_alphanumeric() || " -_./:".contains(letter);
        let deletes = ["delete", "remove", "forget", "discard"].iter().any(|word| words.contains(word));
        let is_complete = words.first() == Some(&"birdhook") && !words.iter().any(is_placeholder) && !deletes;
        if is_complete && command.chars().all(is_harmless) && is_valid(&words) {
            self.command = Some(command.to_owned());
        }
        self
    }

    /// Prints the report on standard error.
    pub(crate) fn print(&self, json: bool) {
        if json && let Ok(line) = json_line(self) {
            return note(line);
        }
        let line = |style: Style, label: &str, text: &str| {
            let lines: Vec<_> = text.lines().map(shown).collect();
            format!("{style}{label}:{style:#} {}", lines.join("\n"))
        };
        let mut lines = vec![line(BAD.bold(), "error", &self.message)];
        lines.extend(self.cause.as_ref().map(|cause| line(STRONG, "cause", cause)));
        lines.push(line(STRONG, "try", &self.fix));
        note(lines.join("\n"));
    }
}

/// Returns the code and the fix of an error without a [`Failure`].
fn unclassified(error: &anyhow::Error) -> (Code, String) {
    let kind = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    let (code, fix) = match kind {
        Some(io::ErrorKind::NotFound) => (Code::NotFound, "check the name and the current folder"),
        Some(io::ErrorKind::PermissionDenied) => (Code::PermissionDenied, "check the owner and the permissions"),
        Some(io::ErrorKind::AddrInUse) => (Code::AddressInUse, "stop the other program, or choose another address"),
        Some(io::ErrorKind::AddrNotAvailable) => (Code::Io, "pass an address of this machine"),
        Some(io::ErrorKind::IsADirectory) => (Code::Io, "name a file, not a folder"),
        Some(io::ErrorKind::NotADirectory) => (Code::Io, "check the name: one of its folders is a file"),
        Some(io::ErrorKind::StorageFull) => (Code::Io, "free space on the disk"),
        Some(_) => (Code::Io, "remove the cause, then run the command again"),
        None => (Code::Failed, "report this error with the output of `birdhook --version`"),
    };
    (code, fix.to_owned())
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn a_report_separates_message_cause_and_fix() {
        let plain = Report::of(&anyhow!("no inbox"));
        assert_eq!((plain.code, plain.cause), ("failed", None));

        let refused = Err::<(), _>(io::Error::from(io::ErrorKind::NotFound)).context("cannot read x").unwrap_err();
        let refused = Report::of(&refused);
        assert_eq!((refused.code, refused.message.as_str()), ("not_found", "cannot read x"));
        assert_eq!(refused.cause.as_deref(), Some("entity not found"));
        let included = Report::of(&anyhow!("it is full").context("cannot write: it is full"));
        assert_eq!((included.message.as_str(), included.cause.as_deref()), ("cannot write", Some("it is full")));

        let failure = || Failure::new(Code::NoSecret, "no secret", "set a variable");
        let direct = Report::of(&failure().into());
        assert_eq!((direct.message.as_str(), direct.cause, direct.fix.as_str()), ("no secret", None, "set a variable"));
        let context = Report::of(&anyhow!("it is empty").context(failure()));
        assert_eq!((context.code, context.message.as_str()), ("no_secret", "no secret"));
        assert_eq!((context.cause.as_deref(), context.fix.as_str()), (Some("it is empty"), "set a variable"));
        let within = Report::of(&anyhow::Error::from(failure()).context("cannot start"));
        assert_eq!((within.code, within.message.as_str()), ("no_secret", "cannot start"));
        assert_eq!((within.cause.as_deref(), within.fix.as_str()), (Some("no secret"), "set a variable"));
    }

    #[test]
    fn only_a_complete_and_valid_command_is_a_member_of_the_json() {
        for (fix, command) in [
            ("run `birdhook auth app`", Some("birdhook auth app")),
            ("delete one with `birdhook webhooks delete ID`", None),
            ("delete it with `birdhook webhooks delete 27`", None),
            ("run `birdhook webhooks validate 1;reboot`", None),
            ("run `chmod 600 file`", None),
            ("run `birdhook nonsense`", None),
            ("no command", None),
        ] {
            let report = Report::of(&Failure::new(Code::Usage, "x", fix).into());
            let report = report.with_command(|words| words.get(1) != Some(&"nonsense"));
            assert_eq!(report.command.as_deref(), command, "{fix}");
        }
    }

    #[test]
    fn codes_are_unique_words() {
        let mut codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert!(codes.iter().all(|code| code.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Code::ALL.len());
    }
}
