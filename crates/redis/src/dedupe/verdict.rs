//! Sends the results of claims to Redis.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use birdhook_pipeline::EventKey;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::store::Store;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Done,
    Released,
}

/// The result of a claim, being sent to Redis. Continues after its request has ended.
pub(super) struct Telling {
    store: Arc<Store>,
    verdict: Verdict,
    keys: Vec<EventKey>,
    token: String,
    ends: Instant,
    heard: bool,
}

impl Telling {
    pub(super) fn new(store: Arc<Store>, verdict: Verdict, keys: Vec<EventKey>, token: String, ends: Instant) -> Self {
        store.unheard.fetch_add(1, SeqCst);
        Self { store, verdict, keys, token, ends, heard: false }
    }

    /// Starts sending. Without a runtime, the claim expires by itself.
    pub(super) fn begin(self) {
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(self.until_heard());
        }
    }

    /// Sends at least once, and until Redis confirms it or the claim has expired.
    async fn until_heard(mut self) {
        const LONGEST_PAUSE: Duration = Duration::from_secs(1);
        let mut pause = Duration::from_millis(50);
        loop {
            self.heard = self.store.tell(self.verdict, &self.keys, &self.token).await;
            if self.heard || Instant::now() + pause > self.ends {
                return;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        if !self.heard && self.verdict == Verdict::Done {
            self.store.unmarked.fetch_add(self.keys.len() as u64, SeqCst);
        }
        if self.store.unheard.fetch_sub(1, SeqCst) == 1 {
            self.store.all_heard.notify_waiters();
        }
    }
}
