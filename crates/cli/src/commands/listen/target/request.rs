//! Sends messages to a URL.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use axum::http::{HeaderMap, Request, StatusCode, header};
use birdhook::client::redact_url;
use birdhook_testkit::{SendError, Sender};

use super::client::AttemptError;
use super::message::Message;
use super::secret::{SigningSecret, signatures};
use super::trace::TraceContext;

/// The longest delay that a target can ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// Requests to one URL.
pub(super) struct Requests {
    url: String,
    secrets: Vec<SigningSecret>,
    /// Follows no redirects, and reads at most 1 MiB of an answer.
    sender: Sender,
}

impl Requests {
    pub(super) fn new(url: String, secrets: Vec<SigningSecret>, time_limit: Duration) -> Result<Self> {
        Ok(Self { url, secrets, sender: Sender::new(time_limit)? })
    }

    pub(super) async fn send(&self, message: &Message, attempt: u32, trace: &TraceContext) -> Result<(), AttemptError> {
        // Receivers reject old times, so each attempt has its own.
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let id = message.id.to_string();
        let mut request = Request::post(&self.url)
            .header(header::CONTENT_TYPE, message.content_type)
            .header(header::USER_AGENT, concat!("birdhook/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", &id)
            .header("webhook-timestamp", seconds)
            .header("idempotency-key", &id)
            .header("birdhook-key", &id)
            .header("birdhook-attempt", attempt);
        if !self.secrets.is_empty() {
            request = request.header("webhook-signature", signatures(&self.secrets, &id, seconds, &message.body));
        }
        if let Some(kind) = message.kind {
            request = request.header("birdhook-kind", kind);
        }
        let trace = [("traceparent", &trace.traceparent), ("tracestate", &trace.tracestate)];
        for (name, value) in trace {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        for (name, value) in &message.x_signatures {
            request = request.header(name, value);
        }
        let request = request.body(message.body.clone());
        let request = request.map_err(|error| AttemptError::failed(format!("cannot make a request: {error}")))?;
        let url = redact_url(&self.url);
        let answer = self.sender.send(request).await.map_err(|error| match error {
            SendError::Connect(_) => AttemptError::Unreachable(format!("{url}: {error}")),
            _ => AttemptError::failed(format!("{url}: {error}")),
        })?;
        if answer.status.is_success() {
            return Ok(());
        }
        Err(AttemptError::Failed {
            reason: format!("{url} responded with {}", answer.status),
            retry_after: retry_after(&answer.headers, SystemTime::now()),
            is_overloaded: [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&answer.status),
        })
    }
}

/// Returns the delay that an answer asks for, at most an hour.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let delay = match is_number {
        // A number that is too large for the type is a long delay.
        true => value.parse().map_or(MAX_RETRY_AFTER, Duration::from_secs),
        false => httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default(),
    };
    Some(delay.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_after_is_a_number_of_seconds_or_a_date_up_to_an_hour() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (value, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("3601", Some(3600)),
            ("99999999999999999999999999", Some(3600)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sunday, 06-Nov-94 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:27 GMT", Some(0)),
            ("Mon, 06 Nov 2034 08:49:37 GMT", Some(3600)),
            ("-5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, value.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{value:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
