//! The use of each secret: which one signs, and when it last did.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use birdhook::adapter::{BodyReader, Endpoint, EndpointSettings, HeadResult, Outcome, RequestHead};
use birdhook::app::SecretKind;
use birdhook::console::History;
use birdhook::event::Timestamp;
use birdhook::observer::{FinishedRequest, Observer, RequestObserver};
use birdhook::{App, Apps, Delivery, Secret};
use birdhook_testkit::now;
use secrecy::{ExposeSecret, SecretString};

use crate::apps::LoadedApps;
use crate::secret_report::{SecretReport, SecretUse, VERSION};

/// The secrets in use. Cheap to clone.
#[derive(Clone)]
pub(crate) struct SecretUsage(Arc<State>);

struct State {
    secrets: RwLock<Arc<[Entry]>>,
    is_refused: std::sync::atomic::AtomicBool,
    wrong: AtomicU64,
    last_wrong: Moment,
}

/// A secret in its place.
#[derive(Clone)]
struct Entry {
    answers: bool,
    /// Shared by the lists before and after a replacement, so that its use is not forgotten.
    tracked: Arc<Tracked>,
}

struct Tracked {
    app: String,
    kind: SecretKind,
    text: SecretString,
    /// Has this secret only, so it accepts exactly what the secret has signed.
    endpoint: Endpoint,
    since: Timestamp,
    deliveries: AtomicU64,
    last_delivery: Moment,
    last_signed_challenge: Moment,
}

impl Tracked {
    fn is_same(&self, app: &str, kind: SecretKind, text: &SecretString) -> bool {
        self.app == app && self.kind == kind && self.text.expose_secret() == text.expose_secret()
    }

    fn signed_delivery(&self) {
        self.deliveries.fetch_add(1, Relaxed);
        self.last_delivery.set(now());
    }
}

impl SecretUsage {
    pub(super) fn new(loaded: &LoadedApps) -> Self {
        let state = State {
            secrets: RwLock::new(Arc::new([])),
            is_refused: false.into(),
            wrong: AtomicU64::new(0),
            last_wrong: Moment::default(),
        };
        let usage = Self(Arc::new(state));
        usage.replace(loaded);
        usage
    }

    /// Takes other secrets. The use of those that stay is kept.
    pub(super) fn replace(&self, loaded: &LoadedApps) {
        let (before, since) = (self.secrets(), now());
        let mut entries: Vec<Entry> = Vec::new();
        for secret in &loaded.secrets {
            let known = before.iter().find(|entry| entry.tracked.is_same(&secret.app, secret.kind, &secret.text));
            let Some(tracked) = known.map(|entry| Arc::clone(&entry.tracked)).or_else(|| {
                let key = Secret::new(secret.text.expose_secret()).ok()?;
                let app = match secret.kind {
                    SecretKind::Consumer => App::new(secret.app.as_str(), key),
                    SecretKind::Client => App::with_client_secret(secret.app.as_str(), key),
                };
                Some(Arc::new(Tracked {
                    app: secret.app.clone(),
                    kind: secret.kind,
                    text: secret.text.clone(),
                    endpoint: Endpoint::new(app, EndpointSettings::default()),
                    since,
                    deliveries: AtomicU64::new(0),
                    last_delivery: Moment::default(),
                    last_signed_challenge: Moment::default(),
                }))
            }) else {
                continue;
            };
            let is_first =
                !entries.iter().any(|entry| entry.tracked.app == secret.app && entry.tracked.kind == secret.kind);
            entries.push(Entry { answers: is_first && answers(&loaded.apps, &secret.app, secret.kind), tracked });
        }
        *self.0.secrets.write().unwrap_or_else(PoisonError::into_inner) = entries.into();
    }

    /// Records whether changed files cannot be used.
    pub(super) fn set_refused(&self, is_refused: bool) {
        self.0.is_refused.store(is_refused, Relaxed);
    }

    fn secrets(&self) -> Arc<[Entry]> {
        Arc::clone(&self.0.secrets.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn report(&self) -> SecretReport {
        let secrets = self.secrets();
        let position = |at: usize, of: &Tracked| {
            let before =
                secrets.iter().take(at).filter(|entry| entry.tracked.app == of.app && entry.tracked.kind == of.kind);
            before.count() + 1
        };
        let uses = secrets.iter().enumerate().map(|(at, Entry { answers, tracked })| SecretUse {
            app: tracked.app.clone(),
            kind: tracked.kind.as_str().to_owned(),
            position: position(at, tracked),
            answers: *answers,
            since: tracked.since,
            deliveries: tracked.deliveries.load(Relaxed),
            last_delivery: tracked.last_delivery.get(),
            last_signed_challenge: tracked.last_signed_challenge.get(),
        });
        SecretReport {
            version: VERSION,
            now: now(),
            secrets: uses.collect(),
            refused: self.0.is_refused.load(Relaxed),
            wrong_signatures: self.0.wrong.load(Relaxed),
            last_wrong_signature: self.0.last_wrong.get(),
        }
    }
}

/// Returns whether the first secret of this kind answers challenges.
fn answers(apps: &Apps, name: &str, kind: SecretKind) -> bool {
    apps.iter().any(|app| app.name() == name && app.challenge_kind() == Some(kind))
}

/// Milliseconds since 1970; 0 means never.
#[derive(Default)]
struct Moment(AtomicI64);

impl Moment {
    fn set(&self, time: Timestamp) {
        self.0.store(time.as_millis(), Relaxed);
    }

    fn get(&self) -> Option<Timestamp> {
        Some(self.0.load(Relaxed)).filter(|millis| *millis != 0).map(Timestamp::from_millis)
    }
}

/// Observes requests for the history, and records which secret has signed them.
pub(super) struct UsageObserver {
    pub(super) history: History,
    pub(super) usage: SecretUsage,
}

impl fmt::Debug for UsageObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsageObserver").field("history", &self.history).finish_non_exhaustive()
    }
}

impl Observer for UsageObserver {
    fn begin(&self, head: &RequestHead<'_>) -> Option<Box<dyn RequestObserver>> {
        let mut readers = Vec::new();
        for Entry { tracked, .. } in self.usage.secrets().iter().filter(|entry| head.has_signature(entry.tracked.kind))
        {
            match tracked.endpoint.begin(head) {
                HeadResult::Body(reader) => readers.push((Arc::clone(tracked), reader)),
                HeadResult::Reply(reply) if reply.is_signed_by_x() => tracked.last_signed_challenge.set(now()),
                HeadResult::Reply(_) => {}
            }
        }
        let (history, usage) = (self.history.begin(head), self.usage.clone());
        Some(Box::new(Observed { history, usage, readers: Mutex::new(readers) }))
    }
}

/// A request that has not finished.
struct Observed {
    history: Option<Box<dyn RequestObserver>>,
    usage: SecretUsage,
    /// The secrets that may have signed it.
    readers: Mutex<Vec<(Arc<Tracked>, BodyReader)>>,
}

impl RequestObserver for Observed {
    fn verified(&self, delivery: &Delivery, signed_with: Option<SecretKind>) {
        let mut readers = std::mem::take(&mut *self.readers.lock().unwrap_or_else(PoisonError::into_inner));
        readers.retain(|(tracked, _)| tracked.app == delivery.app());
        for kind in SecretKind::ALL {
            let is_sole = readers.iter().filter(|(tracked, _)| tracked.kind == kind).count() == 1;
            for (tracked, mut reader) in readers.extract_if(.., |(tracked, _)| tracked.kind == kind) {
                // The delivery is verified, so a sole secret has signed it. Others compute the signature
                // again, which is necessary during a rotation only.
                let body = || delivery.body().clone().into_bytes();
                if is_sole || reader.push(body()).is_ok_and(|()| reader.finish().is_ok()) {
                    tracked.signed_delivery();
                }
            }
        }
        if let Some(history) = &self.history {
            history.verified(delivery, signed_with);
        }
    }

    fn finished(self: Box<Self>, request: FinishedRequest) {
        if request.outcome == Some(Outcome::SignatureWrong) {
            self.usage.0.wrong.fetch_add(1, Relaxed);
            self.usage.0.last_wrong.set(now());
        }
        if let Some(history) = self.history {
            history.finished(request);
        }
    }
}
