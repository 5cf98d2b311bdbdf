//! Enterprise 1.1.

use serde::Deserialize;
use serde_json::Value;

use super::{BEARER, Counts, OWNER, ReplayJob, ReplaySpan, USER, Webhook, answer, part};
use crate::call::Call;
use crate::{Cause, Client, Error};

/// Webhooks and subscriptions of enterprise 1.1.
#[derive(Clone, Copy, Debug)]
pub struct Enterprise<'a>(pub(super) &'a Client);

#[derive(Deserialize)]
struct Subscriber {
    #[serde(deserialize_with = "answer::id")]
    user_id: String,
}

/// The ids of the users in a list of subscriptions.
pub(super) fn users(answer: &Value) -> Option<Vec<String>> {
    let list: Vec<Subscriber> = answer::many(answer, "subscriptions")?;
    Some(list.into_iter().map(|one| one.user_id).collect())
}

/// 204 for yes; no is an error of X's, which is none.
pub(super) fn yes_or_no(answer: Result<(), Error>) -> Result<bool, Error> {
    match answer {
        Ok(()) => Ok(true),
        Err(error) if *error.cause() == Cause::NotSubscribed => Ok(false),
        Err(error) => Err(error),
    }
}

impl Enterprise<'_> {
    /// Registers a webhook: X challenges it first.
    ///
    /// # Errors
    /// When X refuses the URL or the answer to its challenge, or there are too many webhooks.
    pub async fn register(&self, url: &str) -> Result<Webhook, Error> {
        self.0.read(Call::post("/1.1/account_activity/webhooks.json", OWNER).query("url", url)).await
    }

    /// The app's webhooks.
    ///
    /// # Errors
    /// When X refuses.
    pub async fn list(&self) -> Result<Vec<Webhook>, Error> {
        self.0.read(Call::get("/1.1/account_activity/webhooks.json", BEARER)).await
    }

    /// Lets X challenge a webhook now, which makes it valid again.
    ///
    /// # Errors
    /// When the challenge is not answered well.
    pub async fn challenge(&self, webhook: &str) -> Result<(), Error> {
        self.0.done(Call::put(format!("/1.1/account_activity/webhooks/{}.json", part(webhook)), OWNER)).await
    }

    /// Deletes a webhook, with its subscriptions.
    ///
    /// # Errors
    /// When there is none of this id.
    pub async fn delete(&self, webhook: &str) -> Result<(), Error> {
        self.0.done(Call::delete(format!("/1.1/account_activity/webhooks/{}.json", part(webhook)), OWNER)).await
    }

    fn all(webhook: &str) -> String {
        format!("/1.1/account_activity/webhooks/{}/subscriptions/all", part(webhook))
    }

    /// Subscribes a user, in whose name the call is made.
    ///
    /// # Errors
    /// When the user has not authorised the app for direct messages, or is subscribed already.
    pub async fn subscribe(&self, webhook: &str, user: &str) -> Result<(), Error> {
        let call = Call::post(format!("{}.json", Self::all(webhook)), USER).of(user);
        self.0.done(call.idempotent()).await
    }

    /// Whether a user is subscribed.
    ///
    /// # Errors
    /// When X refuses.
    pub async fn is_subscribed(&self, webhook: &str, user: &str) -> Result<bool, Error> {
        yes_or_no(self.0.done(Call::get(format!("{}.json", Self::all(webhook)), USER).of(user)).await)
    }

    /// The ids of the subscribed users.
    ///
    /// # Errors
    /// When X refuses.
    pub async fn subscribers(&self, webhook: &str) -> Result<Vec<String>, Error> {
        self.0.read_as(Call::get(format!("{}/list.json", Self::all(webhook)), BEARER), users).await
    }

    /// How many subscriptions the account has.
    ///
    /// # Errors
    /// When X refuses.
    pub async fn count(&self) -> Result<Counts, Error> {
        self.0.read(Call::get("/1.1/account_activity/subscriptions/count.json", BEARER)).await
    }

    /// Ends a user's subscription.
    ///
    /// # Errors
    /// When there is none.
    pub async fn unsubscribe(&self, webhook: &str, user: &str) -> Result<(), Error> {
        let path = format!("/1.1/account_activity/webhooks/{}/subscriptions/{}/all.json", part(webhook), part(user));
        self.0.done(Call::delete(path, BEARER)).await
    }

    /// Asks for a replay of what X tried to deliver in the last 5 days.
    ///
    /// # Errors
    /// When X does not take the dates, or a job is under way.
    pub async fn replay(&self, webhook: &str, span: ReplaySpan) -> Result<ReplayJob, Error> {
        let path = format!("/1.1/account_activity/replay/webhooks/{}/subscriptions/all.json", part(webhook));
        let (from, to) = span.dates();
        let call = Call::post(path, BEARER).query("from_date", from).query("to_date", to);
        self.0.read_as(call, |answer| Some(ReplayJob::read(answer))).await
    }
}
