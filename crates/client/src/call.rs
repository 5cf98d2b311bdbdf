use bytes::Bytes;
use http::Method;
use serde_json::Value;

use crate::credentials::CredentialKind;
use crate::oauth1::percent_encode;

// The kinds of credentials that calls accept, best first.
pub(crate) const BEARER: &[CredentialKind] = &[CredentialKind::Bearer];
pub(crate) const OWNER: &[CredentialKind] = &[CredentialKind::Owner];
pub(crate) const USER: &[CredentialKind] = &[CredentialKind::User];
/// X's prose accepts only the bearer token, its OpenAPI also the owner's.
pub(crate) const BEARER_OR_OWNER: &[CredentialKind] = &[CredentialKind::Bearer, CredentialKind::Owner];
pub(crate) const ANY_USER: &[CredentialKind] = &[CredentialKind::User, CredentialKind::User2];

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path below the base URL, with its parameters already percent-encoded.
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Bytes>,
    /// The accepted kinds of credentials, best first.
    pub(crate) takes: &'static [CredentialKind],
    /// The OAuth 2.0 scopes that a user's token needs for this call.
    pub(crate) scopes: &'static [&'static str],
    pub(crate) user: Option<String>,
    /// Whether repeating the call has no further effect.
    pub(crate) is_idempotent: bool,
}

macro_rules! constructors {
    ($($name:ident $method:ident),+) => {$(
        pub(crate) fn $name(path: impl Into<String>, takes: &'static [CredentialKind]) -> Self {
            Self::new(Method::$method, path, takes)
        }
    )+};
}

impl Call {
    pub(crate) fn new(method: Method, path: impl Into<String>, takes: &'static [CredentialKind]) -> Self {
        // POST creates something. Repeating a PUT or DELETE leaves the same state.
        let is_idempotent = method != Method::POST;
        Self { method, path: path.into(), query: Vec::new(), body: None, takes, scopes: &[], user: None, is_idempotent }
    }

    constructors!(get GET, post POST, put PUT, delete DELETE);

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn scopes(self, scopes: &'static [&'static str]) -> Self {
        Self { scopes, ..self }
    }

    pub(crate) fn for_user(self, user: impl Into<String>) -> Self {
        Self { user: Some(user.into()), ..self }
    }

    /// Marks a POST as idempotent: subscribing a subscribed user changes nothing.
    pub(crate) fn idempotent(mut self) -> Self {
        self.is_idempotent = true;
        self
    }

    /// Returns whether a path segment is empty or would change the path (`.`, `..`).
    pub(crate) fn has_empty_segment(&self) -> bool {
        let is_empty = |part: &str| part.strip_suffix(".json").unwrap_or(part).trim_start_matches('.').is_empty();
        self.path.split('/').skip(1).any(is_empty)
    }

    pub(crate) fn url(&self) -> Option<String> {
        let in_query = self.query.iter().find(|(name, _)| *name == "url").map(|(_, url)| url.clone());
        let in_body = || {
            let body: Value = serde_json::from_slice(self.body.as_ref()?).ok()?;
            body.get("url")?.as_str().map(str::to_owned)
        };
        in_query.or_else(in_body)
    }

    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

pub(crate) fn segment(text: &str) -> String {
    // Unreserved characters stay as they are: servers differ in whether they decode them before
    // they verify the signature.
    percent_encode(text)
}
