//! What there is.

use std::collections::{BTreeMap, BTreeSet};

use birdhook_core::Timestamp;

use super::wanted::{Api, Wanted, Wish};
use crate::api::{ActivitySubscription, Filter, Webhook, canonical, same_url};
use crate::{Client, Error};

/// What there is of what is wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) webhook: Option<Webhook>,
    /// The ids of the users who are subscribed to the Account Activity API.
    pub(crate) subscribers: BTreeSet<String>,
    /// The subscriptions to the X Activity API, also of other webhooks, by type and subject.
    activity: BTreeMap<Same, Vec<ActivitySubscription>>,
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
            found.activity = activity(client).await?;
        }
        Ok(found)
    }

    /// Asks X for everything of the webhook of this URL.
    pub(crate) async fn read_all(client: &Client, api: Api, url: &str) -> Result<Self, Error> {
        let Some(webhook) = webhook(client, api, url).await? else { return Ok(Self::default()) };
        let subscribers = subscribers(client, api, &webhook.id).await?;
        let activity = activity(client).await?;
        Ok(Self { webhook: Some(webhook), subscribers, activity })
    }

    /// The number of all subscriptions to the X Activity API, also of other webhooks.
    pub(crate) fn existing(&self) -> usize {
        self.activity.values().map(Vec::len).sum()
    }

    /// When the youngest subscription to the X Activity API was created that is delivered to the webhook.
    pub(crate) fn youngest(&self) -> Option<Timestamp> {
        let webhook = self.webhook.as_ref()?;
        let all = self.activity.values().flatten();
        all.filter(|one| one.webhook_id.as_ref() == Some(&webhook.id)).filter_map(|one| one.created_at).max()
    }

    /// The subscription that is what is wished for at this time, whatever its tag and its end.
    pub(crate) fn equal(&self, wish: &Wish, now: Timestamp) -> Option<&ActivitySubscription> {
        let new = wish.subscription(&self.webhook.as_ref()?.id);
        self.activity.get(&same(&wish.event_type, &wish.filter))?.iter().find(|one| new.is_met_by(one, now))
    }

    /// For each subscription of the same type and subject as the wish, in what it differs from it. X may refuse the wish as a
    /// duplicate of them.
    pub(crate) fn differing(&self, wish: &Wish, now: Timestamp) -> Vec<String> {
        let Some(webhook) = &self.webhook else { return Vec::new() };
        let new = wish.subscription(&webhook.id);
        let others = self.activity.get(&same(&wish.event_type, &wish.filter)).into_iter().flatten();
        others.filter(|one| one.is_live(now)).map(|one| new.difference(one)).collect()
    }
}

/// What two subscriptions have in common of which X may hold one alone: type, user and keyword.
type Same = (String, Option<String>, Option<String>);

fn same(event_type: &str, filter: &Filter) -> Same {
    (canonical(event_type).to_owned(), filter.user_id.clone(), filter.keyword.clone())
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

async fn activity(client: &Client) -> Result<BTreeMap<Same, Vec<ActivitySubscription>>, Error> {
    let mut activity: BTreeMap<Same, Vec<_>> = BTreeMap::new();
    for one in client.activity().list().await? {
        activity.entry(same(&one.event_type, &one.filter)).or_default().push(one);
    }
    Ok(activity)
}
