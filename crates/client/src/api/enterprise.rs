use serde::Deserialize;
use serde_json::Value;

use super::response;
use super::types::{Counts, RegisteredWebhook, ReplayJob, ReplaySpan};
use crate::call::{BEARER, Call, OWNER, USER, segment};
use crate::{Client, Error, ErrorCause};

/// Calls for webhooks and subscriptions of enterprise 1.1.
#[derive(Clone, Copy, Debug)]
pub struct EnterpriseApi<'a>(pub(super) &'a Client);

#[derive(Deserialize)]
struct Subscriber {
    #[serde(deserialize_with = "response::id")]
    user_id: String,
}

pub(super) fn users(response: &Value) -> Option<Vec<String>> {
    let list: Vec<Subscriber> = response::many(response, "subscriptions")?;
    Some(list.into_iter().map(|one| one.user_id).collect())
}

/// Maps 204 to `true` and X's error for "not subscribed" to `false`.
pub(super) fn yes_or_no(response: Result<(), Error>) -> Result<bool, Error> {
    match response {
        Ok(()) => Ok(true),
        Err(error) if *error.cause() == ErrorCause::NotSubscribed => Ok(false),
        Err(error) => Err(error),
    }
}

impl EnterpriseApi<'_> {
    /// Registers a webhook. X challenges it first. Fails if X refuses the URL or the challenge
    /// response, or the limit of webhooks is reached.
    pub async fn register(&self, url: &str) -> Result<RegisteredWebhook, Error> {
        self.0.fetch(Call::post("/1.1/account_activity/webhooks.json", OWNER).query("url", url)).await
    }

    /// Returns the app's webhooks.
    pub async fn list(&self) -> Result<Vec<RegisteredWebhook>, Error> {
        self.0.fetch(Call::get("/1.1/account_activity/webhooks.json", BEARER)).await
    }

    /// Makes X challenge a webhook now. A correct response makes it valid; another one is an error.
    pub async fn challenge(&self, webhook: &str) -> Result<(), Error> {
        self.0.execute(Call::put(format!("/1.1/account_activity/webhooks/{}.json", segment(webhook)), OWNER)).await
    }

    /// Deletes a webhook and its subscriptions. Fails if the id does not exist.
    pub async fn delete(&self, webhook: &str) -> Result<(), Error> {
        self.0.execute(Call::delete(format!("/1.1/account_activity/webhooks/{}.json", segment(webhook)), OWNER)).await
    }

    fn all(webhook: &str) -> String {
        format!("/1.1/account_activity/webhooks/{}/subscriptions/all", segment(webhook))
    }

    /// Subscribes a user, on whose behalf the call is made. Fails if the user has not authorised
    /// the app for direct messages, or is already subscribed.
    pub async fn subscribe(&self, webhook: &str, user: &str) -> Result<(), Error> {
        let call = Call::post(format!("{}.json", Self::all(webhook)), USER).for_user(user);
        self.0.execute(call.idempotent()).await
    }

    /// Returns whether a user is subscribed.
    pub async fn is_subscribed(&self, webhook: &str, user: &str) -> Result<bool, Error> {
        yes_or_no(self.0.execute(Call::get(format!("{}.json", Self::all(webhook)), USER).for_user(user)).await)
    }

    /// Returns the ids of the subscribed users.
    pub async fn subscribers(&self, webhook: &str) -> Result<Vec<String>, Error> {
        self.0.fetch_as(Call::get(format!("{}/list.json", Self::all(webhook)), BEARER), users).await
    }

    /// Returns the number of subscriptions of the account.
    pub async fn count(&self) -> Result<Counts, Error> {
        self.0.fetch(Call::get("/1.1/account_activity/subscriptions/count.json", BEARER)).await
    }

    /// Removes a user's subscription. Fails if the user is not subscribed.
    pub async fn unsubscribe(&self, webhook: &str, user: &str) -> Result<(), Error> {
        let path =
            format!("/1.1/account_activity/webhooks/{}/subscriptions/{}/all.json", segment(webhook), segment(user));
        self.0.execute(Call::delete(path, BEARER)).await
    }

    /// Requests a replay of the deliveries that X attempted in the last 5 days. Fails if X does not
    /// accept the dates, or a job is already running.
    pub async fn replay(&self, webhook: &str, span: ReplaySpan) -> Result<ReplayJob, Error> {
        let path = format!("/1.1/account_activity/replay/webhooks/{}/subscriptions/all.json", segment(webhook));
        let (from, to) = span.dates();
        let call = Call::post(path, BEARER).query("from_date", from).query("to_date", to);
        self.0.fetch_as(call, |response| Some(ReplayJob::read(response))).await
    }
}
