//! Requests to JetStream's API.
//!
//! The configuration of a stream or a consumer stays in the server's JSON, so that an update
//! preserves settings that this version of the client does not know.

use async_nats::jetstream::Context;
use async_nats::jetstream::context::RequestErrorKind;
use serde_json::Value;

/// An error of a request to JetStream's API.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// JetStream is disabled.
    #[error(
        "JetStream is not enabled on this server: start `nats-server` with `-js`, or with `jetstream {{}}` in its configuration"
    )]
    NotEnabled,
    /// JetStream is disabled for the account of these credentials.
    #[error("JetStream is not enabled for this account: add `jetstream: enabled` to it in the server's configuration")]
    NotEnabledForAccount,
    /// No answer in time.
    #[error("JetStream did not answer: it has no leader yet, or these credentials may not publish to `$JS.API.>`")]
    Unanswered,
    /// JetStream returned an error.
    #[error("JetStream refused the request: {description} (error {code})")]
    Refused {
        /// JetStream's error code.
        code: u64,
        /// The server's message.
        description: String,
    },
    /// The connection failed, or the reply was invalid.
    #[error("the request to JetStream failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ApiError {
    pub(crate) fn code(&self) -> Option<u64> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }
}

/// Sends a request and returns the reply, unless it is an error.
pub(crate) async fn request(context: &Context, subject: String, body: &Value) -> Result<Value, ApiError> {
    let reply: Value = context.request(subject, body).await.map_err(|error| match error.kind() {
        RequestErrorKind::NoResponders => ApiError::NotEnabled,
        RequestErrorKind::TimedOut => ApiError::Unanswered,
        _ => ApiError::Failed(error.into()),
    })?;
    let Some(error) = reply.get("error") else { return Ok(reply) };
    let code = error.get("err_code").and_then(Value::as_u64).unwrap_or_default();
    let description = error.get("description").and_then(Value::as_str).unwrap_or_default();
    Err(match code {
        10_076 => ApiError::NotEnabled,
        10_039 => ApiError::NotEnabledForAccount,
        _ => ApiError::Refused { code, description: description.to_owned() },
    })
}

/// Returns whether this is a valid name of a stream or a consumer.
///
/// The name becomes a token of a subject and a folder on the server.
pub(crate) fn is_name(name: &str) -> bool {
    let is_illegal = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '.' | '*' | '>' | '/' | '\\');
    !name.is_empty() && name.len() < 256 && !name.contains(is_illegal)
}
