//! The state of the webhook at X, as a watch reports it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use birdhook::client::{Client, ManagementApi, Watch, WatchEvent};
use http::Uri;

use crate::account::Explained;
use crate::error::{Code, Failure};
use crate::output::{note, shown};

/// The state of the webhook at X. Clones share it.
#[derive(Clone, Default)]
pub(super) struct AtX(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    watch: Option<Watch>,
    /// The fault of the webhook.
    trouble: Option<String>,
    expiring: BTreeMap<String, String>,
}

impl AtX {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn watch(&self, watch: Watch) {
        self.state().watch = Some(watch);
    }

    pub(super) fn record(&self, event: &WatchEvent) {
        let mut state = self.state();
        match event {
            WatchEvent::Invalid { .. } | WatchEvent::StillInvalid { .. } | WatchEvent::Missing { .. } => {
                state.trouble = Some(event.to_string());
            }
            WatchEvent::Revalidated { .. } => state.trouble = None,
            WatchEvent::Expiring { subscription, .. } | WatchEvent::NotRenewed { subscription, .. } => {
                state.expiring.insert(subscription.clone(), event.to_string());
            }
            WatchEvent::Renewed { subscription, .. } | WatchEvent::NotExpiring { subscription, .. } => {
                state.expiring.remove(subscription);
            }
            _ => {}
        }
    }

    /// Returns what is wrong with the webhook; `None` if X has not reported its state.
    pub(super) fn webhook(&self) -> Option<Option<String>> {
        let state = self.state();
        let is_known = state.trouble.is_some() || state.watch.as_ref().is_some_and(Watch::is_valid);
        is_known.then(|| state.trouble.clone())
    }

    /// Returns the expiring subscriptions; `None` if X has not listed any.
    pub(super) fn expiring(&self) -> Option<BTreeMap<String, String>> {
        let state = self.state();
        state.watch.as_ref().filter(|watch| watch.knows_expiries()).map(|_| state.expiring.clone())
    }
}

/// Returns the URL of the app's only webhook with this path. Asks again until X responds with one.
pub(super) async fn webhook_url(client: &Client, api: ManagementApi, path: &str, interval: Duration) -> String {
    let mut last = None;
    loop {
        match find(client, api, path).await {
            Ok(url) => return url,
            Err(error) => {
                let text = format!("the webhook at X is unknown, and is looked for again: {error:#}");
                if last.as_ref() != Some(&text) {
                    note(shown(&text));
                }
                last = Some(text);
            }
        }
        tokio::time::sleep(interval).await;
    }
}

async fn find(client: &Client, api: ManagementApi, path: &str) -> Result<String> {
    let listed = match api {
        ManagementApi::Enterprise => client.enterprise().list().await,
        _ => client.webhooks().list().await,
    };
    sole(listed.explained()?.into_iter().map(|webhook| webhook.url).collect(), path)
}

/// Returns the only URL with this path.
fn sole(urls: Vec<String>, path: &str) -> Result<String> {
    let has_path = |url: &String| url.parse::<Uri>().is_ok_and(|uri| uri.path() == path);
    let mut found: Vec<_> = urls.into_iter().filter(has_path).collect();
    let url = found.pop().filter(|_| found.is_empty());
    url.with_context(|| {
        let message = format!("the app does not have exactly one webhook with the path {path}");
        Failure::new(Code::NoSuchWebhook, message, "pass --webhook-url")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_webhook_is_the_only_one_with_the_path_of_the_receiver() {
        let urls = |urls: &[&str]| urls.iter().map(|url| (*url).to_owned()).collect::<Vec<_>>();
        let two = urls(&["https://a.example/hooks", "https://a.example/other"]);
        assert_eq!(sole(two, "/hooks").unwrap(), "https://a.example/hooks");
        for none in [urls(&["https://a.example/x"]), urls(&["https://a.example/hooks", "https://b.example/hooks"])] {
            assert!(sole(none, "/hooks").unwrap_err().to_string().contains("exactly one webhook"));
        }
    }
}
