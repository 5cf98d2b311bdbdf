//! What there is.

use std::collections::BTreeSet;

use birdhook_core::Timestamp;

use super::wanted::{Api, Wanted, Wish};
use crate::api::{ActivitySubscription, Webhook, same_url};
use crate::{Client, Error};

/// What there is of what is wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) webhook: Option<Webhook>,
    /// The ids of the users who are subscribed to the Account Activity API.
    pub(crate) subscribers: BTreeSet<String>,
    /// The subscriptions to the X Activity API that are delivered to the webhook.
    pub(crate) activity: Vec<ActivitySubscription>,
    /// The number of all subscriptions to the X Activity API, also of other webhooks.
    pub(crate) existing: usize,
}

impl Found {
    /// Asks X, and no more than the wanted state takes.
    pub(crate) async fn read(client: &Client, wanted: &Wanted) -> Result<Self, Error> {
        let mut found = Self { webhook: webhook(client, wanted.api, &wanted.url).await?, ..Self::default() };
        let Some(webhook) = &found.webhook else { return Ok(found) };
        if !wanted.account_activity.is_empty() {
            found.subscribers = subscribers(client, wanted.api, &webhook.id).await?;
        }
        if !wanted.activity.is_empty() {
            found.activity = activity(client, &webhook.id).await?;
        }
        Ok(found)
    }

    /// Asks X for everything of the webhook of this URL.
    pub(crate) async fn read_all(client: &Client, api: Api, url: &str) -> Result<Self, Error> {
        let Some(webhook) = webhook(client, api, url).await? else { return Ok(Self::default()) };
        let subscribers = subscribers(client, api, &webhook.id).await?;
        let mut activity = client.activity().list().await?;
        let existing = activity.len();
        activity.retain(|one| one.webhook_id.as_deref() == Some(&*webhook.id));
        Ok(Self { webhook: Some(webhook), subscribers, activity, existing })
    }

    /// The subscription that is what is wished for at this time, whatever its tag and its end.
    pub(crate) fn equal(&self, wish: &Wish, now: Timestamp) -> Option<&ActivitySubscription> {
        let new = wish.subscription(&self.webhook.as_ref()?.id);
        self.activity.iter().find(|one| new.is_met_by(one, now))
    }
}

/// The webhook of this URL.
pub(crate) async fn webhook(client: &Client, api: Api, url: &str) -> Result<Option<Webhook>, Error> {
    let all = match api {
        Api::V2 => client.webhooks().list().await?,
        Api::Enterprise => client.enterprise().list().await?,
    };
    Ok(all.into_iter().find(|webhook| same_url(&webhook.url, url)))
}

pub(crate) async fn subscribers(client: &Client, api: Api, webhook: &str) -> Result<BTreeSet<String>, Error> {
    let users = match api {
        Api::V2 => client.account_activity().subscribers(webhook).await?,
        Api::Enterprise => client.enterprise().subscribers(webhook).await?,
    };
    Ok(users.into_iter().collect())
}

pub(crate) async fn activity(client: &Client, webhook: &str) -> Result<Vec<ActivitySubscription>, Error> {
    let mut all = client.activity().list().await?;
    all.retain(|one| one.webhook_id.as_deref() == Some(webhook));
    Ok(all)
}
