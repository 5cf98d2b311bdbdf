//! Reads secrets again when their files change, or on SIGHUP.

use std::fs;
use std::io::{IsTerminal, stderr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use birdhook::app::SecretKind;
use birdhook::{App, Apps};
use birdhook_testkit::now;
use metrics::{counter, gauge};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;

use super::LiveApps;
use crate::apps::{LoadedApps, LoadedSecret};
use crate::commands::listen::request_log::RequestLog;
use crate::output::{BAD, error_chain, note, plural, shown, styled};

/// Interval at which the files are compared. A comparison of their contents, unlike a notification of
/// the system, also works on network disks, and with the symbolic links that Kubernetes changes.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Time for which changed files must stay the same. A program that empties a file and then writes it
/// takes less.
const SETTLE_TIME: Duration = Duration::from_secs(1);

/// Starts the task that replaces the apps.
pub(super) fn start(live: LiveApps, log: Option<RequestLog>, replace: impl Fn(Apps) + Send + 'static) {
    gauge!("birdhook_secrets_refused").set(0);
    for outcome in ["replaced", "refused"] {
        counter!("birdhook_secret_reloads_total", "outcome" => outcome).increment(0);
    }
    tokio::spawn(async move {
        if let Err(error) = follow(live, log, replace).await {
            note(format!("secrets are no longer read again: {error:#}"));
        }
    });
}

/// The content of each file, as a hash, and the time of its last change. `None` for a file that cannot
/// be read.
type Contents = Vec<Option<([u8; 32], Option<SystemTime>)>>;

async fn contents(files: &[PathBuf]) -> Result<Contents> {
    let files = files.to_vec();
    let content = |path: &PathBuf| {
        let changed = fs::metadata(path).and_then(|about| about.modified()).ok();
        Some((Sha256::digest(fs::read(path).ok()?).into(), changed))
    };
    spawn_blocking(move || files.iter().map(content).collect()).await.context("the runtime has ended")
}

async fn follow(live: LiveApps, log: Option<RequestLog>, replace: impl Fn(Apps) + Send + 'static) -> Result<()> {
    let mut files = live.loaded.files.clone();
    // They are read once more after the start, because they may have changed since it has read them.
    let mut seen = Contents::new();
    let mut texts = texts(&live.loaded);
    loop {
        let is_asked = tokio::select! {
            () = tokio::time::sleep(POLL_INTERVAL), if !files.is_empty() => false,
            () = live.asked.notified() => true,
        };
        if files.is_empty() {
            note("no secret comes from a file, so none is read again");
            continue;
        }
        let mut found = contents(&files).await?;
        if found == seen && !is_asked {
            continue;
        }
        let loaded = loop {
            tokio::time::sleep(SETTLE_TIME).await;
            let args = live.args.clone();
            let loaded = spawn_blocking(move || args.read_again()).await.context("the runtime has ended")?;
            // Those that were read are those that stayed the same.
            let again = contents(&files).await?;
            if again == found {
                break loaded;
            }
            found = again;
        };
        let is_first = std::mem::replace(&mut seen, found).is_empty();
        match loaded {
            Ok(loaded) if self::texts(&loaded) == texts => {
                live.usage.set_refused(false);
                gauge!("birdhook_secrets_refused").set(0);
                if is_asked {
                    note(format!("secrets read again at {}: they are unchanged", now()));
                } else if !is_first {
                    note(format!("secrets read again at {}: they are those in use", now()));
                }
            }
            Ok(loaded) => {
                replace(loaded.apps.clone());
                live.shared.set(loaded.apps.clone());
                live.usage.replace(&loaded);
                live.usage.set_refused(false);
                if let Some(log) = &log {
                    log.replace_apps(&loaded);
                }
                gauge!("birdhook_secrets_refused").set(0);
                counter!("birdhook_secret_reloads_total", "outcome" => "replaced").increment(1);
                let apps: Vec<_> = loaded.apps.iter().map(|app| description(app, &loaded)).collect();
                note(shown(&format!("secrets replaced at {}: {}", now(), apps.join("; "))));
                texts = self::texts(&loaded);
                if files != loaded.files {
                    files = loaded.files;
                    seen = contents(&files).await?;
                }
            }
            Err(error) => {
                live.usage.set_refused(true);
                gauge!("birdhook_secrets_refused").set(1);
                counter!("birdhook_secret_reloads_total", "outcome" => "refused").increment(1);
                let (warning, why) = (styled(BAD, "warning"), error_chain(error.as_ref()));
                note(format!(
                    "{warning}: secrets read at {} are not used, and the old ones stay: {}",
                    now(),
                    shown(&why)
                ));
            }
        }
    }
}

/// Returns what a replacement would change: each secret in its place, and which one answers.
fn texts(loaded: &LoadedApps) -> Vec<(String, SecretKind, [u8; 32], Option<SecretKind>)> {
    let answers = |name: &str| loaded.apps.iter().find(|app| app.name() == name).and_then(App::challenge_kind);
    let text = |secret: &LoadedSecret| {
        let hash = Sha256::digest(secret.text.expose_secret()).into();
        (secret.app.clone(), secret.kind, hash, answers(&secret.app))
    };
    loaded.secrets.iter().map(text).collect()
}

/// Describes an app's secrets, without their values.
fn description(app: &App, loaded: &LoadedApps) -> String {
    let counts = SecretKind::ALL.into_iter().filter_map(|kind| {
        let count = loaded.secrets.iter().filter(|secret| secret.app == app.name() && secret.kind == kind).count();
        (count > 0).then(|| plural(count, kind.to_string().as_str()))
    });
    let counts: Vec<_> = counts.collect();
    let answers = match app.challenge_kind() {
        Some(kind) => format!("{kind} 1 answers challenges"),
        None => "challenges are answered 503".to_owned(),
    };
    format!("{} has {}; {answers}", app.name(), counts.join(" and "))
}

/// Has secrets read again on SIGHUP, which is caught from this call on. Resolves when the terminal in
/// which the receiver was started is closed; without one, it never resolves.
pub(super) fn terminal_closed(asked: Arc<Notify>) -> impl Future<Output = ()> + Send + 'static {
    let (had_terminal, mut hangups) = (stderr().is_terminal(), Hangups::new());
    async move {
        loop {
            hangups.next().await;
            if had_terminal && !stderr().is_terminal() {
                return;
            }
            asked.notify_one();
        }
    }
}

/// The signals SIGHUP.
struct Hangups {
    #[cfg(unix)]
    signals: Option<tokio::signal::unix::Signal>,
}

impl Hangups {
    #[cfg(unix)]
    fn new() -> Self {
        Self { signals: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok() }
    }

    #[cfg(not(unix))]
    fn new() -> Self {
        Self {}
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signals) = &mut self.signals
            && signals.recv().await.is_some()
        {
            return;
        }
        std::future::pending::<()>().await;
    }
}
