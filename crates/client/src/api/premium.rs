use serde_json::Value;

use super::enterprise::{users, yes_or_no};
use super::response;
use super::types::{Counts, RegisteredWebhook};
use crate::call::{BEARER, Call, OWNER, USER, segment};
use crate::{Client, Error};

/// Calls for webhooks and subscriptions of an environment of premium 1.1.
#[derive(Clone, Copy, Debug)]
pub struct PremiumApi<'a> {
    pub(super) client: &'a Client,
    pub(super) environment: &'a str,
}

impl PremiumApi<'_> {
    fn path(&self, rest: &str) -> String {
        format!("/1.1/account_activity/all/{}/{rest}", segment(self.environment))
    }

    /// Registers a webhook. X challenges it first. Fails if X refuses the URL or the challenge
    /// response, or the limit of webhooks is reached.
    pub async fn register(&self, url: &str) -> Result<RegisteredWebhook, Error> {
        self.client.fetch(Call::post(self.path("webhooks.json"), OWNER).query("url", url)).await
    }

    /// Returns the environment's webhooks.
    pub async fn list(&self) -> Result<Vec<RegisteredWebhook>, Error> {
        self.client.fetch(Call::get(self.path("webhooks.json"), BEARER)).await
    }

    /// Returns the name and the webhooks of every environment.
    pub async fn environments(&self) -> Result<Vec<(String, Vec<RegisteredWebhook>)>, Error> {
        #[derive(serde::Deserialize)]
        struct Environment {
            environment_name: String,
            #[serde(default)]
            webhooks: Vec<RegisteredWebhook>,
        }
        let read = |response: &Value| response::many::<Environment>(response, "environments");
        let all = self.client.fetch_as(Call::get("/1.1/account_activity/all/webhooks.json", BEARER), read).await?;
        Ok(all.into_iter().map(|one| (one.environment_name, one.webhooks)).collect())
    }

    /// Makes X challenge a webhook now. A correct response makes it valid; another one is an error.
    pub async fn challenge(&self, webhook: &str) -> Result<(), Error> {
        self.client.execute(Call::put(self.path(&format!("webhooks/{}.json", segment(webhook))), OWNER)).await
    }

    /// Deletes a webhook and its subscriptions. Fails if the id does not exist.
    pub async fn delete(&self, webhook: &str) -> Result<(), Error> {
        self.client.execute(Call::delete(self.path(&format!("webhooks/{}.json", segment(webhook))), OWNER)).await
    }

    /// Subscribes a user, on whose behalf the call is made. Fails if the user has not authorised
    /// the app for direct messages, or is already subscribed.
    pub async fn subscribe(&self, user: &str) -> Result<(), Error> {
        self.client.execute(Call::post(self.path("subscriptions.json"), USER).for_user(user).idempotent()).await
    }

    /// Returns whether a user is subscribed.
    pub async fn is_subscribed(&self, user: &str) -> Result<bool, Error> {
        yes_or_no(self.client.execute(Call::get(self.path("subscriptions.json"), USER).for_user(user)).await)
    }

    /// Returns the ids of the subscribed users.
    pub async fn subscribers(&self) -> Result<Vec<String>, Error> {
        self.client.fetch_as(Call::get(self.path("subscriptions/list.json"), BEARER), users).await
    }

    /// Returns the number of subscriptions of the account.
    pub async fn count(&self) -> Result<Counts, Error> {
        self.client.fetch(Call::get("/1.1/account_activity/all/subscriptions/count.json", BEARER)).await
    }

    /// Removes a user's subscription. Fails if the user is not subscribed.
    pub async fn unsubscribe(&self, user: &str) -> Result<(), Error> {
        self.client.execute(Call::delete(self.path(&format!("subscriptions/{}.json", segment(user))), BEARER)).await
    }
}
