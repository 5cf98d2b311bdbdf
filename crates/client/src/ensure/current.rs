use std::collections::{BTreeMap, BTreeSet};

use birdhook_core::Timestamp;

use super::desired::{DesiredState, DesiredSubscription};
use crate::api::managed::ManagementApi;
use crate::api::{ActivitySubscription, RegisteredWebhook, Subject, subject};
use crate::{Client, Error};

/// The part of X's current state that the desired state concerns.
#[derive(Clone, Debug, Default)]
pub(crate) struct CurrentState {
    pub(crate) webhook: Option<RegisteredWebhook>,
    pub(crate) subscribers: BTreeSet<String>,
    /// All X Activity API subscriptions of the app, by type and subject.
    activity: BTreeMap<Subject, Vec<ActivitySubscription>>,
}

impl CurrentState {
    pub(crate) async fn read(client: &Client, desired: &DesiredState) -> Result<Self, Error> {
        let managed = client.managed(desired.api);
        let mut current = Self { webhook: managed.find(&desired.url).await?, ..Self::default() };
        let Some(webhook) = &current.webhook else { return Ok(current) };
        if !desired.account_activity.is_empty() {
            current.subscribers = managed.subscribers(&webhook.id).await?;
        }
        if !desired.activity.is_empty() {
            current.activity = activity(client).await?;
        }
        Ok(current)
    }

    /// Reads from X everything about the webhook at this URL.
    pub(crate) async fn read_all(client: &Client, api: ManagementApi, url: &str) -> Result<Self, Error> {
        let managed = client.managed(api);
        let Some(webhook) = managed.find(url).await? else { return Ok(Self::default()) };
        let subscribers = managed.subscribers(&webhook.id).await?;
        let activity = activity(client).await?;
        Ok(Self { webhook: Some(webhook), subscribers, activity })
    }

    /// Returns the number of all X Activity API subscriptions, including those of other webhooks.
    pub(crate) fn existing(&self) -> usize {
        self.activity.values().map(Vec::len).sum()
    }

    pub(crate) fn newest(&self) -> Option<Timestamp> {
        let webhook = self.webhook.as_ref()?;
        let all = self.activity.values().flatten();
        all.filter(|one| one.webhook_id.as_ref() == Some(&webhook.id)).filter_map(|one| one.created_at).max()
    }

    /// Returns the current subscription that equals a desired one, apart from tag and expiry.
    pub(crate) fn equal(&self, desired: &DesiredSubscription, now: Timestamp) -> Option<&ActivitySubscription> {
        let new = desired.subscription(&self.webhook.as_ref()?.id);
        self.activity.get(&subject(&desired.event_type, &desired.filter))?.iter().find(|one| new.is_met_by(one, now))
    }

    /// Describes how current subscriptions of the same type and subject differ from a desired one.
    /// X may refuse the desired one as a duplicate of these.
    pub(crate) fn differing(&self, desired: &DesiredSubscription, now: Timestamp) -> Vec<String> {
        let Some(webhook) = &self.webhook else { return Vec::new() };
        let new = desired.subscription(&webhook.id);
        let others = self.activity.get(&subject(&desired.event_type, &desired.filter)).into_iter().flatten();
        others.filter(|one| one.is_live(now)).map(|one| new.difference(one)).collect()
    }
}

async fn activity(client: &Client) -> Result<BTreeMap<Subject, Vec<ActivitySubscription>>, Error> {
    let mut activity: BTreeMap<Subject, Vec<_>> = BTreeMap::new();
    for one in client.activity().list().await? {
        activity.entry(subject(&one.event_type, &one.filter)).or_default().push(one);
    }
    Ok(activity)
}
