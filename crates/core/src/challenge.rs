//! Answering a GET: which secret, which token, and whether X itself asked.

use crate::app::App;
use crate::crc::{self, TokenError};
use crate::endpoint::{AppSelector, ChallengeSignature};
use crate::head::Field;
use crate::signature::Signature;
use crate::{Endpoint, Reason, Reply, RequestHead, Secret};

pub(crate) fn answer(endpoint: &Endpoint, head: &RequestHead<'_>) -> Result<Reply, Reason> {
    let token = crc::token(head.query)?;
    let policy = endpoint.settings().token_policy;
    policy.check(&token)?;
    if endpoint.apps().is_empty() {
        return Err(Reason::NoSecret);
    }
    let (secret, is_asked_by_x) = match (endpoint.settings().challenge_signature, head.signature) {
        (ChallengeSignature::Ignored, _) | (ChallengeSignature::IfPresent, Field::Absent) => {
            (named_app(endpoint, head)?.challenge_secrets().first().ok_or(Reason::NoSecret)?, false)
        }
        (rule, Field::Once(value)) => {
            let signature = Signature::parse(value).ok_or(Reason::ChallengeUnsigned)?;
            secret_that_signed(endpoint, rule, &signature, head.query)?
        }
        (_, Field::Absent | Field::Repeated) => return Err(Reason::ChallengeUnsigned),
    };
    Ok(Reply::challenge(crc::respond(secret, &token, policy)?, is_asked_by_x))
}

/// The secret to answer with when X has signed the query: while secrets are rotated, the very one that X signed with, for
/// that is the one X holds. And whether that proves that X has.
fn secret_that_signed<'a>(
    endpoint: &'a Endpoint,
    rule: ChallengeSignature,
    signature: &Signature,
    query: &str,
) -> Result<(&'a Secret, bool), Reason> {
    // When the registered URL has a query of its own, X's documentation leaves open whether that is signed too.
    let added_by_x = query.find("&crc_token=").and_then(|at| query.get(at + 1..));
    // Mostly one of the two.
    let documented = documented(query).filter(|text| text != query && Some(&**text) != added_by_x);
    // A text without `&` could have been signed by answering it as a token, so it does not prove that X asked.
    let proves = |text: &str| text.contains('&');
    let signed = |secret: &Secret| {
        let texts = std::iter::once(query).chain(added_by_x).chain(documented.as_deref());
        let mut texts = texts.filter(|text| rule != ChallengeSignature::Demanded || proves(text));
        texts.find(|text| signature.matches(&secret.mac(text.as_bytes())).into())
    };
    let mut apps = endpoint.apps().iter();
    let (app, text) = apps
        .find_map(|app| {
            let mut secrets = app.consumer_secrets().iter().chain(app.oauth2_secrets());
            secrets.find_map(signed).map(|text| (app, text))
        })
        .ok_or(Reason::ChallengeUnsigned)?;
    let answering = app.challenge_secrets();
    let secret = answering.iter().find(|secret| signed(secret).is_some()).or(answering.first());
    Ok((secret.ok_or(Reason::NoSecret)?, proves(text)))
}

/// The text that X's documentation says is signed, whatever stands around its parts.
fn documented(query: &str) -> Option<String> {
    let part = |name: &str| query.split('&').find(|part| part.starts_with(name));
    Some(format!("{}&{}", part("crc_token=")?, part("nonce=")?))
}

/// A URL that names an app we do not have gets no answer made with another app's secret: a wrong 200 ends a webhook.
fn named_app<'a>(endpoint: &'a Endpoint, head: &RequestHead<'_>) -> Result<&'a App, Reason> {
    let apps = endpoint.apps();
    let name = match &endpoint.settings().app_selector {
        AppSelector::First => None,
        AppSelector::PathSegment => Some(head.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().into()),
        AppSelector::QueryParameter(parameter) => {
            form_urlencoded::parse(head.query.as_bytes()).find(|(name, _)| name == parameter).map(|(_, value)| value)
        }
    };
    match name {
        Some(name) => apps.iter().find(|app| app.name() == name),
        None => apps.iter().next(),
    }
    .ok_or(Reason::NoSecret)
}

impl From<TokenError> for Reason {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Missing => Self::TokenMissing,
            TokenError::Empty => Self::TokenEmpty,
            TokenError::Repeated => Self::TokenRepeated,
            TokenError::TooLong | TokenError::Forbidden => Self::TokenRefused,
        }
    }
}
