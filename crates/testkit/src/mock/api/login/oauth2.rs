//! OAuth 2.0 login with PKCE
//! (<https://docs.x.com/fundamentals/authentication/oauth-2-0/user-access-token>).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::StatusCode;
use http::header::AUTHORIZATION;
use http::request::Parts;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Fields, back, page, random_token};
use crate::mock::api::body::{JsonReply, read};
use crate::mock::clock::{after, between};
use crate::mock::credentials::{MockApp, MockToken, Permission};
use crate::mock::inner::Inner;
use crate::mock::state::{Code, Grant, Refresh};
use crate::payload::json::without_nulls;

/// Lifetime of a code.
const CODE: Duration = Duration::from_secs(30);

/// Lifetime of an access token.
const ACCESS: Duration = Duration::from_secs(7200);

const RENEWABLE: &str = "offline.access";

/// Handles `GET /i/oauth2/authorize`: with `user_id` that user agrees, with `denied` the user
/// refuses.
pub(crate) async fn authorize(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let asked = Fields::parse(request.uri().query().unwrap_or_default().as_bytes());
    let get = |name: &str| asked.get(name).unwrap_or_default();
    let app = inner.state().apps.iter().find(|app| app.client_id == get("client_id")).cloned();
    // Without a known app and an approved redirect URI, a redirect would be unsafe.
    let Some(app) = app.filter(|_| inner.is_callback(get("redirect_uri"))) else {
        let why = "Something went wrong. You weren't able to give access to the App.";
        return page::text(StatusCode::BAD_REQUEST, why);
    };
    let (redirect_uri, state) = (get("redirect_uri"), get("state"));
    let is_right = get("response_type") == "code" && get("code_challenge_method") == "S256";
    if !is_right || [state, get("scope"), get("code_challenge")].contains(&"") {
        return back(redirect_uri, &[("error", "invalid_request"), ("state", state)]);
    }
    if asked.get("denied").is_some() {
        return back(redirect_uri, &[("error", "access_denied"), ("state", state)]);
    }
    let Some(user_id) = asked.get("user_id") else { return page::consent(&app.name, &asked) };
    let scopes: BTreeSet<String> = get("scope").split(' ').map(str::to_owned).collect();
    let consent = Refresh { app: app.name, user_id: user_id.to_owned(), scopes };
    let made_at = inner.settings.clock.now();
    let (redirect_uri, challenge) = (redirect_uri.to_owned(), get("code_challenge").to_owned());
    let mut known = inner.state();
    let code = random_token(91);
    let answer = back(&redirect_uri, &[("state", state), ("code", code.as_str())]);
    known.logins.codes.insert(code, Code { consent, redirect_uri, challenge, made_at });
    answer
}

pub(crate) async fn token(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (app, form) = match inner.oauth2_call(request).await {
        Ok(both) => both,
        Err(refused) => return refused,
    };
    let consent = match form.get("grant_type") {
        Some("authorization_code") => inner.spend_code(&app, &form),
        Some("refresh_token") => inner.spend_refresh(&app, &form),
        _ => Err("Missing required parameter [grant_type]."),
    };
    match consent {
        Ok(consent) => inner.give(consent).into_response(),
        Err(why) => no(StatusCode::BAD_REQUEST, "invalid_request", why),
    }
}

/// Handles `POST /2/oauth2/revoke`. An unknown token counts as revoked (RFC 7009, section 2.2).
/// Only the given token is revoked, so a test detects a client that should revoke both but revokes
/// one.
pub(crate) async fn revoke(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (app, form) = match inner.oauth2_call(request).await {
        Ok(both) => both,
        Err(refused) => return refused,
    };
    let Some(token) = form.get("token").map(MockToken::new) else {
        return no(StatusCode::BAD_REQUEST, "invalid_request", "Missing required parameter [token].");
    };
    let mut state = inner.state();
    state.grants2.retain(|known, grant| *known != token || grant.app != app.name);
    state.logins.refreshes.retain(|known, refresh| *known != token || refresh.app != app.name);
    JsonReply::ok(json!({"revoked": true})).into_response()
}

impl Inner {
    /// Returns the client that makes a call, and the form that it sends.
    async fn oauth2_call(&self, request: Request) -> Result<(MockApp, Fields), Response> {
        let (head, body) = request.into_parts();
        let form = Fields::parse(&read(body).await.unwrap_or_default());
        let refused = || no(StatusCode::UNAUTHORIZED, "unauthorized_client", "Missing valid authorization header");
        Ok((self.oauth2_client(&head, &form).ok_or_else(refused)?, form))
    }

    /// Authenticates a client: a confidential one by its secret, a public one by its id alone.
    fn oauth2_client(&self, head: &Parts, form: &Fields) -> Option<MockApp> {
        let state = self.state();
        let with_id = |id: &str| state.apps.iter().find(|app| app.client_id == id).cloned();
        let Some(header) = head.headers.get(AUTHORIZATION) else {
            return with_id(form.get("client_id")?).filter(|app| app.client_secret.is_none());
        };
        let (scheme, pair) = header.to_str().ok()?.split_once(' ')?;
        let pair = String::from_utf8(STANDARD.decode(pair.trim()).ok()?).ok()?;
        let (id, secret) = pair.split_once(':')?;
        let decoded =
            |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let secret = MockToken::new(decoded(secret));
        let app = with_id(&decoded(id)).filter(|_| scheme.eq_ignore_ascii_case("basic"));
        app.filter(|app| app.client_secret.as_ref() == Some(&secret))
    }

    fn spend_code(&self, app: &MockApp, form: &Fields) -> Result<Refresh, &'static str> {
        let invalid = "Value passed for the authorization code was invalid.";
        let now = self.settings.clock.now();
        let code = MockToken::new(form.get("code").unwrap_or_default());
        let mut state = self.state();
        state.logins.codes.get(&code).filter(|code| code.consent.app == app.name).ok_or(invalid)?;
        // The code is used up even if the request fails below.
        let code = state.logins.codes.remove(&code).ok_or(invalid)?;
        if between(code.made_at, now) > CODE {
            return Err(invalid);
        }
        if form.get("redirect_uri") != Some(code.redirect_uri.as_str()) {
            return Err("Value passed for the redirect uri did not match the uri of the authorization code.");
        }
        let verifier = form.get("code_verifier").unwrap_or_default();
        if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != code.challenge {
            return Err("Value passed for the code verifier did not match the code challenge.");
        }
        Ok(code.consent)
    }

    fn spend_refresh(&self, app: &MockApp, form: &Fields) -> Result<Refresh, &'static str> {
        let invalid = "Value passed for the token was invalid.";
        let token = MockToken::new(form.get("refresh_token").unwrap_or_default());
        let mut state = self.state();
        state.logins.refreshes.get(&token).filter(|refresh| refresh.app == app.name).ok_or(invalid)?;
        state.logins.refreshes.remove(&token).ok_or(invalid)
    }

    /// Creates new tokens for a user's consent.
    fn give(&self, consent: Refresh) -> JsonReply {
        // Adds the user, so that events can be generated for them.
        self.user(&consent.app, &consent.user_id);
        let mut state = self.state();
        let access = random_token(91);
        let grant = Grant {
            app: consent.app.clone(),
            user_id: consent.user_id.clone(),
            secret: MockToken::new(""),
            permission: Permission::default(),
            scopes: consent.scopes.clone(),
            expires_at: Some(after(self.settings.clock.now(), ACCESS)),
        };
        state.grants2.insert(access.clone(), grant);
        let scope = consent.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let refresh = consent.scopes.contains(RENEWABLE).then(|| random_token(91));
        let reply = without_nulls(json!({
            "token_type": "bearer", "expires_in": ACCESS.as_secs(), "access_token": access.as_str(), "scope": scope,
            "refresh_token": refresh.as_ref().map(MockToken::as_str),
        }));
        state.logins.refreshes.extend(refresh.map(|token| (token, consent)));
        JsonReply::ok(reply)
    }
}

fn no(status: StatusCode, error: &str, why: &str) -> Response {
    JsonReply(status, Some(json!({"error": error, "error_description": why}))).into_response()
}
