use std::borrow::Cow;

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use crate::TransportError;
use crate::error::{WRONG_CLIENT, fix_of_code, page_words, reasons, xml_as_json};

const MAX_MESSAGE: usize = 200;

/// The reason why there is no token. Holds no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The user did not authorise the app.
    #[error("the user did not authorise the app")]
    Denied,
    /// The redirect belongs to another login: its state or request token differs or is missing.
    #[error("the redirect belongs to another login")]
    AnotherLogin,
    /// The redirect contains neither a code nor a refusal, or more than one of them.
    #[error("the redirect contains no code")]
    NoCode,
    /// X issued a request token but did not confirm the callback URL.
    #[error("X did not confirm the callback URL")]
    CallbackNotConfirmed,
    /// The callback URL is not in the app's settings at X (code 415).
    #[error("X does not accept the callback URL {callback}{}", details(*status, Some("code 415"), message.as_deref()))]
    CallbackNotAllowed {
        /// The callback URL.
        callback: String,
        /// The HTTP status.
        status: Option<u16>,
        /// X's message.
        message: Option<String>,
    },
    /// The app is set up for PINs, without callback URLs (code 417).
    #[error("X accepts only a PIN from this app{}", details(*status, Some("code 417"), message.as_deref()))]
    PinOnly {
        /// The HTTP status.
        status: Option<u16>,
        /// X's message.
        message: Option<String>,
    },
    /// The user did not return in time.
    #[error("the user did not return in time")]
    TimedOut,
    /// The token was issued without the scope `offline.access`.
    #[error("no refresh token")]
    NoRefreshToken,
    /// X refused.
    #[error("X refused the request{}", details(*status, reason.as_deref(), message.as_deref()))]
    Refused {
        /// The HTTP status. `None` if X refused in the redirect.
        status: Option<u16>,
        /// X's name or number of the reason, for example `invalid_request` or `32`.
        reason: Option<String>,
        /// X's message.
        message: Option<String>,
    },
    /// There was no response. X may have carried out the request, and a code or refresh token may
    /// be spent.
    #[error(transparent)]
    NoResponse(#[from] TransportError),
    /// The response is not what X documents.
    #[error("X's response cannot be read: {0}")]
    Unreadable(&'static str),
    /// The app's own settings are invalid. Nothing was sent.
    #[error("{0}")]
    Invalid(&'static str),
}

fn details(status: Option<u16>, reason: Option<&str>, message: Option<&str>) -> String {
    let status = status.map(|status| status.to_string());
    let known: Vec<&str> = [status.as_deref(), reason].into_iter().flatten().collect();
    let known = if known.is_empty() { String::new() } else { format!(" ({})", known.join(", ")) };
    message.map_or(known.clone(), |message| format!("{known}: {message}"))
}

impl LoginError {
    pub(super) fn read(response: &Response<Bytes>) -> Self {
        let status = Some(response.status().as_u16());
        let read = serde_json::from_slice::<Value>(response.body()).ok().or_else(|| xml_as_json(response.body()));
        let Some(body) = read else {
            let (code, message) = match page_words(response.body(), MAX_MESSAGE) {
                Some((code, words)) => (code, of_page(&words)),
                None => (None, words(response.body())),
            };
            return Self::Refused { status, reason: code.map(|code| code.to_string()), message };
        };
        let first = body.get("errors").and_then(|errors| errors.get(0)).cloned().unwrap_or_default();
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(short);
        let code = first.get("code").and_then(Value::as_i64).map(|code| code.to_string());
        let message = text(&body, "error_description").or_else(|| text(&first, "message"));
        let message = message.or_else(|| text(&body, "detail")).or_else(|| text(&body, "title"));
        let title = text(&body, "title").filter(|title| reasons().any(|reason| reason == title));
        Self::Refused { status, reason: text(&body, "error").or(code).or(title), message }
    }

    /// Recognises the refusals of a request token that concern the callback URL.
    pub(super) fn of_callback(self, callback: &str) -> Self {
        let Self::Refused { status, reason, message } = self else { return self };
        let is = |code: &str, words: &str| match &reason {
            Some(reason) => reason == code,
            None => message.as_ref().is_some_and(|message| message.contains(words)),
        };
        match () {
            () if is("415", "Callback URL not approved") => {
                Self::CallbackNotAllowed { callback: callback.to_owned(), status, message }
            }
            () if is("417", "oauth_callback value 'oob'") => Self::PinOnly { status, message },
            () => Self::Refused { status, reason, message },
        }
    }

    /// Reads a redirect that contains an error instead of a code.
    pub(super) fn of_redirect(error: &str, description: Option<&str>) -> Self {
        match error {
            "access_denied" => Self::Denied,
            _ => Self::Refused { status: None, reason: Some(short(error)), message: description.map(short) },
        }
    }

    /// Returns whether the same request may succeed later without any other change.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::NoResponse(_) => true,
            Self::Refused { status: Some(429), reason, .. } => !is_cap(reason.as_deref()),
            Self::Refused { status: Some(status), .. } => *status >= 500,
            _ => false,
        }
    }

    /// Returns the fix in one phrase, with the command that applies it, if there is one.
    pub fn fix(&self) -> Cow<'static, str> {
        match self {
            Self::CallbackNotAllowed { callback, .. } => format!(
                "add exactly {callback} to the callback URLs in the app's user authentication settings in X's console, or use a PIN (`birdhook auth user --pin`)"
            )
            .into(),
            other => other.general_fix().into(),
        }
    }

    fn general_fix(&self) -> &'static str {
        match self {
            Self::Denied => "explain to the user why the app needs access, and start the login again",
            Self::AnotherLogin => "start the login again; the redirect is of an older login or of another user",
            Self::NoCode => "pass the complete URL to which X redirected",
            Self::CallbackNotConfirmed | Self::CallbackNotAllowed { .. } => {
                "add exactly this callback URL to the app's settings in X's console"
            }
            Self::PinOnly { .. } => {
                "log in with a PIN (`birdhook auth user --pin`), or add a callback URL to the app's user authentication settings in X's console"
            }
            Self::TimedOut => "start the login again",
            Self::NoRefreshToken => "have the user log in again, with the scope `offline.access`",
            Self::Refused { .. } if self.is_retryable() => "try again later, and check X's status page",
            Self::Refused { reason, .. } => refused_fix(reason.as_deref()),
            Self::NoResponse(TransportError::Connect(_)) => "check the network, the proxy and the name of X's host",
            Self::NoResponse(_) => "try again; if X refuses then, start the login again",
            Self::Unreadable(_) => "check X's changelog; the format of its responses may have changed",
            Self::Invalid(_) => "correct the setting that the message names",
        }
    }
}

/// Returns whether X's reason names a cap, which lasts longer than a rate limit.
fn is_cap(reason: Option<&str>) -> bool {
    reason.is_some_and(|reason| ["UsageCapExceeded", "SpendCapReached", "CreditsDepleted"].contains(&reason))
}

fn refused_fix(reason: Option<&str>) -> &'static str {
    match reason {
        Some("unauthorized_client" | "invalid_client") => WRONG_CLIENT,
        Some("invalid_scope") => {
            "request fewer scopes (`birdhook auth user2 --type TYPE`); X does not grant all of them to this app"
        }
        Some(name) if is_cap(Some(name)) => {
            "check the account's credits and caps in X's console; X rejects calls until they are raised"
        }
        reason => match reason.and_then(|code| code.parse().ok()) {
            Some(code) => fix_of_code(code).unwrap_or("see X's message"),
            None => {
                "check the app's keys, its callback URL and the machine's clock, and start the login again; codes expire soon and work once"
            }
        },
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(MAX_MESSAGE).collect()
}

/// Returns the text of a page, without words that may belong to a form and contain a token.
fn of_page(words: &str) -> Option<String> {
    let plain: Vec<&str> = words.split(' ').filter(|word| !word.contains(['=', '{'])).collect();
    (!plain.is_empty()).then(|| short(&plain.join(" ")))
}

/// Returns a plain-text body. Skips forms, which may contain a token, and pages.
fn words(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let is_text = !text.is_empty() && text.len() <= MAX_MESSAGE && !text.contains(['=', '<', '{']);
    is_text.then(|| short(text))
}
