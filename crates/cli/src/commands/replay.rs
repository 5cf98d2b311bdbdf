//! `birdhook replay`: sends recorded deliveries again, or asks X to replay.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use birdhook::client::api::ReplaySpan;
use birdhook::{Apps, Secret, app::SecretKind, event::Timestamp, signature};
use birdhook_testkit::{MockEventKind, Recorded, Recording, Sender, read};
use http::{HeaderName, HeaderValue, Request};

use super::webhooks::{ApiArgs, ApiName};
use crate::account::{AccountArgs, Explained};
use crate::apps::SecretArgs;
use crate::error::{Code, Failure};
use crate::exit_status::ExitStatus;
use crate::output::{self, note};
use crate::progress::Progress;
use crate::response_summary::{Expectation, ResponseSummary};
use crate::values::{check_url, time};

/// Send recorded deliveries again, or ask X to replay deliveries.
///
/// The deliveries of a file are signed again and sent in their order and at their pace. The summary
/// counts the responses, and explains failures as `birdhook trigger` does. A line that is not a delivery is reported. The rest is still sent, and the
/// exit code is 1.
///
/// With --webhook, X delivers again what it attempted to deliver in a time span. The span must
/// begin at least 31 minutes ago and end at least 10 minutes ago. It may begin up to 24 hours ago
/// in v2 and up to 5 days ago in enterprise 1.1. X runs one job at a time, of at most 2 hours.
/// `birdhook watch` replays longer gaps.
#[derive(Debug, clap::Args)]
pub(crate) struct Replay {
    /// The file that `birdhook record` or `birdhook listen --record` wrote.
    #[arg(required_unless_present = "webhook")]
    file: Option<PathBuf>,
    /// The URL of the receiver.
    #[arg(required_unless_present = "webhook")]
    url: Option<String>,
    /// Ask X to replay deliveries to the webhook with this id.
    #[arg(long, value_name = "ID", conflicts_with_all = ["file", "url"], requires = "from", requires = "to")]
    webhook: Option<String>,
    /// Replay from this time, inclusive, for example 2026-11-23T09:30:00Z.
    #[arg(long, value_name = "TIME", requires = "webhook", value_parser = time)]
    from: Option<Timestamp>,
    /// Replay until this time, exclusive.
    #[arg(long, value_name = "TIME", requires = "webhook", value_parser = time)]
    to: Option<Timestamp>,
    #[command(flatten)]
    api: ApiArgs,
    #[command(flatten)]
    account: AccountArgs,
    /// Multiply the recorded pace by this factor. 0 sends without delays.
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    speed: f64,
    /// Send only deliveries with an event of this kind, by X's name or birdhook's. May be repeated.
    #[arg(long, value_name = "KIND")]
    filter: Vec<MockEventKind>,
    #[command(flatten)]
    secret: SecretArgs,
}

/// Headers that are not replayed: they belong to the original connection, or are set again.
const SKIPPED_HEADERS: &[&str] =
    &["connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

impl Replay {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        if !(self.speed >= 0.0 && self.speed.is_finite()) {
            let message = format!("invalid --speed {}", self.speed);
            bail!(Failure::new(Code::Usage, message, "pass a number, 0 or more"));
        }
        let (Some(path), Some(url)) = (&self.file, &self.url) else { return self.request_from_x(json).await };
        let secrets = self.secret.read()?;
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        check_url("URL", url)?;
        let (mut recorded, mut all_read) = (Vec::new(), true);
        let reading = Progress::spinner("reading the recording");
        for request in Recording::new(BufReader::new(file)) {
            match request {
                Ok(request) => recorded.extend(Some(request).filter(|request| self.is_selected(request, &reading))),
                Err((line, error)) => {
                    reading.interrupt(|| note(format!("{}:{line}: {error}", path.display())));
                    all_read = false;
                }
            }
        }
        drop(reading);
        let first = recorded.first().map(|request| request.time);
        let (started, sender) = (Instant::now(), Sender::new(Duration::from_secs(10))?);
        let progress = Progress::bar(recorded.len() as u64, "delivery");
        let mut response_summary = ResponseSummary::new(url, Expectation::Accepted);
        for request in recorded {
            if let Some(since) = first.and_then(|first| self.delay(first, request.time)) {
                tokio::time::sleep(since.saturating_sub(started.elapsed())).await;
            }
            match signed(request, url, &secrets) {
                Ok(request) => {
                    let body = request.body().clone();
                    response_summary.count(&sender.send(request).await, || kinds(body));
                }
                Err(why) => {
                    progress.interrupt(|| note(format!("skipped: {why:#}")));
                    all_read = false;
                }
            }
            progress.step();
        }
        drop(progress);
        let status = response_summary.print(json, started.elapsed(), &[])?;
        Ok(if all_read { status } else { ExitStatus::Problem })
    }

    fn is_selected(&self, request: &Recorded, reading: &Progress) -> bool {
        if request.method != "POST" {
            let skipped = format!("skipped: a {} request is not a delivery", output::shown(&request.method));
            reading.interrupt(|| note(skipped));
            return false;
        }
        let contains = |kind: &MockEventKind| {
            let delivery = read(Apps::DEFAULT_NAME, request.body.clone());
            delivery.is_ok_and(|delivery| delivery.events().iter().any(|event| event.kind() == kind.event_kind()))
        };
        self.filter.is_empty() || self.filter.iter().any(contains)
    }

    /// Returns the delay from the start after which to send the request received at `time`.
    fn delay(&self, first: Timestamp, time: Timestamp) -> Option<Duration> {
        let millis = u64::try_from(time.as_millis().checked_sub(first.as_millis())?).ok()?;
        let seconds = Duration::from_millis(millis).as_secs_f64() / self.speed;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// Asks X to replay the deliveries of a time span.
    async fn request_from_x(&self, json: bool) -> Result<ExitStatus> {
        let (Some(webhook), Some(from), Some(to)) = (&self.webhook, self.from, self.to) else {
            let fix = "pass a file and a URL, or --webhook with --from and --to";
            bail!(Failure::new(Code::Usage, "neither a file nor a webhook is given", fix));
        };
        let span = ReplaySpan::around(from, to)
            .with_context(|| Failure::new(Code::Usage, "--to is not after --from", "pass a later --to"))?;
        let client = self.account.client()?;
        let asking = Progress::spinner("asking X for a replay");
        let job = match self.api.api {
            ApiName::V2 => client.webhooks().replay(webhook, span).await,
            ApiName::Enterprise => client.enterprise().replay(webhook, span).await,
            ApiName::Premium => {
                bail!(Failure::new(Code::Usage, "premium 1.1 has no replay", "pass --api v2 or --api enterprise"))
            }
        }
        .explained()?;
        drop(asking);
        let id = output::shown(job.id.as_deref().unwrap_or("(no id)"));
        let text = format!("job {id}: X reports its end to the webhook as replay_job_status");
        if json { output::json(&job) } else { output::line(text) }?;
        Ok(ExitStatus::Success)
    }
}

/// Returns the kinds of a delivery's events.
fn kinds(body: bytes::Bytes) -> String {
    let Ok(delivery) = read(Apps::DEFAULT_NAME, body) else { return "not a delivery".to_owned() };
    let kinds: BTreeSet<_> = delivery.events().iter().map(|event| event.kind().as_str()).collect();
    kinds.into_iter().collect::<Vec<_>>().join(" and ")
}

/// Returns a recorded request with new signatures.
fn signed(recorded: Recorded, url: &str, secrets: &[(SecretKind, Secret)]) -> Result<Request<bytes::Bytes>> {
    let mut request = Request::post(url).body(recorded.body)?;
    let signatures = [signature::HEADER, signature::HEADER_OAUTH2];
    for (name, value) in recorded.headers {
        let name = HeaderName::try_from(name)?;
        if !SKIPPED_HEADERS.contains(&name.as_str()) && !signatures.contains(&name.as_str()) {
            request.headers_mut().append(name, HeaderValue::from_bytes(&value)?);
        }
    }
    for (kind, secret) in secrets {
        let signature = HeaderValue::try_from(signature::sign(secret, request.body()))?;
        request.headers_mut().insert(HeaderName::from_static(kind.header()), signature);
    }
    Ok(request)
}
