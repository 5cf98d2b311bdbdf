//! Reads the errors of 1.1 (`{"errors":[{"code","message"}]}`) and of v2 (RFC 7807, or
//! `{"code","message"}`).

use birdhook_core::Timestamp;
use http::{Method, StatusCode};
use serde_json::Value;

use super::cause::{ChallengeFault, ErrorCause};
use super::markup::{page_words, xml_as_json};
use crate::call::Call;
use crate::credentials::CredentialKind;
use crate::url::{UrlFault, url_fault};

const MAX_LINE: usize = 1000;

#[derive(Debug, Default)]
pub(super) struct ErrorBody {
    pub(super) code: Option<i64>,
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
    /// The last segment of the problem type's URL (RFC 7807).
    problem: Option<String>,
}

const REASONS: &str = "CrcValidationFailed UrlValidationFailed DuplicateUrlFailed WebhookLimitExceeded \
                       WebhookIdInvalid DuplicateSubscriptionFailed SubscriptionLimitExceeded SubscriptionNotFound \
                       ReplayConflictError client-not-enrolled QueryParamInvalid CreditsDepleted UsageCapExceeded \
                       SpendCapReached";

/// Returns X's names of reasons, found in any part of the response.
pub(crate) fn reasons() -> impl Iterator<Item = &'static str> {
    REASONS.split(' ')
}

impl ErrorBody {
    pub(super) fn read(body: &[u8]) -> Self {
        let read = serde_json::from_slice::<Value>(body).ok().or_else(|| xml_as_json(body));
        let Some(body) = read else {
            let (code, message) = match page_words(body, MAX_LINE) {
                Some((code, words)) => (code, Some(words)),
                None => (None, plain(body)),
            };
            return Self { code, message, ..Self::default() };
        };
        let first = body.get("errors").and_then(|errors| errors.get(0)).cloned().unwrap_or_default();
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let of_first = text(&first, "message").or_else(|| text(&first, "detail"));
        let message = of_first.or_else(|| text(&body, "detail")).or_else(|| text(&body, "message"));
        let named = [text(&first, "reason"), text(&first, "title"), text(&body, "reason"), text(&body, "title")];
        let texts: Vec<String> = named.into_iter().chain([message.clone()]).flatten().collect();
        let kind = text(&body, "type").or_else(|| text(&first, "type"));
        let reason = reasons().find(|name| texts.iter().any(|text| text.contains(name)));
        let message = message.or_else(|| text(&first, "title")).or_else(|| text(&body, "title"));
        // Drops a message such as `WebhookLimitExceeded: `, which only repeats the reason.
        let says_more = |message: &String| Some(message.trim().trim_end_matches(':')) != reason;
        Self {
            code: first.get("code").or_else(|| body.get("code")).and_then(Value::as_i64),
            reason: reason.map(str::to_owned),
            problem: kind.and_then(|kind| kind.rsplit('/').next().map(str::to_owned)),
            message: message.filter(says_more),
        }
    }

    pub(super) fn cause(
        &self,
        call: &Call,
        credential: Option<CredentialKind>,
        status: StatusCode,
        until: Option<Timestamp>,
    ) -> ErrorCause {
        let named = self.named(call, credential);
        if status == StatusCode::TOO_MANY_REQUESTS || self.code == Some(88) {
            // X uses status 429 for rate limits and also for caps, which last longer.
            let is_cap = |cause: &ErrorCause| matches!(cause, ErrorCause::UsageCap | ErrorCause::NoCredits);
            return named.filter(is_cap).unwrap_or(ErrorCause::RateLimited { until });
        }
        if status.is_server_error() {
            return ErrorCause::Down;
        }
        let cause = named.unwrap_or_else(|| self.by_status(call, credential, status));
        let is_about_credentials =
            matches!(cause, ErrorCause::Unauthenticated | ErrorCause::NotAllowed | ErrorCause::Permission);
        // 1.1 uses one error for credentials of the wrong kind and for wrong credentials.
        match credential {
            Some(used) if is_about_credentials && !call.takes.contains(&used) => ErrorCause::WrongCredential,
            _ => cause,
        }
    }

    fn named(&self, call: &Call, credential: Option<CredentialKind>) -> Option<ErrorCause> {
        self.by_reason(call).or_else(|| self.by_problem()).or_else(|| self.by_code(call, credential))
    }

    fn by_status(&self, call: &Call, credential: Option<CredentialKind>, status: StatusCode) -> ErrorCause {
        let is_of_user = matches!(credential, Some(CredentialKind::User | CredentialKind::User2));
        match status.as_u16() {
            status @ 401..=409 if self.is_unfamiliar(status) => ErrorCause::Other,
            400 if is_replay(call) && self.is_about_dates() => ErrorCause::ReplayDates,
            400 => ErrorCause::Invalid,
            401 => ErrorCause::Unauthenticated,
            402 => ErrorCause::NoCredits,
            403 if self.has("forbidden for this endpoint") => self.wrong_kind(),
            // The v2 response to tokens with too few scopes or permissions.
            403 if is_of_user => ErrorCause::Permission,
            403 => ErrorCause::NotAllowed,
            404 => self.missing(call),
            409 if is_replay(call) => ErrorCause::ReplayUnderWay,
            409 if call.url().is_some() => ErrorCause::DuplicateUrl,
            409 => ErrorCause::AlreadySubscribed,
            _ => ErrorCause::Other,
        }
    }

    /// Returns whether X names an unknown code, or for 403 an unknown problem.
    fn is_unfamiliar(&self, status: u16) -> bool {
        let codes = |code: i64| code != i64::from(status) && code != 0 && code != 34;
        let problems = |problem: &str| !["about:blank", "invalid-request", "forbidden"].contains(&problem);
        self.code.is_some_and(codes) || (status == 403 && self.problem.as_deref().is_some_and(problems))
    }

    /// X writes "Authenticating with Unknown" for an unreadable token of any kind.
    fn wrong_kind(&self) -> ErrorCause {
        if self.has("Authenticating with Unknown") { ErrorCause::Unauthenticated } else { ErrorCause::WrongCredential }
    }

    fn has(&self, words: &str) -> bool {
        self.message.as_deref().is_some_and(|message| message.contains(words))
    }

    fn is_about_dates(&self) -> bool {
        self.has("from_date") || self.has("to_date")
    }

    fn by_reason(&self, call: &Call) -> Option<ErrorCause> {
        Some(match self.reason.as_deref()? {
            "CrcValidationFailed" if self.has("marked invalid") => ErrorCause::WebhookInvalid,
            "CrcValidationFailed" => ErrorCause::ChallengeFailed(self.challenge_fault()),
            "UrlValidationFailed" => {
                ErrorCause::UrlRefused(call.url().map_or(UrlFault::Unknown, |url| url_fault(&url)))
            }
            "DuplicateUrlFailed" => ErrorCause::DuplicateUrl,
            "WebhookLimitExceeded" | "SubscriptionLimitExceeded" => ErrorCause::LimitReached,
            "WebhookIdInvalid" => ErrorCause::NoSuchWebhook,
            "DuplicateSubscriptionFailed" => ErrorCause::AlreadySubscribed,
            "SubscriptionNotFound" => ErrorCause::NotSubscribed,
            "ReplayConflictError" => ErrorCause::ReplayUnderWay,
            "QueryParamInvalid" if is_replay(call) && self.has("webhook_id") => ErrorCause::NoSuchWebhook,
            "QueryParamInvalid" if is_replay(call) && self.is_about_dates() => ErrorCause::ReplayDates,
            "QueryParamInvalid" => ErrorCause::Invalid,
            "CreditsDepleted" => ErrorCause::NoCredits,
            "UsageCapExceeded" | "SpendCapReached" => ErrorCause::UsageCap,
            _ => ErrorCause::NotAllowed,
        })
    }

    fn challenge_fault(&self) -> ChallengeFault {
        let message = self.message.as_deref().unwrap_or_default().to_ascii_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
        match () {
            () if has(&["response_token", "crc token"]) => ChallengeFault::WrongToken,
            () if has(&["latency", "in time", "timeout", "timed out"]) => ChallengeFault::TooSlow,
            () if has(&["non-200", "status"]) => ChallengeFault::Status,
            () => ChallengeFault::Unknown,
        }
    }

    fn by_problem(&self) -> Option<ErrorCause> {
        match self.problem.as_deref()? {
            "unsupported-authentication" => Some(self.wrong_kind()),
            "usage-capped" => Some(ErrorCause::UsageCap),
            "credits" => Some(ErrorCause::NoCredits),
            "client-forbidden" => Some(ErrorCause::NotAllowed),
            "oauth1-permissions" | "not-authorized-for-resource" => Some(ErrorCause::Permission),
            _ => None,
        }
    }

    fn by_code(&self, call: &Call, credential: Option<CredentialKind>) -> Option<ErrorCause> {
        let is_replay = is_replay(call);
        let code = self.code?;
        if let Some(cause) = ErrorCause::of_code(code) {
            return Some(cause);
        }
        Some(match code {
            32 if self.has("application-only") => ErrorCause::WrongCredential,
            32 | 89 | 135 | 215 => ErrorCause::Unauthenticated,
            93 => ErrorCause::Permission,
            34 if self.has("Webhook") => ErrorCause::NoSuchWebhook,
            99 if self.has("credentials") => ErrorCause::Unauthenticated,
            // App-only credentials where a user's are needed, or a user's with read permission
            // only.
            261 if credential == Some(CredentialKind::Bearer) => ErrorCause::WrongCredential,
            261 | 348 => ErrorCause::Permission,
            61 | 87 | 99 | 200 => ErrorCause::NotAllowed,
            214 if self.has("marked invalid") => ErrorCause::WebhookInvalid,
            214 if self.has("Too many resources") => ErrorCause::LimitReached,
            214 if self.has("CRC") => ErrorCause::ChallengeFailed(self.challenge_fault()),
            214 => ErrorCause::UrlRefused(call.url().map_or(UrlFault::Unknown, |url| url_fault(&url))),
            355 if is_replay => ErrorCause::ReplayUnderWay,
            355 => ErrorCause::AlreadySubscribed,
            // X uses the same codes for an invalid id.
            356..=360 if is_replay && self.has("webhook_id") => ErrorCause::NoSuchWebhook,
            356..=360 | 368 if is_replay => ErrorCause::ReplayDates,
            38 | 356..=360 | 368 => ErrorCause::Invalid,
            _ => return None,
        })
    }

    /// Returns the missing object. 1.1 uses one error for webhooks, subscriptions and paths.
    fn missing(&self, call: &Call) -> ErrorCause {
        let path = call.path.trim_end_matches(".json");
        let is_of_one = path.contains("webhooks/") || path.contains("/all/") || path.contains("subscriptions/");
        match () {
            () if self.has("Webhook") => ErrorCause::NoSuchWebhook,
            () if self.has("subscription") => ErrorCause::NotSubscribed,
            () if !is_of_one || path.ends_with("/count") => ErrorCause::Other,
            () if !path.contains("subscriptions") || path.ends_with("/list") => ErrorCause::NoSuchWebhook,
            () if call.method == Method::POST => ErrorCause::NoSuchWebhook,
            () => ErrorCause::NotSubscribed,
        }
    }
}

impl ErrorCause {
    /// Returns the cause for an error code that means the same for every call.
    pub(super) fn of_code(code: i64) -> Option<Self> {
        match code {
            453 => Some(Self::AccessLevel),
            63 | 64 | 416 => Some(Self::Suspended),
            326 => Some(Self::Locked),
            _ => None,
        }
    }
}

fn is_replay(call: &Call) -> bool {
    call.path.contains("/replay")
}

/// Returns a body that is a line of text. Skips HTML.
fn plain(body: &[u8]) -> Option<String> {
    let text = str::from_utf8(body).ok()?.trim();
    let is_line = !text.is_empty() && !text.starts_with('<') && !text.contains(char::is_control);
    (is_line && text.len() <= MAX_LINE).then(|| text.to_owned())
}
