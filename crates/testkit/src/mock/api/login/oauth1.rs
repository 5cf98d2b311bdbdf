//! OAuth 1.0a login
//! (<https://docs.x.com/fundamentals/authentication/oauth-1-0a/obtaining-user-access-tokens>).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use super::{Fields, back, handle, page, random_token};
use crate::mock::api::body::read;
use crate::mock::api::errors::v1_error;
use crate::mock::credentials::MockToken;
use crate::mock::inner::Inner;
use crate::mock::oauth1::Claim;
use crate::mock::random;
use crate::mock::state::PendingLogin;

const PIN: &str = "oob";

pub(crate) async fn request_token(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = read(body).await.unwrap_or_default();
    let claim = claim(&head).filter(|claim| claim.token.is_none());
    let app = claim.as_ref().and_then(|claim| inner.signer(claim, &head, &body, |_, _| Some(MockToken::new(""))));
    let Some((claim, app)) = claim.zip(app) else { return unauthenticated() };
    let Some(callback) = parameter(&claim, &head, &body, "oauth_callback") else {
        return v1_error(400, 38, "oauth_callback parameter is missing.").into_response();
    };
    if callback != PIN && !inner.is_callback(&callback) {
        let message = "Callback URL not approved for this client application. Approved callback URLs can be adjusted in your application settings";
        return v1_error(403, 415, message).into_response();
    }
    let mut state = inner.state();
    let (token, secret) = (random_token(27), random_token(32));
    let fields = [("oauth_token", token.as_str()), ("oauth_token_secret", secret.as_str())];
    let answer = form(&[fields.as_slice(), &[("oauth_callback_confirmed", "true")]].concat());
    state.logins.requests.insert(token, PendingLogin { app: app.name, secret, callback, agreed: None });
    answer
}

/// Handles `GET /oauth/authorize`: with `user_id` that user agrees, with `denied` the user refuses.
pub(crate) async fn authorize(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let asked = Fields::parse(request.uri().query().unwrap_or_default().as_bytes());
    let token = MockToken::new(asked.get("oauth_token").unwrap_or_default());
    let mut state = inner.state();
    let (verifier, pin) = (random_token(32), MockToken::new(random::digits(7)));
    let Some(login) = state.logins.requests.get_mut(&token).filter(|login| login.agreed.is_none()) else {
        let why = "The request token for this page is invalid. It may have already been used, or expired because it is too old.";
        return page::text(StatusCode::FORBIDDEN, why);
    };
    let callback = login.callback.clone();
    if asked.get("denied").is_some() {
        state.logins.requests.remove(&token);
        return match callback.as_str() {
            PIN => page::text(StatusCode::OK, "You have not let the app in."),
            callback => back(callback, &[("denied", token.as_str())]),
        };
    }
    let Some(user) = asked.get("user_id") else { return page::consent(&login.app, &asked) };
    let verifier = if callback == PIN { pin } else { verifier };
    login.agreed = Some((user.to_owned(), verifier.clone()));
    match callback.as_str() {
        PIN => page::text(StatusCode::OK, verifier.as_str()),
        callback => back(callback, &[("oauth_token", token.as_str()), ("oauth_verifier", verifier.as_str())]),
    }
}

pub(crate) async fn access_token(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = read(body).await.unwrap_or_default();
    let Some(claim) = claim(&head) else { return unauthenticated() };
    let token = MockToken::new(claim.token.clone().unwrap_or_default());
    let app = inner.signer(&claim, &head, &body, |state, app| {
        state.logins.requests.get(&token).filter(|login| login.app == app.name).map(|login| login.secret.clone())
    });
    let Some(app) = app else { return unauthenticated() };
    let verifier = parameter(&claim, &head, &body, "oauth_verifier").map(MockToken::new);
    let user_id = {
        let mut state = inner.state();
        let login = state.logins.requests.get(&token);
        let agreed = login.and_then(|login| login.agreed.clone()).filter(|(_, right)| verifier.as_ref() == Some(right));
        let Some((user_id, _)) = agreed else {
            let why = "Error processing your OAuth request: Invalid oauth_verifier parameter";
            return page::text(StatusCode::UNAUTHORIZED, why);
        };
        state.logins.requests.remove(&token);
        user_id
    };
    let user = inner.user(&app.name, &user_id);
    {
        // X returns the same token again, with the permission that the app has now.
        let mut state = inner.state();
        let permission = state.permission;
        if let Some(grant) = state.grants.get_mut(&user.token) {
            grant.permission = permission;
        }
    }
    form(&[
        ("oauth_token", user.token.as_str()),
        ("oauth_token_secret", user.token_secret.as_str()),
        ("user_id", &user.id),
        ("screen_name", &handle(&user.id)),
    ])
}

fn claim(head: &Parts) -> Option<Claim> {
    Claim::parse(head.headers.get(AUTHORIZATION)?.to_str().ok()?)
}

/// Returns a parameter of the header, the query or the form, in this order.
fn parameter(claim: &Claim, head: &Parts, body: &[u8], name: &str) -> Option<String> {
    let of = |text: &[u8]| Fields::parse(text).get(name).map(str::to_owned);
    let of_query = || of(head.uri.query().unwrap_or_default().as_bytes());
    claim.get(name).map(str::to_owned).or_else(of_query).or_else(|| of(body))
}

fn form(fields: &[(&str, &str)]) -> Response {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    ([(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], body).into_response()
}

fn unauthenticated() -> Response {
    v1_error(401, 32, "Could not authenticate you.").into_response()
}
