//! The URLs and programs that are notified of alarms.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use birdhook_testkit::Sender;
use http::Uri;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::raised::Notification;
use crate::values::check_url;

/// Time limit for a request or a program.
const LIMIT: Duration = Duration::from_secs(10);

/// Interval between checks of whether a program has ended.
const CHECK: Duration = Duration::from_millis(20);

/// The version of the message.
const VERSION: u32 = 1;

pub(super) struct Target {
    /// A hash of the URL or the path, which may contain a secret.
    pub(super) id: String,
    /// The origin of the URL, or the path.
    pub(super) name: String,
    place: Place,
}

enum Place {
    Url { url: String, sender: Sender },
    Program(PathBuf),
}

/// A notification as JSON.
#[derive(Serialize)]
struct Message<'a> {
    version: u32,
    alarm: &'static str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    since: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
    receiver: &'a str,
    summary: &'a str,
    fix: &'a str,
    /// One line for chats.
    text: String,
}

impl Target {
    pub(super) fn url(url: &str) -> Result<Self> {
        check_url("--notify", url)?;
        let uri = Uri::try_from(url)?;
        // The path of a chat's webhook is a secret.
        let name = format!("{}://{}", uri.scheme_str().unwrap_or_default(), uri.host().unwrap_or_default());
        let place = Place::Url { url: url.to_owned(), sender: Sender::new(LIMIT)? };
        Ok(Self { id: id(url.as_bytes()), name, place })
    }

    pub(super) fn program(path: PathBuf) -> Self {
        let name = path.display().to_string();
        Self { id: id(path.as_os_str().as_encoded_bytes()), name, place: Place::Program(path) }
    }

    pub(super) async fn send(&self, notification: &Notification, receiver: &str) -> Result<()> {
        let body = serde_json::to_vec(&message(notification, receiver))?;
        match &self.place {
            Place::Url { url, sender } => {
                let request = http::Request::post(url).header(CONTENT_TYPE, "application/json").body(body.into())?;
                let status = sender.send(request).await?.status;
                if !status.is_success() {
                    bail!("it responded with {status}");
                }
                Ok(())
            }
            Place::Program(path) => {
                let (path, alarm, state) = (path.clone(), notification.id.alarm.as_str(), state(notification));
                let running = tokio::task::spawn_blocking(move || run(&path, alarm, state, &body));
                running.await.context("the runtime has ended").flatten()
            }
        }
    }
}

fn id(text: &[u8]) -> String {
    Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn state(notification: &Notification) -> &'static str {
    if notification.ended_at.is_some() { "ended" } else { "raised" }
}

fn message<'a>(notification: &'a Notification, receiver: &'a str) -> Message<'a> {
    let Notification { id, since, words, ended_at } = notification;
    let ended = if ended_at.is_some() { "ended: " } else { "" };
    Message {
        version: VERSION,
        alarm: id.alarm.as_str(),
        state: state(notification),
        subject: id.subject.as_deref(),
        since: since.to_string(),
        ended_at: ended_at.map(|time| time.to_string()),
        receiver,
        summary: &words.summary,
        fix: &words.fix,
        text: format!("birdhook at {receiver}: {ended}{}", words.summary),
    }
}

/// Runs a program with the message on its standard input. Its environment has no secret of this
/// process.
fn run(path: &Path, alarm: &str, state: &str, body: &[u8]) -> Result<()> {
    let kept = ["PATH", "HOME", "LANG", "TMPDIR", "SystemRoot"];
    let environment = kept.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    let mut command = Command::new(path);
    command.env_clear().envs(environment).env("BIRDHOOK_ALARM", alarm).env("BIRDHOOK_ALARM_STATE", state);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let started = Instant::now();
    if let Some(mut stdin) = child.stdin.take() {
        // Fits into the pipe's buffer. Fails if the program does not read it, which it may.
        let _ = stdin.write_all(body);
    }
    loop {
        if let Some(status) = child.try_wait()? {
            if !status.success() {
                bail!("it ended with {status}");
            }
            return Ok(());
        }
        if started.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            bail!("it did not end within {} s", LIMIT.as_secs());
        }
        std::thread::sleep(CHECK);
    }
}

#[cfg(test)]
mod tests {
    use super::super::alarm::tests::hour;
    use super::super::alarm::{AlarmId, AlarmKind, Words};
    use super::*;

    #[test]
    fn the_message_is_as_documented() {
        let words = Words { summary: "one".to_owned(), fix: "do".to_owned() };
        let id = AlarmId { alarm: AlarmKind::SubscriptionExpiring, subject: Some("7".to_owned()) };
        let mut notification = Notification { id, since: hour(0), words, ended_at: None };
        let json = |notification: &Notification| serde_json::to_value(message(notification, "https://a/b")).unwrap();
        let mut expected = serde_json::json!({
            "version": 1,
            "alarm": "subscription_expiring",
            "state": "raised",
            "subject": "7",
            "since": "2026-11-23T09:30:00Z",
            "receiver": "https://a/b",
            "summary": "one",
            "fix": "do",
            "text": "birdhook at https://a/b: one",
        });
        assert_eq!(json(&notification), expected);
        notification.ended_at = Some(hour(1));
        (expected["state"], expected["ended_at"]) = ("ended".into(), "2026-11-23T10:30:00Z".into());
        expected["text"] = "birdhook at https://a/b: ended: one".into();
        assert_eq!(json(&notification), expected);
    }

    #[test]
    fn notes_about_a_url_do_not_contain_its_path() {
        let target = Target::url("https://user:pass@chat.example/hooks/secret?token=secret").unwrap();
        assert_eq!(target.name, "https://chat.example");
        assert_ne!(target.id, Target::url("https://chat.example/hooks/other").unwrap().id);
    }
}
