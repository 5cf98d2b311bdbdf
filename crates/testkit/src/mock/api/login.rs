//! User login: OAuth 1.0a with three legs or a PIN, and OAuth 2.0 with PKCE.

pub(super) mod oauth1;
pub(super) mod oauth2;
mod page;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::body::JsonReply;
use super::errors::{self, Fault, Kinds};
use super::table::Auth;
use crate::mock::auth::Who;
use crate::mock::credentials::MockToken;
use crate::mock::inner::Inner;
use crate::mock::random;

/// Handles `GET /2/users/me`.
pub(super) async fn me(State(inner): State<Arc<Inner>>, request: Request) -> Response {
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
        let found = self.0.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
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
