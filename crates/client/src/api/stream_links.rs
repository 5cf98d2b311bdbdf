//! Links of webhooks to filtered streams.

use birdhook_core::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{BEARER, answer, part};
use crate::call::Call;
use crate::{Client, Error};

/// Links of webhooks to filtered streams (<https://docs.x.com/x-api/webhooks/stream/introduction>).
#[derive(Clone, Copy, Debug)]
pub struct StreamLinks<'a>(pub(super) &'a Client);

/// A link.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct StreamLink {
    /// The webhook's id.
    #[serde(deserialize_with = "answer::id")]
    pub webhook_id: String,
    /// The app's id.
    #[serde(default)]
    pub application_id: Option<String>,
    /// Which fields posts have; X's sample parts some of them at their commas.
    #[serde(default)]
    pub fields: Vec<String>,
    /// When it was made.
    #[serde(default, deserialize_with = "answer::time")]
    pub created_at: Option<Timestamp>,
}

impl StreamLinks<'_> {
    fn path(webhook: &str) -> String {
        format!("/2/tweets/search/webhooks/{}", part(webhook))
    }

    /// Delivers the filtered stream to a webhook, with these fields of posts: `("tweet.fields", "created_at,lang")`.
    ///
    /// # Errors
    /// When X refuses.
    pub async fn create(&self, webhook: &str, fields: &[(&'static str, &str)]) -> Result<(), Error> {
        let call = Call::post(Self::path(webhook), BEARER).idempotent();
        let call = fields.iter().fold(call, |call, (name, value)| call.query(name, *value));
        self.0.made(call, |answer| answer::flag(answer, "provisioned")).await
    }

    /// The links of the app. X's documents name two paths; the second is tried where the first is none.
    ///
    /// # Errors
    /// When X refuses.
    pub async fn list(&self) -> Result<Vec<StreamLink>, Error> {
        let of = |path: &str| Call::get(path, BEARER);
        let read = |answer: &serde_json::Value| answer::many(answer, "links");
        match self.0.read_as(of("/2/tweets/search/webhooks"), read).await {
            Err(error) if matches!(error.status(), Some(StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)) => {
                self.0.read_as(of("/2/tweets/search/stream/webhooks"), read).await
            }
            answer => answer,
        }
    }

    /// Ends the delivery of the filtered stream to a webhook.
    ///
    /// # Errors
    /// When there is no link.
    pub async fn delete(&self, webhook: &str) -> Result<(), Error> {
        self.0.made(Call::delete(Self::path(webhook), BEARER), |answer| answer::flag(answer, "deleted")).await
    }
}
