//! Reads the errors of 1.1 (`{"errors":[{"code","message"}]}`) and of v2 (RFC 7807, or `{"code","message"}`).

use birdhook_core::Timestamp;
use http::StatusCode;
use serde_json::Value;

use super::{Cause, ChallengeFault};
use crate::CredentialKind;
use crate::call::Call;

/// What an answer says of why it is none.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) code: Option<i64>,
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
    /// The type of a problem, without the URL around it.
    problem: Option<String>,
}

/// X's own names of reasons, wherever they stand.
const REASONS: [&str; 10] = [
    "CrcValidationFailed",
    "UrlValidationFailed",
    "DuplicateUrlFailed",
    "WebhookLimitExceeded",
    "WebhookIdInvalid",
    "DuplicateSubscriptionFailed",
    "SubscriptionLimitExceeded",
    "SubscriptionNotFound",
    "ReplayConflictError",
    "client-not-enrolled",
];

impl Said {
    pub(super) fn read(body: &[u8]) -> Self {
        let Ok(body) = serde_json::from_slice::<Value>(body) else { return Self::default() };
        let first = body.get("errors").and_then(|errors| errors.get(0)).cloned().unwrap_or_default();
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let message = text(&first, "message").or_else(|| text(&body, "detail")).or_else(|| text(&body, "message"));
        let said = [text(&first, "title"), text(&body, "reason"), text(&body, "title"), message.clone()];
        let named = |name: &&&str| said.iter().flatten().any(|text| text.contains(**name));
        Self {
            code: first.get("code").or_else(|| body.get("code")).and_then(Value::as_i64),
            reason: REASONS.iter().find(named).map(|name| (*name).to_owned()),
            problem: text(&body, "type").and_then(|kind| kind.rsplit('/').next().map(str::to_owned)),
            message: message.or_else(|| text(&body, "title")),
        }
    }

    pub(super) fn cause(
        &self,
        call: &Call,
        credential: Option<CredentialKind>,
        status: StatusCode,
        until: Option<Timestamp>,
    ) -> Cause {
        let is_replay = call.path.contains("/replay");
        if status == StatusCode::TOO_MANY_REQUESTS || self.code == Some(88) {
            return Cause::RateLimited { until };
        }
        if status.is_server_error() {
            return Cause::Down;
        }
        let known = self.by_reason().or_else(|| self.by_problem());
        known.or_else(|| self.by_code(is_replay, credential)).unwrap_or_else(|| match status.as_u16() {
            401 => Cause::Unauthenticated,
            403 => Cause::NotAllowed,
            404 => self.missing(call),
            409 if is_replay => Cause::ReplayUnderWay,
            409 => Cause::AlreadySubscribed,
            400 => Cause::Invalid,
            _ => Cause::Other,
        })
    }

    fn has(&self, words: &str) -> bool {
        self.message.as_deref().is_some_and(|message| message.contains(words))
    }

    fn by_reason(&self) -> Option<Cause> {
        Some(match self.reason.as_deref()? {
            "CrcValidationFailed" if self.has("marked invalid") => Cause::WebhookInvalid,
            "CrcValidationFailed" => Cause::ChallengeFailed(self.challenge_fault()),
            "UrlValidationFailed" => Cause::UrlRefused,
            "DuplicateUrlFailed" => Cause::DuplicateUrl,
            "WebhookLimitExceeded" | "SubscriptionLimitExceeded" => Cause::LimitReached,
            "WebhookIdInvalid" => Cause::NoSuchWebhook,
            "DuplicateSubscriptionFailed" => Cause::AlreadySubscribed,
            "SubscriptionNotFound" => Cause::NotSubscribed,
            "ReplayConflictError" => Cause::ReplayUnderWay,
            _ => Cause::NotAllowed,
        })
    }

    fn challenge_fault(&self) -> ChallengeFault {
        let message = self.message.as_deref().unwrap_or_default().to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
        match () {
            () if has(&["response_token", "crc token"]) => ChallengeFault::WrongToken,
            () if has(&["latency", "in time", "timeout", "timed out"]) => ChallengeFault::TooSlow,
            () if has(&["non-200", "the answer is", "status"]) => ChallengeFault::Status,
            () => ChallengeFault::Unknown,
        }
    }

    fn by_problem(&self) -> Option<Cause> {
        match self.problem.as_deref()? {
            "unsupported-authentication" => Some(Cause::WrongCredential),
            "client-forbidden" | "oauth1-permissions" => Some(Cause::NotAllowed),
            _ => None,
        }
    }

    fn by_code(&self, is_replay: bool, credential: Option<CredentialKind>) -> Option<Cause> {
        Some(match self.code? {
            32 if self.has("application-only") => Cause::WrongCredential,
            32 | 89 | 135 | 215 => Cause::Unauthenticated,
            34 if self.has("Webhook") => Cause::NoSuchWebhook,
            99 if self.has("credentials") => Cause::Unauthenticated,
            // App-only credentials where a user's are needed, or a user's that are for reading only.
            261 if credential == Some(CredentialKind::Bearer) => Cause::WrongCredential,
            261 | 348 => Cause::Permission,
            61 | 99 | 200 => Cause::NotAllowed,
            214 if self.has("marked invalid") => Cause::WebhookInvalid,
            214 if self.has("Too many resources") => Cause::LimitReached,
            214 if self.has("CRC") => Cause::ChallengeFailed(self.challenge_fault()),
            214 => Cause::UrlRefused,
            355 if self.has("already exists") => Cause::AlreadySubscribed,
            355 => Cause::ReplayUnderWay,
            356..=360 | 368 if is_replay => Cause::ReplayDates,
            38 | 356..=360 | 368 => Cause::Invalid,
            _ => return None,
        })
    }

    fn missing(&self, call: &Call) -> Cause {
        let is_subscription = self.has("subscription") || call.path.contains("subscriptions");
        if is_subscription && !self.has("Webhook") { Cause::NotSubscribed } else { Cause::NoSuchWebhook }
    }
}
