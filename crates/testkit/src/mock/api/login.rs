//! User login: OAuth 1.0a with three legs or a PIN, and OAuth 2.0 with PKCE.

mod oauth1;
mod oauth2;
mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use birdhook_core::Timestamp;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::errors::{self, Fault, Kinds};
use super::table::Auth;
use super::{JsonReply, read};
use crate::mock::auth::Who;
use crate::mock::credentials::MockToken;
use crate::mock::{Inner, random};

/// Pending logins and refresh tokens.
#[derive(Debug, Default)]
pub(crate) struct Logins {
    /// OAuth 1.0a logins by request token.
    requests: BTreeMap<MockToken, PendingLogin>,
    /// OAuth 2.0 codes.
    codes: BTreeMap<MockToken, Code>,
    /// OAuth 2.0 refresh tokens.
    refreshes: BTreeMap<MockToken, Refresh>,
}

/// A pending OAuth 1.0a login.
#[derive(Debug)]
struct PendingLogin {
    app: String,
    secret: MockToken,
    /// `oob` for a login with a PIN.
    callback: String,
    /// The user who has agreed, and the verifier.
    agreed: Option<(String, MockToken)>,
}

/// The login that an OAuth 2.0 code belongs to.
#[derive(Debug)]
struct Code {
    consent: Refresh,
    redirect_uri: String,
    challenge: String,
    made_at: Timestamp,
}

/// A user's consent to an app.
#[derive(Clone, Debug)]
struct Refresh {
    app: String,
    user_id: String,
    scopes: BTreeSet<String>,
}

impl Logins {
    /// Removes the user's consent to all apps.
    pub(crate) fn revoke(&mut self, user: &str) {
        self.requests.retain(|_, login| login.agreed.as_ref().is_none_or(|(id, _)| id != user));
        self.codes.retain(|_, code| code.consent.user_id != user);
        self.refreshes.retain(|_, refresh| refresh.user_id != user);
    }
}

pub(super) fn routes() -> Router<Arc<Inner>> {
    Router::new()
        .route("/oauth/request_token", post(oauth1::request_token))
        .route("/oauth/authorize", get(oauth1::authorize))
        .route("/oauth/access_token", post(oauth1::access_token))
        .route("/i/oauth2/authorize", get(oauth2::authorize))
        .route("/2/oauth2/token", post(oauth2::token))
        .route("/2/oauth2/revoke", post(oauth2::revoke))
        .route("/2/users/me", get(me))
}

/// Handles `GET /2/users/me`.
async fn me(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let caller = inner.authenticate(&head, b"").ok_or(Fault::Unauthenticated);
    let id = caller.and_then(|caller| match caller.who {
        Who::App => Err(Fault::WrongAuth(Kinds::of(Auth::AnyUser(&[]), false), Kinds::name(&caller.who))),
        Who::User { id, .. } => Ok(id),
        Who::User2 { id, scopes } => {
            let is_allowed = ["tweet.read", "users.read"].iter().all(|scope| scopes.contains(*scope));
            if is_allowed { Ok(id) } else { Err(Fault::Forbidden) }
        }
    });
    match id {
        Ok(id) => {
            let handle = handle(&id);
            JsonReply::ok(json!({"data": {"id": id, "name": handle, "username": handle}})).into_response()
        }
        Err(fault) => errors::respond(&fault, false, None, &inner.settings),
    }
}

fn handle(id: &str) -> String {
    format!("user_{id}")
}

/// The parameters of a query or form.
#[derive(Debug)]
struct Fields(Vec<(String, String)>);

impl Fields {
    fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// Returns the parameter; `None` if it is missing or empty.
    fn get(&self, wanted: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}

impl Inner {
    /// Returns whether users may be redirected to this URL.
    fn is_callback(&self, url: &str) -> bool {
        let callbacks = &self.settings.callbacks;
        let is_url = url.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
        is_url && (callbacks.is_empty() || callbacks.iter().any(|callback| callback == url))
    }
}

fn random_token(letters: usize) -> MockToken {
    MockToken::new(random::letters(letters))
}

/// Redirects the user to a URL with these parameters.
fn back(url: &str, parameters: &[(&str, &str)]) -> Response {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let separator = if url.contains('?') { '&' } else { '?' };
    match HeaderValue::try_from(format!("{url}{separator}{query}")) {
        Ok(location) => (StatusCode::FOUND, [(header::LOCATION, location)]).into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// Returns an error in the format of 1.1.
fn refused(status: StatusCode, code: u16, message: &str) -> Response {
    JsonReply(status, Some(json!({"errors": [{"code": code, "message": message}]}))).into_response()
}
