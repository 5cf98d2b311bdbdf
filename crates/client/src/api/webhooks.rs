//! v2 webhooks.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{BEARER, BEARER_OR_OWNER, ReplayJob, ReplaySpan, Webhook, answer, part};
use crate::call::Call;
use crate::{Client, Error};

/// v2 webhooks (<https://docs.x.com/x-api/webhooks/introduction>).
#[derive(Clone, Copy, Debug)]
pub struct Webhooks<'a>(pub(super) &'a Client);

/// Whether the answer to a registration says that the webhook is valid.
#[derive(Deserialize)]
struct Stated {
    valid: Option<bool>,
}

impl Webhooks<'_> {
    /// Registers a webhook: X challenges it first. X may register it all the same and hold it invalid: look at
    /// [`Webhook::valid`].
    ///
    /// # Errors
    /// When X refuses the URL or the answer to its challenge, or there are too many webhooks.
    pub async fn register(&self, url: &str) -> Result<Webhook, Error> {
        let call = Call::post("/2/webhooks", BEARER_OR_OWNER).json(&json!({ "url": url }))?;
        let read = |answer: &Value| {
            let made: Webhook = answer::one(answer, "webhook")?;
            let Stated { valid } = answer::one(answer, "webhook")?;
            // An answer that does not say is one of a challenge that went well.
            Some(Webhook { valid: valid.unwrap_or(true), ..made })
        };
        self.0.read_as(call, read).await
    }

    /// The app's webhooks.
    ///
    /// # Errors
    /// When X refuses.
    pub async fn list(&self) -> Result<Vec<Webhook>, Error> {
        let fields = "created_at,id,url,valid";
        let call = Call::get("/2/webhooks", BEARER).query("webhook_config.fields", fields);
        self.0.read_as(call, |answer| answer::many(answer, "webhooks")).await
    }

    /// Lets X challenge a webhook now, and says whether X then lists it as valid: X's documents disagree on what the
    /// answer to the call itself means. Whatever the call is signed with, the list takes the bearer token.
    ///
    /// # Errors
    /// When X refuses, or there is no webhook of this id.
    pub async fn validate(&self, webhook: &str) -> Result<bool, Error> {
        let call = Call::put(format!("/2/webhooks/{}", part(webhook)), BEARER_OR_OWNER);
        let said = self.0.read_as(call, |answer| Some(answer::flag(answer, "valid"))).await?;
        match self.0.free().webhooks().list().await {
            Ok(all) => Ok(all.iter().any(|one| one.id == webhook && one.valid)),
            // The call was made; its own answer is the best there is.
            Err(error) => said.ok_or(error),
        }
    }

    /// Deletes a webhook, with its subscriptions.
    ///
    /// # Errors
    /// When there is none of this id.
    pub async fn delete(&self, webhook: &str) -> Result<(), Error> {
        let call = Call::delete(format!("/2/webhooks/{}", part(webhook)), BEARER_OR_OWNER);
        self.0.made(call, |answer| answer::flag(answer, "deleted")).await
    }

    /// Asks for a replay of what X tried to deliver in the last 24 hours.
    ///
    /// # Errors
    /// When X does not take the dates, or a job is under way.
    pub async fn replay(&self, webhook: &str, span: ReplaySpan) -> Result<ReplayJob, Error> {
        let (from, to) = span.dates();
        let body = json!({"webhook_id": webhook, "from_date": from, "to_date": to});
        let call = Call::post("/2/webhooks/replay", BEARER).json(&body)?;
        self.0.read_as(call, |answer| Some(ReplayJob::read(answer))).await
    }
}
