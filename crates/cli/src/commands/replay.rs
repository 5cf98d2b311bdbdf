//! Sends again what was recorded.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use birdhook::{Apps, Timestamp, signature};
use birdhook_testkit::{Kind, Recorded, Recording, Sender, read};
use http::{HeaderName, HeaderValue, Request};

use super::trigger::progress;
use crate::Verdict;
use crate::apps::SecretArgs;
use crate::output::note;
use crate::tally::Tally;

/// Send recorded deliveries again, signed anew, in their order and at their pace, and tell what the receiver answered.
#[derive(Debug, clap::Args)]
pub(crate) struct Replay {
    /// What `birdhook record` or `birdhook listen --record` wrote.
    file: PathBuf,
    /// The receiver.
    url: String,
    /// How many times as fast as it was recorded; 0 does not wait at all.
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    speed: f64,
    /// Send only deliveries with an event of this kind, by any of X's names or birdhook's. Again for several.
    #[arg(long, value_name = "KIND")]
    filter: Vec<Kind>,
    #[command(flatten)]
    secret: SecretArgs,
}

/// Headers of the connection over which a request came, and of what is made anew.
const LEFT_OUT: &[&str] =
    &["connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

impl Replay {
    pub(crate) async fn run(self, json: bool) -> Result<Verdict> {
        if !(self.speed >= 0.0 && self.speed.is_finite()) {
            bail!("--speed must be 0 or above");
        }
        let secret = self.secret.read()?;
        let file = File::open(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        // All of it is read first, so that a broken line is known before anything is sent.
        let mut recorded = Vec::new();
        for request in Recording::new(BufReader::new(file)) {
            let request =
                request.map_err(|(line, error)| anyhow::anyhow!("{}:{line}: {error}", self.file.display()))?;
            recorded.extend(Some(request).filter(|request| self.is_wanted(request)));
        }
        let first = recorded.first().map(|request| request.time);
        let (begun, sender) = (Instant::now(), Sender::new(Duration::from_secs(10))?);
        let bar = progress(recorded.len() as u64);
        let mut tally = Tally::default();
        for request in recorded {
            if let Some(since) = first.and_then(|first| self.after(first, request.time)) {
                tokio::time::sleep_until((begun + since).into()).await;
            }
            tally.count(&sender.send(self.request(request, &secret)?).await, |status| status == 200);
            bar.inc(1);
        }
        bar.finish_and_clear();
        tally.tell(json, begun.elapsed(), &[])
    }

    fn is_wanted(&self, request: &Recorded) -> bool {
        if request.method != "POST" {
            note(format!("left out: a {} is no delivery", request.method));
            return false;
        }
        let holds = |kind: &Kind| {
            let delivery = read(Apps::DEFAULT_NAME, request.body.clone());
            delivery.is_ok_and(|delivery| delivery.events().iter().any(|event| event.kind() == kind.event_kind()))
        };
        self.filter.is_empty() || self.filter.iter().any(holds)
    }

    /// When to send what came at `time`.
    fn after(&self, first: Timestamp, time: Timestamp) -> Option<Duration> {
        let millis = u64::try_from(time.as_millis().checked_sub(first.as_millis())?).ok()?;
        let seconds = Duration::from_millis(millis).as_secs_f64() / self.speed;
        Duration::try_from_secs_f64(seconds).ok()
    }

    fn request(&self, recorded: Recorded, secret: &birdhook::Secret) -> Result<Request<bytes::Bytes>> {
        let mut request = Request::post(&self.url).body(recorded.body)?;
        let signatures = [signature::HEADER, signature::HEADER_OAUTH2];
        for (name, value) in recorded.headers {
            let name = HeaderName::try_from(name)?;
            if !LEFT_OUT.contains(&name.as_str()) && !signatures.contains(&name.as_str()) {
                request.headers_mut().append(name, HeaderValue::from_bytes(&value)?);
            }
        }
        let signed = HeaderValue::try_from(signature::sign(secret, request.body()))?;
        request.headers_mut().insert(HeaderName::from_static(signature::HEADER), signed);
        Ok(request)
    }
}
