//! Asking JetStream for something.
//!
//! What is known of a stream or a consumer stays as the server tells it, in JSON: an update then leaves alone what this version
//! of the client has no name for.

use async_nats::jetstream::Context;
use async_nats::jetstream::context::RequestErrorKind;
use serde_json::Value;

/// Why JetStream did not do as it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// JetStream is off.
    #[error(
        "JetStream is not enabled on this server: start `nats-server` with `-js`, or with `jetstream {{}}` in its configuration"
    )]
    NotEnabled,
    /// JetStream is off for the account of these credentials.
    #[error("JetStream is not enabled for this account: add `jetstream: enabled` to it in the server's configuration")]
    NotEnabledForAccount,
    /// There was no answer in time.
    #[error("JetStream did not answer: it has no leader yet, or these credentials may not publish to `$JS.API.>`")]
    Unanswered,
    /// It says no.
    #[error("JetStream refuses: {description} (error {code})")]
    Refused {
        /// Of JetStream's list of errors.
        code: u64,
        /// In the server's words.
        description: String,
    },
    /// The connection failed, or what came was no answer.
    #[error("JetStream could not be asked")]
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

pub(crate) async fn ask(context: &Context, subject: String, question: &Value) -> Result<Value, ApiError> {
    let answer: Value = context.request(subject, question).await.map_err(|error| match error.kind() {
        RequestErrorKind::NoResponders => ApiError::NotEnabled,
        RequestErrorKind::TimedOut => ApiError::Unanswered,
        _ => ApiError::Failed(error.into()),
    })?;
    let Some(error) = answer.get("error") else { return Ok(answer) };
    let code = error.get("err_code").and_then(Value::as_u64).unwrap_or_default();
    let description = error.get("description").and_then(Value::as_str).unwrap_or_default();
    Err(match code {
        10_076 => ApiError::NotEnabled,
        10_039 => ApiError::NotEnabledForAccount,
        _ => ApiError::Refused { code, description: description.to_owned() },
    })
}

/// What may be the name of a stream or a consumer, which is a token of a subject and a folder on the server.
pub(crate) fn is_name(name: &str) -> bool {
    let is_illegal = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '.' | '*' | '>' | '/' | '\\');
    !name.is_empty() && name.len() < 256 && !name.contains(is_illegal)
}
