//! `birdhook trigger`: sends made-up events.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use birdhook::{Secret, app::SecretKind, event::ApiSource};
use birdhook_testkit::{MockEventKind, PayloadGenerator, Sender, WebhookPost};
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use crate::apps::SecretArgs;
use crate::exit_status::ExitStatus;
use crate::response_summary::{ResponseSummary, progress};
use crate::values::{EventApi, check_url};

/// Send signed, generated events to a receiver, and summarise its responses.
///
/// The expected status is 200 for signed deliveries, and 401 or 403 for forged ones. The events
/// depend only on the seed, which the summary prints, and on the time.
#[derive(Debug, clap::Args)]
#[command(after_long_help = kinds())]
pub(crate) struct Trigger {
    /// The URL of the receiver.
    url: String,
    /// The kinds of events, by X's names or birdhook's, for example like.create, favorite_events or
    /// liked. Defaults to every kind.
    kinds: Vec<MockEventKind>,
    /// Send deliveries of this API only. By default, each API that delivers a kind sends its own
    /// event. `birdhook mock-x` delivers one event through both APIs.
    #[arg(long, alias = "generation")]
    api: Option<EventApi>,
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

fn kinds() -> String {
    let names: Vec<_> = MockEventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    format!("Kinds: {}.", names.join(", "))
}

impl Trigger {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        check_url(&self.url)?;
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
            Some(rate) => Some(pace(rate).with_context(|| format!("invalid --rate {rate}: too small"))?),
            None => None,
        };
        let mut generator = PayloadGenerator::new(seed);
        let deliveries = (0..self.count).flat_map(|_| &selected).flat_map(|(kind, api)| {
            generator = generator.clone().at(birdhook_testkit::now());
            let body = generator.event(*kind, &self.user).reported_by(*api).unwrap_or_default();
            std::iter::repeat_n(body, if self.duplicates { 2 } else { 1 })
        });
        let bar = progress(total);
        let (started, sender) = (Instant::now(), Sender::new(Duration::from_secs(10))?);
        let expected: fn(u16) -> bool = if self.forged { |status| matches!(status, 401 | 403) } else { |s| s == 200 };
        let mut response_summary = ResponseSummary::default();
        let mut responses = stream::iter(deliveries.zip(0..))
            .map(|(body, number): (Bytes, u32)| {
                let post = WebhookPost::unsigned(body);
                let post = secrets.iter().fold(post, |post, (kind, secret)| post.signed_as(*kind, secret));
                let request = post.request(&self.url);
                let sender = &sender;
                async move {
                    if let Some(pace) = pace {
                        tokio::time::sleep(pace.saturating_mul(number).saturating_sub(started.elapsed())).await;
                    }
                    Ok::<_, anyhow::Error>(sender.send(request?).await)
                }
            })
            .buffer_unordered(self.concurrency.max(1));
        while let Some(response) = responses.next().await {
            response_summary.count(&response?, expected);
            bar.inc(1);
        }
        bar.finish_and_clear();
        response_summary.print(json, started.elapsed(), &[("seed", seed)])
    }

    fn selected(&self) -> Result<Vec<(MockEventKind, ApiSource)>> {
        let kinds = if self.kinds.is_empty() { MockEventKind::ALL } else { &self.kinds };
        let only = self.api.map(EventApi::source);
        let mut selected = Vec::new();
        for kind in kinds {
            let by = kind.api_sources().iter().filter(|api| only.is_none_or(|only| only == **api));
            let before = selected.len();
            selected.extend(by.map(|api| (*kind, *api)));
            if selected.len() == before && !self.kinds.is_empty() {
                bail!("{kind} is not delivered by this API");
            }
        }
        Ok(selected)
    }
}
