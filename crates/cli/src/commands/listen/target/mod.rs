//! The targets of `birdhook listen`: programs that receive the events.

pub(crate) mod args;
pub(crate) mod client;
pub(crate) mod direct;
pub(crate) mod folder;
pub(crate) mod message;
mod pause;
mod program;
mod request;
pub(crate) mod secret;
pub(crate) mod trace;
pub(crate) mod worker;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result};
use birdhook::client::redact_url;
use birdhook::{Event, EventKind};
use serde::Deserialize;

use self::secret::{SecretSource, SigningSecret};
use crate::error::{Code, Failure};
use crate::values::{check_url, is_of_this_machine};

/// A program that receives events, at a URL or run for each event. An entry of `[[targets]]`.
///
/// Valid only after [`Target::check`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Target {
    /// Names the target in notes, and its folder in the inbox.
    pub(crate) name: String,
    /// The URL that gets a POST for each event.
    pub(crate) url: Option<String>,
    /// The program to run for each event, and its arguments.
    #[serde(default)]
    pub(crate) exec: Vec<String>,
    /// The form in which the target gets an event.
    #[serde(default)]
    pub(crate) mode: TargetMode,
    /// Selects events of these kinds. Empty selects all.
    #[serde(default)]
    pub(crate) kinds: Vec<EventKind>,
    /// Selects events of these subscribers, by their ids. Empty selects all.
    #[serde(default)]
    pub(crate) subscribers: Vec<String>,
    /// Maximum number of events that the target processes at once.
    #[serde(default = "default_concurrency")]
    pub(crate) concurrency: usize,
    /// Time limit of one attempt, in seconds.
    #[serde(default = "default_timeout")]
    pub(crate) timeout: f64,
    /// Number of attempts before an event becomes a dead letter.
    #[serde(default = "default_max_attempts")]
    pub(crate) max_attempts: u32,
    /// Sends each subscriber's events one at a time, in the order in which they were accepted.
    #[serde(default)]
    pub(crate) in_order: bool,
    /// The secrets that sign requests. Each source holds one secret, or two during a rotation.
    #[serde(default)]
    pub(crate) secrets: Vec<SecretSource>,
}

/// The form in which a target gets events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TargetMode {
    /// One request for each event: its documented JSON (docs/activity.md).
    #[default]
    Event,
    /// One request for each event: a CloudEvent 1.0 in structured JSON.
    CloudEvent,
    /// One request for each delivery: its body as X wrote it, with X's signature header.
    Raw,
}

pub(crate) const DEFAULT_CONCURRENCY: usize = 8;
pub(crate) const DEFAULT_TIMEOUT: f64 = 10.0;
pub(crate) const DEFAULT_MAX_ATTEMPTS: u32 = 10;

const MAX_CONCURRENCY: usize = 1000;
const MAX_TIMEOUT: f64 = 3600.0;
const MAX_NAME: usize = 40;

fn default_concurrency() -> usize {
    DEFAULT_CONCURRENCY
}

fn default_timeout() -> f64 {
    DEFAULT_TIMEOUT
}

fn default_max_attempts() -> u32 {
    DEFAULT_MAX_ATTEMPTS
}

impl Target {
    /// Checks all values, and that the secrets can be read.
    ///
    /// # Errors
    /// Names the first value that is wrong, and what to write instead.
    pub(crate) fn check(&self) -> Result<()> {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        if self.name.is_empty() || self.name.len() > MAX_NAME || !self.name.bytes().all(is_letter) {
            let message = format!("invalid name of a target: {:?}", self.name);
            let fix = format!("use 1 to {MAX_NAME} lower-case letters, digits, - and _, for example shop");
            return Err(invalid(message, fix));
        }
        let name = &self.name;
        match (&self.url, self.exec.first().map(String::as_str)) {
            (Some(url), None) => check_url(&format!("url of the target {name}"), url)?,
            (None, Some(program)) if !program.is_empty() => {}
            (None, Some(_)) => return Err(self.invalid("the program in exec is empty", "name a program")),
            (None, None) => return Err(self.invalid("it has neither url nor exec", "set one of them")),
            (Some(_), Some(_)) => return Err(self.invalid("it has both url and exec", "set one of them")),
        }
        if self.mode == TargetMode::Raw && !(self.kinds.is_empty() && self.subscribers.is_empty()) {
            return Err(self.invalid(
                "the mode raw cannot be combined with kinds or subscribers, because a delivery may hold several events",
                "leave out kinds and subscribers, or use the mode event",
            ));
        }
        if let Some(id) = self.subscribers.iter().find(|id| id.is_empty()) {
            return Err(
                self.invalid(format!("invalid subscriber {id:?}"), "use the id of a user, such as \"2244994945\"")
            );
        }
        if !(1..=MAX_CONCURRENCY).contains(&self.concurrency) {
            let problem = format!("invalid concurrency {}", self.concurrency);
            return Err(self.invalid(problem, format!("use a number from 1 to {MAX_CONCURRENCY}")));
        }
        if !(self.timeout > 0.0 && self.timeout <= MAX_TIMEOUT) {
            let problem = format!("invalid timeout {}", self.timeout);
            return Err(self.invalid(problem, format!("use a number of seconds above 0, at most {MAX_TIMEOUT}")));
        }
        if self.max_attempts == 0 {
            return Err(self.invalid("invalid max_attempts 0", "use a number of at least 1"));
        }
        self.signing_secrets().map(drop)
    }

    /// Reads the secrets that sign requests. Empty if the requests are not signed.
    pub(crate) fn signing_secrets(&self) -> Result<Vec<SigningSecret>> {
        let sources = || format!("cannot read the secrets of the target {}", self.name);
        let mut secrets = Vec::new();
        for source in &self.secrets {
            secrets.extend(source.read().with_context(sources)?);
        }
        match (&self.url, secrets.len()) {
            (None, 1..) => Err(self.invalid("exec cannot be combined with secrets", "leave out secrets")),
            (Some(_), 3..) => Err(self.invalid("it has more than two secrets", "keep the new and the previous secret")),
            (Some(url), 0) if self.mode != TargetMode::Raw && !is_of_this_machine(url) => Err(self.invalid(
                "it is on another machine and has no secret, so it could not tell birdhook's requests from forged ones",
                "create a secret with `echo whsec_$(openssl rand -base64 32)`, and name the variable or file that \
                 holds it",
            )),
            _ => Ok(secrets),
        }
    }

    /// Returns whether the target gets this event.
    pub(crate) fn matches(&self, event: &Event) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&event.kind()))
            && (self.subscribers.is_empty()
                || event.subscriber().is_some_and(|id| self.subscribers.iter().any(|known| known == id)))
    }

    /// Returns the time limit of one attempt.
    pub(crate) fn time_limit(&self) -> Duration {
        Duration::try_from_secs_f64(self.timeout).unwrap_or(Duration::from_secs(1))
    }

    /// Returns the place of the target, in the words of a note: a URL without credentials, or a
    /// program without its arguments.
    pub(crate) fn place(&self) -> String {
        match (&self.url, self.exec.first()) {
            (Some(url), _) => redact_url(url).to_string(),
            (None, Some(program)) => program.clone(),
            (None, None) => String::new(),
        }
    }

    fn invalid(&self, problem: impl AsRef<str>, fix: impl Into<String>) -> anyhow::Error {
        invalid(format!("invalid target {}: {}", self.name, problem.as_ref()), fix)
    }
}

/// Checks each target, and that their names differ.
pub(crate) fn check_targets(targets: &[Target]) -> Result<()> {
    let mut names = BTreeSet::new();
    for target in targets {
        target.check()?;
        if !names.insert(&target.name) {
            return Err(invalid(format!("two targets have the name {}", target.name), "give each target its own name"));
        }
    }
    Ok(())
}

fn invalid(message: impl Into<String>, fix: impl Into<String>) -> anyhow::Error {
    Failure::new(Code::InvalidTarget, message, fix).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G";

    fn parse(text: &str) -> Target {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_target_has_defaults_for_all_but_its_name_and_place() {
        let target = parse("name = 'shop'\nurl = 'http://127.0.0.1:3000/'");
        target.check().unwrap();
        assert_eq!((target.mode, target.concurrency, target.max_attempts), (TargetMode::Event, 8, 10));
        assert_eq!((target.time_limit(), target.in_order), (Duration::from_secs(10), false));
        let exec =
            parse("name = 'mail'\nexec = ['./mail', '-v']\nmode = 'cloud-event'\ntimeout = 2.5\nkinds = ['liked']");
        exec.check().unwrap();
        assert_eq!((exec.mode, exec.time_limit()), (TargetMode::CloudEvent, Duration::from_millis(2500)));
        assert_eq!(exec.kinds, [EventKind::Liked]);
    }

    #[test]
    fn a_wrong_value_is_named_with_its_target() {
        let url = "url = 'http://127.0.0.1/'";
        for (text, problem) in [
            (format!("name = 'Shop'\n{url}"), "invalid name of a target: \"Shop\""),
            (format!("name = '../shop'\n{url}"), "invalid name of a target"),
            ("name = 'a'".to_owned(), "invalid target a: it has neither url nor exec"),
            (format!("name = 'a'\n{url}\nexec = ['b']"), "it has both url and exec"),
            ("name = 'a'\nexec = ['']".to_owned(), "the program in exec is empty"),
            ("name = 'a'\nurl = 'shop'".to_owned(), "invalid url of the target a"),
            (format!("name = 'a'\n{url}\nmode = 'raw'\nkinds = ['liked']"), "the mode raw cannot be combined"),
            (format!("name = 'a'\n{url}\nsubscribers = ['']"), "invalid subscriber \"\""),
            (format!("name = 'a'\n{url}\nconcurrency = 0"), "invalid concurrency 0"),
            (format!("name = 'a'\n{url}\ntimeout = 0"), "invalid timeout 0"),
            (format!("name = 'a'\n{url}\ntimeout = nan"), "invalid timeout NaN"),
            (format!("name = 'a'\n{url}\nmax_attempts = 0"), "invalid max_attempts 0"),
            (format!("name = 'a'\n{url}\nsecrets = ['{SECRET}', '{SECRET}', '{SECRET}']"), "more than two secrets"),
            (format!("name = 'a'\nexec = ['b']\nsecrets = ['{SECRET}']"), "exec cannot be combined with secrets"),
            ("name = 'a'\nurl = 'https://shop.example/'".to_owned(), "it is on another machine and has no secret"),
        ] {
            let found = parse(&text).check().unwrap_err().to_string();
            assert!(found.contains(problem), "{text}: {found}");
        }
        let unknown = toml::from_str::<Target>("name = 'a'\nurls = []").unwrap_err().to_string();
        assert!(unknown.contains("unknown field `urls`"), "{unknown}");
        let kind = toml::from_str::<Target>("name = 'a'\nkinds = ['like']").unwrap_err().to_string();
        assert!(kind.contains("unknown event kind \"like\""), "{kind}");
    }

    #[test]
    fn the_targets_of_the_guide_are_valid() {
        #[derive(Deserialize)]
        struct File {
            targets: Vec<Target>,
        }
        let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/gateway.md");
        let guide = std::fs::read_to_string(guide).unwrap();
        let start = guide.find("[[targets]]").unwrap();
        let text = &guide[start..start + guide[start..].find("```").unwrap()];
        let mut targets = toml::from_str::<File>(text).unwrap().targets;
        assert_eq!((targets.len(), targets[0].kinds.len()), (2, 2));
        // The variable is not set here.
        targets[0].secrets = vec![SECRET.to_owned().into()];
        check_targets(&targets).unwrap();
    }

    #[test]
    fn two_targets_with_one_name_are_rejected() {
        let target = parse("name = 'a'\nurl = 'http://127.0.0.1/'");
        let found = check_targets(&[target.clone(), target]).unwrap_err().to_string();
        assert_eq!(found, "two targets have the name a");
    }

    #[test]
    fn a_target_selects_events_by_kind_and_subscriber() {
        let body =
            r#"{"for_user_id":"1","favorite_events":[{"id":"a","favorited_status":{"id":"20"},"user":{"id":"2"}}]}"#;
        let delivery = birdhook::Delivery::restore("shop", body, 1).unwrap();
        let event = &delivery.events()[0];
        assert_eq!(event.kind(), EventKind::Liked);
        for (filter, is_selected) in [
            ("", true),
            ("kinds = ['followed', 'liked']", true),
            ("kinds = ['followed']", false),
            ("subscribers = ['1']", true),
            ("subscribers = ['2']", false),
            ("kinds = ['liked']\nsubscribers = ['2']", false),
        ] {
            assert_eq!(parse(&format!("name = 'a'\n{filter}")).matches(event), is_selected, "{filter}");
        }
    }
}
