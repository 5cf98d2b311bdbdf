use std::collections::BTreeSet;

use serde::Serialize;

use super::types::{RegisteredWebhook, ReplayJob, ReplaySpan};
use crate::url::same_url;
use crate::{Client, Error};

/// The API that manages the webhook and its Account Activity subscriptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ManagementApi {
    /// v2.
    #[default]
    V2,
    /// Enterprise 1.1, which does not include the X Activity API.
    Enterprise,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct ManagedApi<'a> {
    client: &'a Client,
    api: ManagementApi,
}

impl Client {
    pub(crate) fn managed(&self, api: ManagementApi) -> ManagedApi<'_> {
        ManagedApi { client: self, api }
    }
}

/// Defines calls that have the same name in both APIs. In v2, they belong to the named part.
macro_rules! forwarded {
    ($($call:ident($($argument:ident: $type:ty),+) -> $made:ty, $part:ident;)+) => {$(
        pub(crate) async fn $call(&self, $($argument: $type),+) -> Result<$made, Error> {
            match self.api {
                ManagementApi::V2 => self.client.$part().$call($($argument),+).await,
                ManagementApi::Enterprise => self.client.enterprise().$call($($argument),+).await,
            }
        }
    )+};
}

impl ManagedApi<'_> {
    pub(crate) async fn find(&self, url: &str) -> Result<Option<RegisteredWebhook>, Error> {
        let all = match self.api {
            ManagementApi::V2 => self.client.webhooks().list().await?,
            ManagementApi::Enterprise => self.client.enterprise().list().await?,
        };
        Ok(all.into_iter().find(|webhook| same_url(&webhook.url, url)))
    }

    /// Makes X challenge the webhook. Returns whether it is then valid.
    pub(crate) async fn challenge(&self, webhook: &str) -> Result<bool, Error> {
        match self.api {
            ManagementApi::V2 => self.client.webhooks().validate(webhook).await,
            ManagementApi::Enterprise => self.client.enterprise().challenge(webhook).await.map(|()| true),
        }
    }

    pub(crate) async fn subscribers(&self, webhook: &str) -> Result<BTreeSet<String>, Error> {
        let users = match self.api {
            ManagementApi::V2 => self.client.account_activity().subscribers(webhook).await?,
            ManagementApi::Enterprise => self.client.enterprise().subscribers(webhook).await?,
        };
        Ok(users.into_iter().collect())
    }

    forwarded! {
        register(url: &str) -> RegisteredWebhook, webhooks;
        subscribe(webhook: &str, user: &str) -> (), account_activity;
        unsubscribe(webhook: &str, user: &str) -> (), account_activity;
        replay(webhook: &str, span: ReplaySpan) -> ReplayJob, webhooks;
    }
}
