use serde::Deserialize;
use serde_json::{Value, json};

use super::response;
use super::types::{RegisteredWebhook, ReplayJob, ReplaySpan};
use crate::call::{BEARER, BEARER_OR_OWNER, Call, segment};
use crate::{Client, Error};

/// Calls for v2 webhooks (<https://docs.x.com/x-api/webhooks/introduction>).
#[derive(Clone, Copy, Debug)]
pub struct WebhooksApi<'a>(pub(super) &'a Client);

#[derive(Deserialize)]
struct Validity {
    valid: Option<bool>,
}

impl WebhooksApi<'_> {
    /// Registers a webhook. X challenges it first.
    ///
    /// X may register a webhook whose challenge failed, as invalid: check
    /// [`RegisteredWebhook::valid`]. Fails if X refuses the URL or the challenge response, or if
    /// the limit of webhooks is reached.
    pub async fn register(&self, url: &str) -> Result<RegisteredWebhook, Error> {
        let call = Call::post("/2/webhooks", BEARER_OR_OWNER).json(&json!({ "url": url }))?;
        let read = |response: &Value| {
            let made: RegisteredWebhook = response::one(response, "webhook")?;
            let Validity { valid } = response::one(response, "webhook")?;
            // Without the member, X has registered the webhook after a successful challenge.
            Some(RegisteredWebhook { valid: valid.unwrap_or(true), ..made })
        };
        self.0.fetch_as(call, read).await
    }

    /// Returns the app's webhooks.
    pub async fn list(&self) -> Result<Vec<RegisteredWebhook>, Error> {
        let fields = "created_at,id,url,valid";
        let call = Call::get("/2/webhooks", BEARER).query("webhook_config.fields", fields);
        self.0.fetch_as(call, |response| response::many(response, "webhooks")).await
    }

    /// Makes X challenge a webhook now, and returns whether X then lists it as valid.
    ///
    /// X's documents disagree on the meaning of the response to the call itself. Reading the list
    /// always uses the bearer token. Fails if X refuses the call, or the id does not exist.
    pub async fn validate(&self, webhook: &str) -> Result<bool, Error> {
        let call = Call::put(format!("/2/webhooks/{}", segment(webhook)), BEARER_OR_OWNER);
        let reported = self.0.fetch_as(call, |response| Some(response::flag(response, "valid"))).await?;
        match self.0.unrestricted().webhooks().list().await {
            Ok(all) => Ok(all.iter().any(|one| one.id == webhook && one.valid)),
            // The call succeeded, so its own response is the best information available.
            Err(error) => reported.ok_or(error),
        }
    }

    /// Deletes a webhook and its subscriptions. Fails if the id does not exist.
    pub async fn delete(&self, webhook: &str) -> Result<(), Error> {
        let call = Call::delete(format!("/2/webhooks/{}", segment(webhook)), BEARER_OR_OWNER);
        self.0.execute_checked(call, |response| response::flag(response, "deleted")).await
    }

    /// Requests a replay of the deliveries that X attempted in the last 24 hours. Fails if X does
    /// not accept the dates, or a job is already running.
    pub async fn replay(&self, webhook: &str, span: ReplaySpan) -> Result<ReplayJob, Error> {
        let (from, to) = span.dates();
        let body = json!({"webhook_id": webhook, "from_date": from, "to_date": to});
        let call = Call::post("/2/webhooks/replay", BEARER).json(&body)?;
        self.0.fetch_as(call, |response| Some(ReplayJob::read(response))).await
    }
}
