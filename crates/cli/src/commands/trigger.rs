//! `birdhook trigger`: sends made-up events.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use birdhook::client::redact_url;
use birdhook::{Secret, app::SecretKind, event::ApiSource};
use birdhook_testkit::{MockEventKind, PayloadGenerator, Sender, WebhookPost};
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use crate::apps::SecretArgs;
use crate::error::{Code, Failure};
use crate::exit_status::ExitStatus;
use crate::output::{self, plural, shown};
use crate::progress::Progress;
use crate::response_summary::{Expectation, ResponseSummary, listed};
use crate::values::check_url;

/// Send signed, generated events to a receiver, and summarise its responses.
///
/// The command prints what it sends, then the answers by status, and for a failure the answer's
/// first line and the likely cause. The expected status is 200 for signed deliveries, and 401 or
/// 403 for forged ones. Exit code 1 if a delivery got another answer or none. The events depend only
/// on the seed, which the summary prints, and on the time.
#[derive(Debug, clap::Args)]
#[command(after_long_help = kinds())]
pub(crate) struct Trigger {
    /// The URL of the receiver.
    url: String,
    /// The kinds of events, by X's names or birdhook's, for example like.create, favorite_events or
    /// liked. Defaults to every kind.
    kinds: Vec<MockEventKind>,
    /// Send deliveries of this API. By default, each kind is sent once: by the X Activity API, or by
    /// the only API that delivers it. With both, each API sends its own event. `birdhook mock-x`
    /// delivers one event through both APIs.
    #[arg(long, alias = "generation")]
    api: Option<TriggerApi>,
    /// Send this many deliveries of each kind and API.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// Send at most this many deliveries per second. Defaults to no limit.
    #[arg(long, value_name = "PER_SECOND")]
    rate: Option<f64>,
    /// Keep at most this many deliveries in progress.
    #[arg(long, default_value_t = 16)]
    concurrency: usize,
    /// Send each delivery twice.
    #[arg(long)]
    duplicates: bool,
    /// Sign with a guess instead of the secret, as an attacker would.
    #[arg(long)]
    forged: bool,
    /// Send events of the subscribed user with this id.
    #[arg(long, value_name = "ID", default_value = "2001")]
    user: String,
    /// Generate the events from this seed. Defaults to a random seed.
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    secret: SecretArgs,
}

/// The APIs whose deliveries are sent.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum TriggerApi {
    /// The Account Activity API.
    Aaa,
    /// The X Activity API.
    Xaa,
    /// Every API that delivers a kind.
    Both,
}

fn kinds() -> String {
    let names: Vec<_> = MockEventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    format!("Kinds: {}.", names.join(", "))
}

impl Trigger {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        check_url("URL", &self.url)?;
        let selected = self.selected()?;
        let secrets = if self.forged {
            let guess = Secret::new("a-guess")?;
            SecretKind::ALL.map(|kind| (kind, guess.clone())).to_vec()
        } else {
            self.secret.read()?
        };
        let seed = self.seed.unwrap_or_else(|| fastrand::u64(..));
        let copies = 1 + u64::from(self.duplicates);
        let total = self.count.saturating_mul(selected.len() as u64).saturating_mul(copies);
        let pace =
            |rate: f64| Duration::try_from_secs_f64(rate.recip()).ok().filter(|_| rate > 0.0 && rate.is_finite());
        let pace = match self.rate {
            Some(rate) => Some(pace(rate).with_context(|| {
                Failure::new(
                    Code::Usage,
                    format!("invalid --rate {rate}"),
                    "pass a larger number of deliveries per second",
                )
            })?),
            None => None,
        };
        let mut generator = PayloadGenerator::new(seed);
        let deliveries = (0..self.count).flat_map(|_| &selected).flat_map(|(kind, api)| {
            generator = generator.clone().at(birdhook_testkit::now());
            let body = generator.event(*kind, &self.user).reported_by(*api).unwrap_or_default();
            std::iter::repeat_n((body, *kind, *api), if self.duplicates { 2 } else { 1 })
        });
        let sender = Sender::new(Duration::from_secs(10))?;
        if !json {
            self.announce(&selected, total)?;
        }
        let (progress, started) = (Progress::bar(total, "delivery"), Instant::now());
        let expectation = if self.forged { Expectation::Rejected } else { Expectation::Accepted };
        let mut response_summary = ResponseSummary::new(&self.url, expectation);
        let mut responses = stream::iter(deliveries.zip(0..))
            .map(|((body, kind, api), number): ((Bytes, MockEventKind, ApiSource), u32)| {
                let post = WebhookPost::unsigned(body);
                let post = secrets.iter().fold(post, |post, (kind, secret)| post.signed_as(*kind, secret));
                let request = post.request(&self.url);
                let sender = &sender;
                async move {
                    if let Some(pace) = pace {
                        tokio::time::sleep(pace.saturating_mul(number).saturating_sub(started.elapsed())).await;
                    }
                    Ok::<_, anyhow::Error>((sender.send(request?).await, kind, api))
                }
            })
            .buffer_unordered(self.concurrency.max(1));
        while let Some(response) = responses.next().await {
            let (response, kind, api) = response?;
            response_summary.count(&response, || self.kind_name(kind, api));
            progress.step();
        }
        drop(progress);
        response_summary.print(json, started.elapsed(), &[("seed", seed)])
    }

    /// Prints what will be sent: the number of deliveries of each API, and their kinds.
    fn announce(&self, selected: &[(MockEventKind, ApiSource)], total: u64) -> Result<()> {
        let forged = if self.forged { "forged " } else { "" };
        let number = plural(total, &format!("{forged}delivery"));
        output::line(format!("sending {number} to {}", shown(&redact_url(&self.url))))?;
        let mut by_api: Vec<(ApiSource, Vec<&str>)> = Vec::new();
        for (kind, api) in selected {
            match by_api.iter_mut().find(|(known, _)| known == api) {
                Some((_, kinds)) => kinds.push(kind.as_str()),
                None => by_api.push((*api, vec![kind.as_str()])),
            }
        }
        for (api, kinds) in by_api {
            let mut factors = plural(kinds.len(), "kind");
            if self.count > 1 {
                factors += &format!(" x {}", plural(self.count, "event"));
            }
            if self.duplicates {
                factors += " x 2 copies";
            }
            output::line(format!("  {}: {factors}: {}", api_name(api), listed(kinds.into_iter())))?;
        }
        Ok(())
    }

    /// Returns the name of a kind, with its API if both are sent.
    fn kind_name(&self, kind: MockEventKind, api: ApiSource) -> String {
        match (self.api, api) {
            (Some(TriggerApi::Both), ApiSource::AccountActivity) => format!("{kind} (aaa)"),
            (Some(TriggerApi::Both), ApiSource::XActivity) => format!("{kind} (xaa)"),
            _ => kind.to_string(),
        }
    }

    fn selected(&self) -> Result<Vec<(MockEventKind, ApiSource)>> {
        let kinds = if self.kinds.is_empty() { MockEventKind::ALL } else { &self.kinds };
        let mut selected = Vec::new();
        for kind in kinds {
            let sources = kind.api_sources();
            let only = match self.api {
                Some(TriggerApi::Aaa) => Some(ApiSource::AccountActivity),
                Some(TriggerApi::Xaa) => Some(ApiSource::XActivity),
                Some(TriggerApi::Both) => None,
                None => sources.iter().copied().max_by_key(|api| *api == ApiSource::XActivity),
            };
            let by = sources.iter().filter(|api| only.is_none_or(|only| only == **api));
            let before = selected.len();
            selected.extend(by.map(|api| (*kind, *api)));
            if selected.len() == before && !self.kinds.is_empty() {
                let message = format!("{kind} is not delivered by this API");
                bail!(Failure::new(Code::Usage, message, "leave out --api, or pass the other API"));
            }
        }
        Ok(selected)
    }
}

/// Returns X's name of an API.
fn api_name(api: ApiSource) -> &'static str {
    match api {
        ApiSource::AccountActivity => "Account Activity API",
        ApiSource::XActivity => "X Activity API",
        ApiSource::FilteredStream => "filtered stream",
        ApiSource::Replay => "replay API",
        other => other.as_str(),
    }
}
