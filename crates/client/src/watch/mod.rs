//! Watches over a webhook: heals it, notices gaps, and has them replayed.

mod expiry;
mod gap;
mod job;
mod notice;
mod rules;
mod settings;
mod silence;
mod state;
mod time;

pub use gap::{Gap, GapCause};
pub use notice::{LostCause, Notice};
pub use rules::{Jobs, Later, Rules};
pub use settings::WatchSettings;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use birdhook_core::{Activity, Event, EventKind, Timestamp};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::api::{ReplayJob, ReplaySpan, Webhook};
use crate::{Api, Client, Error};
use state::State;

/// Watches over a webhook: polls its state, has an invalid one challenged anew, notices gaps, and has X replay them.
/// A clone is the same watch.
///
/// A gap is a time in which events may have been missed: the app was down ([`was_down`](Self::was_down)), the webhook was
/// invalid, or nothing came for longer than the [`WatchSettings`] allow. X is asked to replay exactly the whole minutes of
/// it, as [`Rules`] say: in jobs of at most 2 hours, the oldest first, each when the
/// `replay_job_status` of the one before has come. What is too old is told as [`Notice::Lost`], what is too fresh waits.
/// X replays what it tried to deliver: what happened while it took the webhook for invalid may not be among it.
///
/// The watch keeps nothing on disk. The app tells it what it knows: every event ([`saw`](Self::saw)), every challenge
/// ([`challenged`](Self::challenged)), and after a restart from when to when it was down.
///
/// # Replayed events and duplicates
/// Replayed events come to the receiver as all others do, with nothing that marks them. The receiver drops those that it
/// remembers, so let it remember as far back as X replays: in `birdhook`, `Webhook::dedupe_window` with 25 hours (5 days
/// and an hour in enterprise 1.1) and room for as many events. It remembers 15 minutes unless set, which drops almost
/// nothing of a replay, and nothing from before a restart. To let everything through, seen or not, give it a window of no
/// events, `dedupe_window(0, Duration::ZERO)`, for as long as the replay takes.
///
/// ```no_run
/// use birdhook_client::{Client, WatchSettings};
/// # use birdhook_core::{Event, Timestamp};
///
/// # async fn example(client: Client, mut next: impl AsyncFnMut() -> Event, stopped: Timestamp, started: Timestamp) {
/// let watch = client.watch("https://app.example/webhooks/twitter", WatchSettings::default());
/// watch.was_down(stopped, started);
/// let watched = watch.clone();
/// tokio::join!(watch.run(|notice| println!("{notice}")), async {
///     loop {
///         watched.saw(&next().await);
///     }
/// });
/// # }
/// ```
#[derive(Clone)]
pub struct Watch {
    inner: Arc<Inner>,
}

/// X takes a job for ended when what tells so was answered, which is a little after the receiver saw it.
const MOMENT: Duration = Duration::from_secs(1);

struct Inner {
    client: Client,
    url: String,
    settings: WatchSettings,
    state: Mutex<State>,
    /// A replay job has ended.
    ended: Notify,
    /// One step at a time.
    stepping: tokio::sync::Mutex<()>,
}

impl Client {
    /// Watches over the webhook of this URL.
    pub fn watch(&self, url: impl Into<String>, settings: WatchSettings) -> Watch {
        let state = Mutex::new(State::new(self.now()));
        let (client, url) = (self.clone(), url.into());
        let (ended, stepping) = (Notify::new(), tokio::sync::Mutex::new(()));
        Watch { inner: Arc::new(Inner { client, url, settings, state, ended, stepping }) }
    }
}

impl Watch {
    /// An event came: to be called for every one, also for the [`EventKind::ReplayFinished`] with which X tells that a
    /// replay job has ended.
    pub fn saw(&self, event: &Event) {
        let Inner { client, settings, .. } = &*self.inner;
        if event.kind() != EventKind::ReplayFinished {
            self.state().saw(event, client.now(), settings);
        } else if let Activity::ReplayFinished(end) = event.activity() {
            self.state().ended(&end);
            self.inner.ended.notify_one();
        }
    }

    /// An event came at this time: what the app knows from before the watch began.
    pub fn heard(&self, at: Timestamp) {
        self.state().heard(at, &self.inner.settings);
    }

    /// X challenged the receiver at this time, and was answered well.
    pub fn challenged(&self, at: Timestamp) {
        self.state().challenged(at, &self.inner.settings);
    }

    /// The app took no deliveries from the one time to before the other, as it knows after a restart. Nothing when `to` is
    /// not after `from`.
    pub fn was_down(&self, from: Timestamp, to: Timestamp) {
        self.state().gap(from, to, GapCause::Down, &self.inner.settings);
    }

    /// What is being replayed, and what is to be: whole minutes, the job under way first.
    pub fn pending(&self) -> Vec<ReplaySpan> {
        self.state().pending()
    }

    /// Polls once: has an invalid webhook challenged anew, looks for gaps, sees to the replay job under way and asks for
    /// the next one. Returns what there is to say, also of what the app told since.
    pub async fn step(&self) -> Vec<Notice> {
        let _alone = self.inner.stepping.lock().await;
        self.poll().await;
        self.look_for_ends().await;
        self.replay().await;
        self.state().take_notices()
    }

    /// Polls until it is dropped, and tells what there is to say. The next replay job does not wait for the next poll.
    pub async fn run(&self, mut tell: impl FnMut(Notice)) {
        loop {
            self.step().await.into_iter().for_each(&mut tell);
            let next = Instant::now() + self.inner.settings.poll_interval;
            let mut pause: Option<Duration> = None;
            while Instant::now() < next {
                let until = pause.map_or(next, |pause| next.min(Instant::now() + pause));
                if timeout_at(until, self.inner.ended.notified()).await.is_ok() {
                    pause = Some(MOMENT);
                    continue;
                }
                let Some(waited) = pause else { break };
                let notices = {
                    let _alone = self.inner.stepping.lock().await;
                    self.replay().await;
                    self.state().take_notices()
                };
                notices.into_iter().for_each(&mut tell);
                let is_busy = self.state().is_busy();
                pause = Some(waited * 2).filter(|pause| is_busy && *pause <= MOMENT * 4);
            }
        }
    }

    async fn poll(&self) {
        let Inner { client, url, settings, .. } = &*self.inner;
        let found = self.webhook().await;
        match found {
            Err(error) => self.state().unknown(error),
            Ok(None) => self.state().missing(url),
            Ok(Some(webhook)) if webhook.valid => self.state().valid(&webhook.id, client.now(), settings),
            Ok(Some(webhook)) => {
                self.state().invalid(&webhook.id);
                match self.challenge(&webhook.id).await {
                    Ok(true) => self.state().valid(&webhook.id, client.now(), settings),
                    Ok(false) => self.state().still_invalid(&webhook.id, None),
                    Err(error) => self.state().still_invalid(&webhook.id, Some(error)),
                }
            }
        }
        self.state().listen(client.now(), settings);
    }

    /// Looks once an hour for subscriptions to the X Activity API that are about to end.
    async fn look_for_ends(&self) {
        let Inner { client, settings, .. } = &*self.inner;
        let webhook = self.state().valid_webhook().filter(|_| settings.api == Api::V2);
        let Some(webhook) = webhook else { return };
        if self.state().expiries().is_due(client.now()) {
            let looked = expiry::look(client, &webhook, settings).await;
            self.state().report_ends(looked);
        }
    }

    async fn webhook(&self) -> Result<Option<Webhook>, Error> {
        let client = &self.inner.client;
        let all = match self.inner.settings.api {
            Api::V2 => client.webhooks().list().await?,
            Api::Enterprise => client.enterprise().list().await?,
        };
        Ok(all.into_iter().find(|webhook| webhook.url == self.inner.url))
    }

    /// Has X challenge the webhook, and says whether it is valid then.
    async fn challenge(&self, webhook: &str) -> Result<bool, Error> {
        let client = &self.inner.client;
        match self.inner.settings.api {
            Api::V2 => client.webhooks().validate(webhook).await,
            Api::Enterprise => client.enterprise().challenge(webhook).await.map(|()| true),
        }
    }

    /// Sees to the replay job under way, and asks for the next one.
    async fn replay(&self) {
        let Inner { client, settings, .. } = &*self.inner;
        let rules = Rules::of(settings.api);
        loop {
            let next = {
                let (mut state, now) = (self.state(), client.now());
                state.settle(now, settings);
                state.next(now, rules)
            };
            let Some((webhook, span)) = next else { return };
            match self.ask(&webhook, span).await {
                Ok(job) => self.state().began(job),
                Err(error) => return self.state().refused(error),
            }
        }
    }

    async fn ask(&self, webhook: &str, span: ReplaySpan) -> Result<ReplayJob, Error> {
        let client = &self.inner.client;
        match self.inner.settings.api {
            Api::V2 => client.webhooks().replay(webhook, span).await,
            Api::Enterprise => client.enterprise().replay(webhook, span).await,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { url, settings, .. } = &*self.inner;
        f.debug_struct("Watch").field("url", url).field("settings", settings).finish_non_exhaustive()
    }
}
