//! Errors of logins and token requests.

use std::borrow::Cow;

use bytes::Bytes;
use http::Response;
use serde_json::Value;

use crate::TransportError;
use crate::error::{REASONS, cure_of_code, page_words, xml_as_json};

/// Maximum length of X's message, in characters.
const LONGEST: usize = 200;

/// The reason why there is no token. Holds no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The user did not authorise the app.
    #[error("the user has not agreed")]
    Denied,
    /// The redirect belongs to another login: its state or request token differs or is missing.
    #[error("the redirect belongs to another login")]
    AnotherLogin,
    /// The redirect contains neither a code nor a refusal, or more than one of them.
    #[error("the redirect holds no code")]
    NoCode,
    /// X issued a request token but did not confirm the callback URL.
    #[error("X has not confirmed the callback URL")]
    CallbackNotConfirmed,
    /// The callback URL is not in the app's settings at X (code 415).
    #[error("X does not allow the callback URL {callback}{}", said(*status, Some("code 415"), message.as_deref()))]
    CallbackNotAllowed {
        /// The callback URL.
        callback: String,
        /// The HTTP status.
        status: Option<u16>,
        /// X's message.
        message: Option<String>,
    },
    /// The app is set up for PINs, without callback URLs (code 417).
    #[error("X takes a PIN alone from this app{}", said(*status, Some("code 417"), message.as_deref()))]
    PinOnly {
        /// The HTTP status.
        status: Option<u16>,
        /// X's message.
        message: Option<String>,
    },
    /// The user did not return in time.
    #[error("the user did not come back in time")]
    TimedOut,
    /// The token was issued without the scope `offline.access`.
    #[error("there is no refresh token")]
    NoRefreshToken,
    /// X refused.
    #[error("X refuses{}", said(*status, reason.as_deref(), message.as_deref()))]
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
    NoAnswer(#[from] TransportError),
    /// The response is not what X documents.
    #[error("X's answer cannot be read: {0}")]
    Unreadable(&'static str),
    /// The app's own settings are invalid. Nothing was sent.
    #[error("{0}")]
    Invalid(&'static str),
}

fn said(status: Option<u16>, reason: Option<&str>, message: Option<&str>) -> String {
    let status = status.map(|status| status.to_string());
    let known: Vec<&str> = [status.as_deref(), reason].into_iter().flatten().collect();
    let known = if known.is_empty() { String::new() } else { format!(" ({})", known.join(", ")) };
    message.map_or(known.clone(), |message| format!("{known}: {message}"))
}

impl LoginError {
    /// Reads an error response.
    pub(super) fn read(answer: &Response<Bytes>) -> Self {
        let status = Some(answer.status().as_u16());
        let read = serde_json::from_slice::<Value>(answer.body()).ok().or_else(|| xml_as_json(answer.body()));
        let Some(body) = read else {
            let (code, message) = match page_words(answer.body(), LONGEST) {
                Some((code, words)) => (code, of_page(&words)),
                None => (None, words(answer.body())),
            };
            return Self::Refused { status, reason: code.map(|code| code.to_string()), message };
        };
        let first = body.get("errors").and_then(|errors| errors.get(0)).cloned().unwrap_or_default();
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(short);
        let code = first.get("code").and_then(Value::as_i64).map(|code| code.to_string());
        let message = text(&body, "error_description").or_else(|| text(&first, "message"));
        let message = message.or_else(|| text(&body, "detail")).or_else(|| text(&body, "title"));
        let title = text(&body, "title").filter(|title| REASONS.contains(&title.as_str()));
        Self::Refused { status, reason: text(&body, "error").or(code).or(title), message }
    }

    /// Recognises the refusals of a request token that concern the callback URL.
    pub(super) fn of_callback(self, callback: &str) -> Self {
        let Self::Refused { status, reason, message } = self else { return self };
        let says = |words: &str| message.as_deref().is_some_and(|message| message.contains(words));
        match reason.as_deref() {
            Some("415") => Self::CallbackNotAllowed { callback: callback.to_owned(), status, message },
            None if says("Callback URL not approved") => {
                Self::CallbackNotAllowed { callback: callback.to_owned(), status, message }
            }
            Some("417") => Self::PinOnly { status, message },
            None if says("oauth_callback value 'oob'") => Self::PinOnly { status, message },
            _ => Self::Refused { status, reason, message },
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
            Self::NoAnswer(_) => true,
            Self::Refused { status: Some(429), reason, .. } => !is_cap(reason.as_deref()),
            Self::Refused { status: Some(status), .. } => *status >= 500,
            _ => false,
        }
    }

    /// Returns the fix in one sentence, with the command that applies it, if there is one.
    pub fn fix(&self) -> Cow<'static, str> {
        match self {
            Self::CallbackNotAllowed { callback, .. } => format!(
                "Add {callback} to the callback URLs of the app's user authentication settings in X's console, to the letter, or use a PIN: `birdhook auth user --pin`."
            )
            .into(),
            other => other.general_cure().into(),
        }
    }

    fn general_cure(&self) -> &'static str {
        match self {
            Self::Denied => "Tell the user what the app needs access for, and let them begin again.",
            Self::AnotherLogin => "Begin again: the redirect is of an older login, or somebody else's.",
            Self::NoCode => "Pass the whole URL to which X has redirected.",
            Self::CallbackNotConfirmed | Self::CallbackNotAllowed { .. } => {
                "Add the callback URL to the app's settings at X, to the letter."
            }
            Self::PinOnly { .. } => {
                "Log in with a PIN (`birdhook auth user --pin`), or add a callback URL to the app's user authentication settings in X's console."
            }
            Self::TimedOut => "Begin again.",
            Self::NoRefreshToken => "Let the user log in again, with the scope `offline.access`.",
            Self::Refused { .. } if self.is_retryable() => "Try again later; see X's status page.",
            Self::Refused { reason, .. } => refused_cure(reason.as_deref()),
            Self::NoAnswer(TransportError::Connect(_)) => "Check the network, the proxy and the name of X's host.",
            Self::NoAnswer(_) => "Try again; when X refuses then, begin the login again.",
            Self::Unreadable(_) => "See the message: X may have changed its answer.",
            Self::Invalid(_) => "Correct what it names.",
        }
    }
}

/// Returns whether X's reason names a cap, which lasts longer than a rate limit.
fn is_cap(reason: Option<&str>) -> bool {
    reason.is_some_and(|reason| ["UsageCapExceeded", "SpendCapReached", "CreditsDepleted"].contains(&reason))
}

fn refused_cure(reason: Option<&str>) -> &'static str {
    match reason {
        Some("unauthorized_client" | "invalid_client") => {
            "Run `birdhook auth app` with the app's present OAuth 2.0 client id and client secret: X does not accept those in use."
        }
        Some("invalid_scope") => {
            "Ask for fewer scopes (`birdhook auth user2 --type TYPE`): X does not give this app all of them."
        }
        Some(name) if is_cap(Some(name)) => {
            "Look at the account's credits and caps in X's console: X refuses calls until then."
        }
        reason => match reason.and_then(|code| code.parse().ok()) {
            Some(code) => cure_of_code(code).unwrap_or("See X's words."),
            None => {
                "Check the app's keys, its callback URL and the machine's clock, and begin again: codes are short-lived and work once."
            }
        },
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(LONGEST).collect()
}

/// Returns the text of a page, without words that may belong to a form and contain a token.
fn of_page(words: &str) -> Option<String> {
    let plain: Vec<&str> = words.split(' ').filter(|word| !word.contains(['=', '{'])).collect();
    (!plain.is_empty()).then(|| short(&plain.join(" ")))
}

/// Returns a plain-text body. Skips forms, which may contain a token, and pages.
fn words(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim();
    let is_text = !text.is_empty() && text.len() <= LONGEST && !text.contains(['=', '<', '{']);
    is_text.then(|| short(text))
}
