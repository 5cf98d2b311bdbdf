use birdhook_core::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::response;
use crate::call::{BEARER, Call, segment};
use crate::{Client, Error};

/// Calls for links of webhooks to filtered streams.
///
/// X's documentation: <https://docs.x.com/x-api/webhooks/stream/introduction>.
#[derive(Clone, Copy, Debug)]
pub struct StreamLinksApi<'a>(pub(super) &'a Client);

/// A link of a webhook to the filtered stream.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct StreamLink {
    /// The webhook's id.
    #[serde(deserialize_with = "response::id")]
    pub webhook_id: String,
    /// The app's id.
    #[serde(default)]
    pub application_id: Option<String>,
    /// The post fields that are delivered. In X's sample, some are split at their commas.
    #[serde(default)]
    pub fields: Vec<String>,
    /// The time of creation.
    #[serde(default, deserialize_with = "response::time")]
    pub created_at: Option<Timestamp>,
}

impl StreamLinksApi<'_> {
    fn path(webhook: &str) -> String {
        format!("/2/tweets/search/webhooks/{}", segment(webhook))
    }

    /// Delivers the filtered stream to a webhook, with these fields of posts. A field is a name and
    /// a value, for example `("tweet.fields", "created_at,lang")`.
    pub async fn create(&self, webhook: &str, fields: &[(&'static str, &str)]) -> Result<(), Error> {
        let call = Call::post(Self::path(webhook), BEARER).idempotent();
        let call = fields.iter().fold(call, |call, (name, value)| call.query(name, *value));
        self.0.execute_checked(call, |response| response::flag(response, "provisioned")).await
    }

    /// Returns the app's links. X's documents name two paths. The second is tried if the first does
    /// not exist.
    pub async fn list(&self) -> Result<Vec<StreamLink>, Error> {
        let of = |path: &str| Call::get(path, BEARER);
        let read = |response: &serde_json::Value| response::many(response, "links");
        match self.0.fetch_as(of("/2/tweets/search/webhooks"), read).await {
            Err(error) if matches!(error.status(), Some(StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)) => {
                self.0.fetch_as(of("/2/tweets/search/stream/webhooks"), read).await
            }
            response => response,
        }
    }

    /// Stops delivery of the filtered stream to a webhook. Fails if there is no link.
    pub async fn delete(&self, webhook: &str) -> Result<(), Error> {
        let call = Call::delete(Self::path(webhook), BEARER);
        self.0.execute_checked(call, |response| response::flag(response, "deleted")).await
    }
}
