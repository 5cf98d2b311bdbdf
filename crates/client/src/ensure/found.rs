//! The current state at X.

use std::collections::{BTreeMap, BTreeSet};

use birdhook_core::Timestamp;

use super::wanted::{DesiredState, DesiredSubscription, ManagementApi};
use crate::api::{ActivitySubscription, RegisteredWebhook, Subject, same_url, subject};
use crate::{Client, Error};

/// The part of X's current state that the desired state concerns.
#[derive(Clone, Debug, Default)]
pub(crate) struct CurrentState {
    pub(crate) webhook: Option<RegisteredWebhook>,
    /// The ids of the users who are subscribed to the Account Activity API.
    pub(crate) subscribers: BTreeSet<String>,
    /// All X Activity API subscriptions of the app, by type and subject.
    activity: BTreeMap<Subject, Vec<ActivitySubscription>>,
}

impl CurrentState {
    /// Reads from X only what the desired state needs.
    pub(crate) async fn read(client: &Client, wanted: &DesiredState) -> Result<Self, Error> {
        let mut found = Self { webhook: webhook(client, wanted.api, &wanted.url).await?, ..Self::default() };
        let Some(webhook) = &found.webhook else { return Ok(found) };
        if !wanted.account_activity.is_empty() {
            found.subscribers = subscribers(client, wanted.api, &webhook.id).await?;
        }
        if !wanted.activity.is_empty() {
            found.activity = activity(client).await?;
        }
        Ok(found)
    }

    /// Reads from X everything about the webhook at this URL.
    pub(crate) async fn read_all(client: &Client, api: ManagementApi, url: &str) -> Result<Self, Error> {
        let Some(webhook) = webhook(client, api, url).await? else { return Ok(Self::default()) };
        let subscribers = subscribers(client, api, &webhook.id).await?;
        let activity = activity(client).await?;
        Ok(Self { webhook: Some(webhook), subscribers, activity })
    }

    /// Returns the number of all X Activity API subscriptions, including those of other webhooks.
    pub(crate) fn existing(&self) -> usize {
        self.activity.values().map(Vec::len).sum()
    }

    /// Returns the creation time of the webhook's newest X Activity API subscription.
    pub(crate) fn youngest(&self) -> Option<Timestamp> {
        let webhook = self.webhook.as_ref()?;
        let all = self.activity.values().flatten();
        all.filter(|one| one.webhook_id.as_ref() == Some(&webhook.id)).filter_map(|one| one.created_at).max()
    }

    /// Returns the current subscription that equals a desired one, apart from tag and expiry.
    pub(crate) fn equal(&self, wish: &DesiredSubscription, now: Timestamp) -> Option<&ActivitySubscription> {
        let new = wish.subscription(&self.webhook.as_ref()?.id);
        self.activity.get(&subject(&wish.event_type, &wish.filter))?.iter().find(|one| new.is_met_by(one, now))
    }

    /// Describes how current subscriptions of the same type and subject differ from a desired one.
    ///
    /// X may refuse the desired one as a duplicate of these.
    pub(crate) fn differing(&self, wish: &DesiredSubscription, now: Timestamp) -> Vec<String> {
        let Some(webhook) = &self.webhook else { return Vec::new() };
        let new = wish.subscription(&webhook.id);
        let others = self.activity.get(&subject(&wish.event_type, &wish.filter)).into_iter().flatten();
        others.filter(|one| one.is_live(now)).map(|one| new.difference(one)).collect()
    }
}

/// Returns the webhook at this URL.
pub(crate) async fn webhook(
    client: &Client,
    api: ManagementApi,
    url: &str,
) -> Result<Option<RegisteredWebhook>, Error> {
    let all = match api {
        ManagementApi::V2 => client.webhooks().list().await?,
        ManagementApi::Enterprise => client.enterprise().list().await?,
    };
    Ok(all.into_iter().find(|webhook| same_url(&webhook.url, url)))
}

pub(crate) async fn subscribers(client: &Client, api: ManagementApi, webhook: &str) -> Result<BTreeSet<String>, Error> {
    let users = match api {
        ManagementApi::V2 => client.account_activity().subscribers(webhook).await?,
        ManagementApi::Enterprise => client.enterprise().subscribers(webhook).await?,
    };
    Ok(users.into_iter().collect())
}

async fn activity(client: &Client) -> Result<BTreeMap<Subject, Vec<ActivitySubscription>>, Error> {
    let mut activity: BTreeMap<Subject, Vec<_>> = BTreeMap::new();
    for one in client.activity().list().await? {
        activity.entry(subject(&one.event_type, &one.filter)).or_default().push(one);
    }
    Ok(activity)
}
