//! A login uses only data that belongs to it, or fails, for any redirect and any response of X.
//!
//! The input is the text that the user returns with, and after the first NUL the response of X: a
//! line with the status, header lines, an empty line, and the body.
#![no_main]

use std::sync::LazyLock;

use birdhook_client::login::{LoginError, OAuth1, OAuth2, Proof};
use birdhook_client::{AccessToken, ConsumerKeys, UserToken};
use birdhook_core::Timestamp;
use birdhook_fuzz::now;
use birdhook_fuzz::x::X;
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::Value;

/// Created once, because setting up TLS takes longer than everything else, and is not used.
static OAUTH2: LazyLock<OAuth2> = LazyLock::new(|| OAuth2::new("client", None).expect("TLS"));
static OAUTH1: LazyLock<OAuth1> = LazyLock::new(|| OAuth1::new(ConsumerKeys::new("key", "secret")).expect("TLS"));

const NOW: i64 = 1_795_426_200_000;
const NAMES: [&str; 6] = ["code=", "error=", "state=", "oauth_token=", "oauth_verifier=", "denied="];

/// The text that the user returns with, parsed in the simplest way.
enum Back<'a> {
    Alone(&'a str),
    Query(Vec<(String, String)>),
}

impl<'a> Back<'a> {
    fn read(text: &'a str) -> Self {
        let text = text.trim();
        let query = match text.split_once('?') {
            Some((_, behind)) => behind.split_once('#').map_or(behind, |(query, _)| query),
            None if text.contains('&') || NAMES.iter().any(|name| text.starts_with(name)) => text,
            None => return Self::Alone(text),
        };
        let decode = |text: &str| {
            let spaced = text.replace('+', " ");
            percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
        };
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        };
        Self::Query(query.split('&').map(pair).collect())
    }

    /// Returns a parameter that occurs exactly once.
    fn once(&self, wanted: &str) -> Option<&str> {
        let Self::Query(pairs) = self else { return None };
        let values: Vec<&str> = pairs.iter().filter(|(name, _)| name == wanted).map(|(_, value)| &**value).collect();
        if let [value] = values[..] { Some(value) } else { None }
    }
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let at = data.iter().position(|&byte| byte == 0).unwrap_or(data.len());
    let Ok(text) = std::str::from_utf8(&data[..at]) else { return Corpus::Reject };
    let answer = data.get(at + 1..).and_then(X::read);
    let Some(x) = answer.or_else(|| X::read(b"200\n\n{\"access_token\":\"a\",\"token_type\":\"bearer\"}")) else {
        return Corpus::Reject;
    };
    let back = Back::read(text);
    oauth2(text, &back, &x);
    oauth1(text, &back, &x);
    Corpus::Keep
});

fn oauth2(text: &str, back: &Back<'_>, x: &X) {
    let login = OAUTH2.clone().transport(x.clone()).clock(|| Timestamp::from_millis(NOW));
    let proof = Proof::new("https://app.example/callback", "the state", "the verifier");
    let result = now(login.finish(&proof, text));
    let is_ours = back.once("state") == Some("the state");
    let code = match back {
        Back::Alone(code) => Some(*code),
        Back::Query(_) if is_ours && back.once("error").is_none() => back.once("code"),
        Back::Query(_) => None,
    };
    let code = code.filter(|code| !code.is_empty());
    // A repeated parameter counts as missing, even `error`: then the code decides.
    let asked = x.times_asked();
    match code {
        Some(code) => {
            assert_eq!(asked, 1, "{text}");
            let body = x.last().expect("it was asked").into_body();
            let sent = |wanted: &str| {
                form_urlencoded::parse(&body).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
            };
            assert_eq!((sent("code").as_deref(), sent("code_verifier").as_deref()), (Some(code), Some("the verifier")));
        }
        None => {
            assert!(result.is_err() && asked == 0, "{text}");
            if matches!(back, Back::Query(_)) && !is_ours {
                assert!(matches!(result, Err(LoginError::AnotherLogin)), "{text}");
            }
        }
    }
    tokens(result, x);
    let token = UserToken::new("a").refresh("r");
    tokens(now(login.refresh(&token)).inspect(|next| assert!(next.refresh.is_some())), x);
    if let Ok(id) = now(login.user_id(&token)) {
        let said: Value = serde_json::from_slice(x.answer.body()).expect("it was read");
        assert_eq!(said["data"]["id"].as_str(), Some(&*id));
    }
    x.times_asked();
}

/// Checks that a token is the one in the response, and that only a success returns one.
fn tokens(result: Result<UserToken, LoginError>, x: &X) {
    match result {
        Ok(token) => {
            assert!(x.answer.status().is_success());
            // The crate `oauth2` ignores everything after the object.
            let said = serde_json::Deserializer::from_slice(x.answer.body()).into_iter::<Value>().next();
            let said = said.expect("it was read").expect("it was read");
            let is_said = |token: &str, name: &str| assert_eq!(said[name].as_str(), Some(token));
            is_said(secrecy::ExposeSecret::expose_secret(&token.access), "access_token");
            assert!(token.expires_at.is_none_or(|at| at.as_millis() >= NOW));
            assert!(!format!("{token:?}").contains("hunter2"));
        }
        Err(error) => {
            let _ = (error.to_string(), error.fix(), error.is_retryable());
            let LoginError::Refused { reason, message, .. } = error else { return };
            for said in [reason, message].into_iter().flatten() {
                assert!(said.chars().count() <= 200 && !said.contains(char::is_control), "{said:?}");
            }
        }
    }
}

fn oauth1(text: &str, back: &Back<'_>, x: &X) {
    let login = OAUTH1.clone().transport(x.clone());
    let request_token = AccessToken::new("the token", "its secret");
    let result = now(login.finish(&request_token, text));
    let is_ours = back.once("oauth_token") == Some("the token");
    let is_denied = back.once("denied") == Some("the token");
    let verifier = match back {
        Back::Alone(verifier) => Some(*verifier),
        Back::Query(_) if is_ours && !is_denied => back.once("oauth_verifier"),
        Back::Query(_) => None,
    };
    let may_ask = verifier.is_some_and(|verifier| !verifier.is_empty());
    assert_eq!(x.times_asked(), usize::from(may_ask), "{text}");
    let body = x.answer.body();
    let told = |name: &str| form_urlencoded::parse(body).filter(|(known, _)| known == name).count();
    if let Ok(user) = result {
        assert!(may_ask && x.answer.status().is_success());
        assert!(["oauth_token", "oauth_token_secret", "user_id", "screen_name"].iter().all(|name| told(name) > 0));
        assert!(!user.token.token().contains('\0') || told("oauth_token") > 0);
    } else if is_denied {
        assert!(matches!(result, Err(LoginError::Denied)), "{text}");
    }
    if let Ok(pending) = now(login.begin(OAuth1::PIN)) {
        assert!(x.answer.status().is_success() && told("oauth_callback_confirmed") > 0);
        assert!(pending.authorize_url.is_ascii(), "{}", pending.authorize_url);
    }
    x.times_asked();
}
