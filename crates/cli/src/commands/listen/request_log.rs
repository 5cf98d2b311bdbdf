//! Reports each request to the operator: one line or one JSON record, and a table at the end.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use birdhook::adapter::{Endpoint, EndpointSettings, HeadResult, Outcome, Reply};
use birdhook::app::SecretKind;
use birdhook::event::Timestamp;
use bytes::Bytes;
use futures_util::TryStreamExt;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::cause::{self, head};
use super::mark::MARK;
use super::observed::{NOT_FOUND, Observed, UNANSWERED, short};
use super::signature_cause::Explainer;
use crate::apps::LoadedApps;
use crate::logging::REQUESTS;
use crate::output::{self, BAD, FAINT, GOOD, QueuedWriter, WARNING, styled};
use crate::signature_mistakes::secret::Secrets;

/// The form in which requests are reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RequestFormat {
    /// Requests are not reported, and nothing observes them.
    #[default]
    Off,
    /// One line on standard error.
    Line,
    /// One JSON record on standard output.
    Json,
    /// One line of the log.
    Log,
}

/// Maximum number of requests that wait to be printed.
const CAPACITY: usize = 256;

/// Maximum number of bytes kept of a body, to explain a wrong signature. X's bodies are smaller.
const MAX_BODY: usize = 64 << 10;

/// Maximum number of bodies that are kept at once.
const MAX_BODIES: usize = 32;

/// Maximum length of the body of an error reply. The library's are one sentence.
const MAX_REPLY: usize = 1 << 10;

/// Number of refusals with one outcome after which a command that finds the cause is printed.
const HINT_AFTER: u64 = 3;

/// Column at which explanations are wrapped.
const WIDTH: usize = 78;

/// Observes the requests of a receiver. Cheap to clone.
#[derive(Clone)]
pub(super) struct RequestLog(Arc<Log>);

struct Log {
    path: String,
    endpoint: RwLock<Endpoint>,
    explainer: Arc<Mutex<Explainer>>,
    bodies: Arc<Semaphore>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
    unlogged: AtomicU64,
    /// Formats and explains requests on a thread of its own. The explanation takes time that depends
    /// on the secrets, so no reply may wait for it.
    printer: QueuedWriter<Observed>,
}

#[derive(Serialize)]
struct Record<'a> {
    r#type: &'static str,
    time: Timestamp,
    method: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    outcome: &'static str,
    ms: f64,
    /// For an answered challenge.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_by_x: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

impl RequestLog {
    pub(super) fn new(format: RequestFormat, explainer: Explainer) -> Self {
        let (path, endpoint) = (explainer.path.clone(), RwLock::new(explainer.endpoint.clone()));
        let explainer = Arc::new(Mutex::new(explainer));
        let mut printer = Printer { explainer: Arc::clone(&explainer), format, refusals: BTreeMap::new() };
        let log = Log {
            path,
            endpoint,
            explainer,
            bodies: Arc::new(Semaphore::new(MAX_BODIES)),
            counts: Mutex::default(),
            unlogged: AtomicU64::new(0),
            printer: QueuedWriter::new(CAPACITY, move |observed| {
                printer.print(&observed);
                Ok(())
            }),
        };
        Self(Arc::new(log))
    }

    /// Explains later requests with other secrets.
    pub(super) fn replace_apps(&self, loaded: &LoadedApps) {
        let endpoint = Endpoint::new(loaded.apps.clone(), EndpointSettings::default());
        let secrets = Secrets::new(&loaded.texts());
        let mut explainer = self.0.explainer.lock().unwrap_or_else(PoisonError::into_inner);
        (explainer.endpoint, explainer.secrets) = (endpoint.clone(), secrets);
        *self.0.endpoint.write().unwrap_or_else(PoisonError::into_inner) = endpoint;
    }

    /// Makes the router report each request, also those to other paths.
    pub(super) fn observe(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), observe))
    }

    /// Waits until the requests are printed, and returns the table of outcomes.
    pub(super) async fn finish(&self) -> String {
        let _ = tokio::time::timeout(Duration::from_secs(1), self.0.printer.flush()).await;
        let unlogged = self.0.unlogged.load(Relaxed);
        let counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut table = String::from("requests by outcome:");
        if counts.is_empty() {
            table += " none";
        }
        for (outcome, count) in &*counts {
            table += &format!("\n  {count:>7} x {outcome}");
        }
        if unlogged > 0 {
            table += &format!("\n  {unlogged:>7} of them not printed, because the output was not read in time");
        }
        table
    }

    fn ended(&self, observed: Observed) {
        *self.0.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(observed.outcome).or_default() += 1;
        if !self.0.printer.try_write(observed) {
            self.0.unlogged.fetch_add(1, Relaxed);
        }
    }
}

/// Reports a request that is dropped without an answer.
struct Pending {
    log: RequestLog,
    observed: Option<Observed>,
    started: Instant,
}

impl Pending {
    fn end(mut self, change: impl FnOnce(&mut Observed)) {
        if let Some(mut observed) = self.observed.take() {
            observed.duration = self.started.elapsed();
            change(&mut observed);
            self.log.ended(observed);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(mut observed) = self.observed.take() {
            observed.duration = self.started.elapsed();
            self.log.ended(observed);
        }
    }
}

async fn observe(State(log): State<RequestLog>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let value = |kind: SecretKind| {
        let value = parts.headers.get(kind.header())?;
        Some((kind, Bytes::copy_from_slice(value.as_bytes())))
    };
    let signatures: Vec<_> = SecretKind::ALL.into_iter().filter_map(value).collect();
    let encoding = parts.headers.get("content-encoding").map(|value| String::from_utf8_lossy(value.as_bytes()).into());
    let is_ours = parts.uri.path() == log.0.path;
    // Decided by the head, as the library does. `None` if the body decides.
    let endpoint = log.0.endpoint.read().unwrap_or_else(PoisonError::into_inner).clone();
    let by_head = match endpoint.begin(&head(&parts)) {
        HeadResult::Reply(reply) => Some(reply),
        HeadResult::Body(_) => None,
    };
    let is_challenge = |reply: &&Reply| is_ours && reply.outcome() == Outcome::ChallengeAnswered;
    let is_signed_by_x = by_head.as_ref().filter(is_challenge).map(Reply::is_signed_by_x);
    let by_head = by_head.map(|reply| reply.outcome());
    let keeps_body = is_ours && by_head.is_none();
    let permit = keeps_body.then(|| Arc::clone(&log.0.bodies).try_acquire_owned().ok()).flatten();
    let observed = Observed {
        time: birdhook_testkit::now(),
        method: parts.method.clone(),
        uri: parts.uri.clone(),
        signatures,
        encoding,
        status: None,
        outcome: UNANSWERED,
        duration: Duration::ZERO,
        is_signed_by_x,
        app: None,
        events: None,
        body: None,
        permit,
    };
    let (body, kept) = if observed.permit.is_some() { keep(body) } else { (body, Arc::default()) };
    let pending = Pending { log, observed: Some(observed), started: Instant::now() };
    let answer = async {
        let response = next.run(Request::from_parts(parts, body)).await;
        (response, MARK.with(RefCell::take))
    };
    let (response, mark) = MARK.scope(RefCell::default(), answer).await;
    let (response, reply) = read_reply(response).await;
    let status = response.status().as_u16();
    pending.end(|observed| {
        observed.status = Some(status);
        (observed.app, observed.events) = (mark.app, mark.events);
        let mark = mark.outcome;
        observed.outcome = match (status, by_head) {
            (404, _) if !is_ours => NOT_FOUND,
            (200, None) => mark.unwrap_or(Outcome::Duplicate).as_str(),
            (503, None) if mark == Some(Outcome::SinkPanicked) => Outcome::SinkPanicked.as_str(),
            (_, Some(outcome)) if outcome.status() == status => outcome.as_str(),
            (401, _) => Outcome::SignatureWrong.as_str(),
            _ => outcome_of(status, &reply).as_str(),
        };
        observed.body = kept.lock().unwrap_or_else(PoisonError::into_inner).take().map(Bytes::from);
    });
    response
}

/// Bytes of a body. `None` if it is too long to be kept.
type Kept = Arc<Mutex<Option<Vec<u8>>>>;

/// Copies a body as it is read.
fn keep(body: Body) -> (Body, Kept) {
    let kept: Kept = Arc::new(Mutex::new(Some(Vec::new())));
    let copy = Arc::clone(&kept);
    let stream = body.into_data_stream().inspect_ok(move |chunk| {
        let mut kept = copy.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.as_mut() {
            Some(bytes) if bytes.len() + chunk.len() <= MAX_BODY => bytes.extend_from_slice(chunk),
            _ => *kept = None,
        }
    });
    (Body::from_stream(stream), kept)
}

/// Reads the body of an error reply, which names its outcome.
async fn read_reply(response: Response) -> (Response, Bytes) {
    if response.status().is_success() {
        return (response, Bytes::new());
    }
    let (parts, body) = response.into_parts();
    // The library's replies are in memory, so this neither waits nor fails.
    let reply = to_bytes(body, MAX_REPLY).await.unwrap_or_default();
    (Response::from_parts(parts, Body::from(reply.clone())), reply)
}

/// Returns the outcome with this reply. A reply of our own handler has no body.
fn outcome_of(status: u16, reply: &Bytes) -> Outcome {
    let mut outcomes = Outcome::ALL.iter().copied().filter(|outcome| outcome.status() == status);
    let found = outcomes.clone().find(|outcome| Reply::from(*outcome).body() == reply);
    found.or_else(|| outcomes.next().filter(|_| status != 503)).unwrap_or(Outcome::SinkFailed)
}

/// Prints requests, and explains the refused ones.
struct Printer {
    explainer: Arc<Mutex<Explainer>>,
    format: RequestFormat,
    refusals: BTreeMap<&'static str, u64>,
}

impl Printer {
    fn explainer(&self) -> MutexGuard<'_, Explainer> {
        self.explainer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn print(&mut self, observed: &Observed) {
        let cause = cause::of(observed, &self.explainer());
        match self.format {
            RequestFormat::Off => {}
            RequestFormat::Line => self.print_line(observed, cause),
            RequestFormat::Log => log(observed, cause.as_deref()),
            RequestFormat::Json => {
                let record = Record {
                    r#type: "request",
                    time: observed.time,
                    method: observed.method.as_str(),
                    path: observed.uri.path(),
                    status: observed.status,
                    outcome: observed.outcome,
                    ms: millis(observed),
                    signed_by_x: observed.is_signed_by_x,
                    cause,
                };
                if let Ok(line) = output::json_line(&record) {
                    output::try_print(line);
                }
            }
        }
    }

    fn print_line(&mut self, observed: &Observed, cause: Option<String>) {
        let status = observed.status.map_or("-".to_owned(), |status| status.to_string());
        let style = match observed.status {
            Some(200) => GOOD,
            Some(503) | None => WARNING,
            Some(_) => BAD,
        };
        let mut text = format!(
            "{} {:<4} {} {:>7.1} ms",
            styled(FAINT, format!("{:24}", observed.time.to_string())),
            short(observed.method.as_str()),
            styled(style, format!("{status:>3} {:<18}", observed.outcome)),
            observed.duration.as_secs_f64() * 1e3,
        );
        text += match observed.is_signed_by_x {
            Some(true) => "  signed by X",
            Some(false) if observed.signatures.is_empty() => "  not signed",
            Some(false) => "  signature unchecked",
            None => "",
        };
        if let Some(cause) = cause {
            text += &wrapped(&cause);
        }
        if observed.status != Some(200) {
            let refusals = self.refusals.entry(observed.outcome).or_default();
            *refusals += 1;
            if *refusals == HINT_AFTER {
                let hint = cause::command(observed.outcome, &self.explainer());
                text += &wrapped(&format!("{HINT_AFTER} x {}: {hint}", observed.outcome));
            }
        }
        output::log(&text);
    }
}

/// Writes a request to the log, as a warning if X may have to repeat it.
fn log(observed: &Observed, cause: Option<&str>) {
    let method = short(observed.method.as_str());
    let path = short(observed.uri.path());
    let (status, outcome, signed_by_x) = (observed.status, observed.outcome, observed.is_signed_by_x);
    let (app, events) = (observed.app.as_deref(), observed.events);
    let ms = millis(observed);
    match observed.status {
        Some(200 | 404) => {
            tracing::info!(target: REQUESTS, method, path, status, outcome, ms, app, events, signed_by_x, cause, "request");
        }
        _ => {
            tracing::warn!(target: REQUESTS, method, path, status, outcome, ms, app, events, signed_by_x, cause, "request");
        }
    }
}

/// Returns the duration. Microseconds are precise enough.
fn millis(observed: &Observed) -> f64 {
    (observed.duration.as_secs_f64() * 1e6).round() / 1e3
}

/// Returns a text as indented lines, wrapped between words. Commands in backticks stay on one line,
/// so that they can be copied.
fn wrapped(text: &str) -> String {
    let (mut lines, mut column) = (String::new(), usize::MAX);
    for (part, is_command) in text.split('`').zip([false, true].into_iter().cycle()) {
        let words: Vec<&str> = if is_command { vec![part] } else { part.split_inclusive(' ').collect() };
        for word in words {
            let word = if is_command { format!("`{word}`") } else { word.to_owned() };
            let length = word.trim_end().chars().count();
            // A comma after a command must not begin a line.
            let is_mark = word.starts_with([',', ';', '.', ':', ')']);
            if !is_mark && column.saturating_add(length) > WIDTH {
                lines.truncate(lines.trim_end().len());
                lines += "\n    ";
                column = 4;
            }
            lines += &word;
            column = column.saturating_add(word.chars().count());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explanations_are_wrapped_between_words_and_commands_stay_whole() {
        let text =
            format!("{} run `birdhook verify --signature VALUE FILE`, then again", "word ".repeat(12).trim_end());
        let lines: Vec<_> = wrapped(&text).lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[2].starts_with("    `birdhook verify --signature VALUE FILE`, then"), "{lines:?}");
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH && line.trim_end() == line), "{lines:?}");
    }

    #[test]
    fn each_reply_names_its_outcome() {
        for &outcome in Outcome::ALL {
            let found = outcome_of(outcome.status(), Reply::from(outcome).body());
            // The replies to these two are the same, and every 401 and 200 is.
            let is_known =
                found == outcome || matches!(outcome, Outcome::SinkPanicked) || [200, 401].contains(&outcome.status());
            assert!(is_known, "{outcome:?} is read as {found:?}");
        }
        assert_eq!(outcome_of(503, &Bytes::new()), Outcome::SinkFailed);
    }
}
