//! Answering a GET: which secret, which token, and whether X itself asked.

use crate::app::App;
use crate::crc::{self, TokenError};
use crate::endpoint::AppSelector;
use crate::head::Field;
use crate::signature::Signature;
use crate::{Endpoint, Reason, Reply, RequestHead};

pub(crate) fn answer(endpoint: &Endpoint, head: &RequestHead<'_>) -> Result<Reply, Reason> {
    let token = crc::token(head.query)?;
    endpoint.settings().token_policy.check(&token)?;
    let app = asked_app(endpoint, head)?;
    let secret = app.challenge_secret().ok_or(Reason::NoSecret)?;
    Ok(Reply::challenge(crc::respond(secret, &token, endpoint.settings().token_policy)?))
}

/// The app that X asks about: the one whose secret signed the query, else the one that the URL names, else the first.
fn asked_app<'a>(endpoint: &'a Endpoint, head: &RequestHead<'_>) -> Result<&'a App, Reason> {
    let apps = endpoint.apps();
    match head.signature {
        _ if apps.is_empty() => Err(Reason::NoSecret),
        Field::Once(value) => {
            let signature = Signature::parse(value).ok_or(Reason::ChallengeUnsigned)?;
            apps.iter().find(|app| signed_by(app, &signature, head.query)).ok_or(Reason::ChallengeUnsigned)
        }
        Field::Repeated => Err(Reason::ChallengeUnsigned),
        Field::Absent if endpoint.settings().demand_signed_challenge => Err(Reason::ChallengeUnsigned),
        Field::Absent => named_app(endpoint, head),
    }
}

/// Whether one of the app's secrets signed the query. When the registered URL has a query of its own, X's documentation
/// leaves open whether that is signed too; both readings prove that X asked.
fn signed_by(app: &App, signature: &Signature, query: &str) -> bool {
    let added_by_x = query.find("&crc_token=").and_then(|at| query.get(at + 1..));
    app.consumer_secrets().iter().chain(app.oauth2_secrets()).any(|secret| {
        std::iter::once(query).chain(added_by_x).any(|text| signature.matches(&secret.mac(text.as_bytes())).into())
    })
}

/// A URL that names an app we do not have gets no answer made with another app's secret: a wrong 200 ends a webhook.
fn named_app<'a>(endpoint: &'a Endpoint, head: &RequestHead<'_>) -> Result<&'a App, Reason> {
    let apps = endpoint.apps();
    let name = match &endpoint.settings().app_selector {
        AppSelector::First => None,
        AppSelector::PathSegment => Some(head.path.rsplit('/').next().unwrap_or_default().into()),
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
