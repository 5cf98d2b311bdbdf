//! Watches a webhook: revalidates it, detects gaps, and requests their replay.

mod event;
mod expiry;
mod gap;
mod job;
mod rules;
mod settings;
mod silence;
mod state;

pub use event::{LostCause, WatchEvent};
pub use gap::{Gap, GapCause};
pub use rules::{DeferredReplay, ReplayJobs, ReplayRules};
pub use settings::WatchSettings;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use birdhook_core::{Activity, Event, EventKind, Timestamp};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::Client;
use crate::api::ReplaySpan;
use crate::api::managed::{ManagedApi, ManagementApi};
use state::State;

/// A watch over a webhook. Clones share one watch.
///
/// It polls the webhook's state, makes X challenge an invalid webhook again, detects gaps and
/// requests their replay.
///
/// A gap is a period in which events may have been missed: the app was down
/// ([`was_down`](Self::was_down)), the webhook was invalid, or nothing arrived for longer than the
/// [`WatchSettings`] allow. The watch asks X to replay the whole minutes of the gap, as [`ReplayRules`]
/// describe: in jobs of at most 2 hours, oldest first. Each job follows the `replay_job_status` of
/// the one before. A gap that is too old is reported as [`WatchEvent::Lost`]; one that is too recent
/// waits.
///
/// X replays the deliveries that it attempted. Events from the time in which X held the webhook for
/// invalid may be missing.
///
/// The watch stores nothing on disk. The app reports to it every event ([`record_event`](Self::record_event)), every
/// challenge ([`challenged`](Self::challenged)), and after a restart the period in which it was
/// down.
///
/// # Replayed events and duplicates
/// Replayed events arrive like all others, without a marker. The receiver drops those that it
/// remembers, so its memory must reach as far back as X replays. In `birdhook`, set
/// `Webhook::dedupe_window` to 25 hours (5 days and an hour in enterprise 1.1), with room for the
/// events of that time. By default, the receiver remembers 15 minutes and nothing from before a
/// restart, so it drops almost no replayed event. To accept all replayed events, including known
/// ones, disable the window during the replay: `dedupe_window(0, Duration::ZERO)`.
///
/// ```no_run
/// # mod birdhook { pub mod client { pub use birdhook_client::{Client, WatchSettings}; } }
/// use birdhook::client::{Client, WatchSettings};
/// # use birdhook_core::{Event, Timestamp};
///
/// # async fn example(client: Client, mut next: impl AsyncFnMut() -> Event, stopped: Timestamp, started: Timestamp) {
/// let watch = client.watch("https://app.example/webhooks/twitter", WatchSettings::default());
/// watch.was_down(stopped, started);
/// let watched = watch.clone();
/// tokio::join!(watch.run(|event| println!("{event}")), async {
///     loop {
///         watched.record_event(&next().await);
///     }
/// });
/// # }
/// ```
#[derive(Clone)]
pub struct Watch {
    inner: Arc<Inner>,
}

/// Pause before the next job. X considers a job ended only once the receiver has answered its
/// status event, which is shortly after the watch sees it.
const PAUSE: Duration = Duration::from_secs(1);

struct Inner {
    client: Client,
    url: String,
    settings: WatchSettings,
    state: Mutex<State>,
    /// Notified when a replay job has ended.
    ended: Notify,
    /// Serializes the steps.
    stepping: tokio::sync::Mutex<()>,
}

impl Client {
    /// Returns a watch over the webhook at this URL.
    pub fn watch(&self, url: impl Into<String>, settings: WatchSettings) -> Watch {
        let state = Mutex::new(State::new(self.now()));
        let (client, url) = (self.clone(), url.into());
        let (ended, stepping) = (Notify::new(), tokio::sync::Mutex::new(()));
        Watch { inner: Arc::new(Inner { client, url, settings, state, ended, stepping }) }
    }
}

impl Watch {
    /// Records an event. Call it for every event, including [`EventKind::ReplayFinished`], which
    /// reports the end of a replay job.
    pub fn record_event(&self, event: &Event) {
        let Inner { client, settings, .. } = &*self.inner;
        if event.kind() != EventKind::ReplayFinished {
            self.state().record_event(event, client.now(), settings);
        } else if let Activity::ReplayFinished(end) = event.activity() {
            self.state().ended(&end);
            self.inner.ended.notify_one();
        }
    }

    /// Records the time of an event that arrived before the watch began.
    pub fn record_activity(&self, at: Timestamp) {
        self.state().record_activity(at, &self.inner.settings);
    }

    /// Records a challenge that the receiver answered correctly.
    pub fn challenged(&self, at: Timestamp) {
        self.state().challenged(at, &self.inner.settings);
    }

    /// Records a period in which the app accepted no deliveries. `to` is excluded. Does nothing if
    /// `to` is not after `from`.
    pub fn was_down(&self, from: Timestamp, to: Timestamp) {
        self.state().gap(from, to, GapCause::Down, &self.inner.settings);
    }

    /// Returns the spans that X replays or will replay, in whole minutes, the running job first.
    pub fn pending(&self) -> Vec<ReplaySpan> {
        self.state().pending()
    }

    /// Returns whether the last poll found the webhook valid.
    pub fn is_valid(&self) -> bool {
        self.state().valid.is_some()
    }

    /// Returns whether X has listed the subscriptions, so that the expiring ones are known.
    pub fn knows_expiries(&self) -> bool {
        self.state().expiries.is_known()
    }

    /// Polls once and returns the new events. A poll makes X challenge an invalid webhook again,
    /// detects gaps, handles the running replay job and requests the next one. The events also
    /// cover what the app has reported since the last poll.
    pub async fn step(&self) -> Vec<WatchEvent> {
        let _guard = self.inner.stepping.lock().await;
        self.poll().await;
        self.report_expiries().await;
        self.replay().await;
        self.state().take_events()
    }

    /// Polls until the future is dropped, and passes each event to `on_event`. The next replay job
    /// does not wait for the next poll.
    pub async fn run(&self, mut on_event: impl FnMut(WatchEvent)) {
        loop {
            self.step().await.into_iter().for_each(&mut on_event);
            let next = Instant::now() + self.inner.settings.poll_interval;
            let mut pause: Option<Duration> = None;
            while Instant::now() < next {
                let until = pause.map_or(next, |pause| next.min(Instant::now() + pause));
                if timeout_at(until, self.inner.ended.notified()).await.is_ok() {
                    pause = Some(PAUSE);
                    continue;
                }
                let Some(waited) = pause else { break };
                let events = {
                    let _guard = self.inner.stepping.lock().await;
                    self.replay().await;
                    self.state().take_events()
                };
                events.into_iter().for_each(&mut on_event);
                let is_busy = self.state().is_busy();
                pause = Some(waited * 2).filter(|pause| is_busy && *pause <= PAUSE * 4);
            }
        }
    }

    async fn poll(&self) {
        let Inner { client, url, settings, .. } = &*self.inner;
        let managed = self.managed();
        match managed.find(url).await {
            Err(error) => self.state().unknown(error),
            Ok(None) => self.state().missing(url),
            Ok(Some(webhook)) if webhook.valid => self.state().valid(&webhook.id, client.now(), settings),
            Ok(Some(webhook)) => {
                self.state().invalid(&webhook.id);
                match managed.challenge(&webhook.id).await {
                    Ok(true) => self.state().valid(&webhook.id, client.now(), settings),
                    Ok(false) => self.state().still_invalid(&webhook.id, None),
                    Err(error) => self.state().still_invalid(&webhook.id, Some(error)),
                }
            }
        }
        self.state().check_silences(client.now(), settings);
    }

    fn managed(&self) -> ManagedApi<'_> {
        self.inner.client.managed(self.inner.settings.api)
    }

    /// Checks once an hour for X Activity API subscriptions that are about to expire.
    async fn report_expiries(&self) {
        let Inner { client, settings, .. } = &*self.inner;
        let webhook = self.state().valid.clone().filter(|_| settings.api == ManagementApi::V2);
        let Some(webhook) = webhook else { return };
        if self.state().expiries.is_due(client.now()) {
            let listed = expiry::soon(client, &webhook, settings).await;
            self.state().report_expiries(listed, client.now());
        }
    }

    async fn replay(&self) {
        let Inner { client, settings, .. } = &*self.inner;
        let rules = ReplayRules::of(settings.api);
        loop {
            let next = {
                let (mut state, now) = (self.state(), client.now());
                state.settle(now, settings);
                state.next(now, rules)
            };
            let Some((webhook, span)) = next else { return };
            match self.managed().replay(&webhook, span).await {
                Ok(job) => self.state().replaying(job),
                Err(error) => return self.state().refused(error),
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl_debug!(Watch: "Watch", |this| url: this.inner.url, settings: this.inner.settings);
