//! A call before it is signed.

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use serde_json::Value;

use crate::{Cause, CredentialKind, Error};

/// A call: what is asked, and who may ask.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Below the base URL, names in it already encoded.
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Bytes>,
    /// The kinds of credentials that it takes, the best first.
    pub(crate) takes: &'static [CredentialKind],
    /// The OAuth 2.0 scopes that it takes of a user's token.
    pub(crate) scopes: &'static [&'static str],
    /// The user in whose name it is made, where it is made in one's.
    pub(crate) user: Option<String>,
    /// Whether making it twice does no more than making it once.
    pub(crate) is_idempotent: bool,
}

impl Call {
    pub(crate) fn new(method: Method, path: impl Into<String>, takes: &'static [CredentialKind]) -> Self {
        // POST creates something; X answers a second PUT or DELETE with what the first has left.
        let is_idempotent = method != Method::POST;
        Self { method, path: path.into(), query: Vec::new(), body: None, takes, scopes: &[], user: None, is_idempotent }
    }

    pub(crate) fn get(path: impl Into<String>, takes: &'static [CredentialKind]) -> Self {
        Self::new(Method::GET, path, takes)
    }

    pub(crate) fn post(path: impl Into<String>, takes: &'static [CredentialKind]) -> Self {
        Self::new(Method::POST, path, takes)
    }

    pub(crate) fn put(path: impl Into<String>, takes: &'static [CredentialKind]) -> Self {
        Self::new(Method::PUT, path, takes)
    }

    pub(crate) fn delete(path: impl Into<String>, takes: &'static [CredentialKind]) -> Self {
        Self::new(Method::DELETE, path, takes)
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        let body = serde_json::to_vec(body).map_err(|error| Error::unreadable(&self, None, error.to_string()))?;
        self.body = Some(body.into());
        Ok(self)
    }

    /// With a user's OAuth 2.0 token, these scopes.
    pub(crate) fn scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.scopes = scopes;
        self
    }

    /// In the name of this user.
    pub(crate) fn of(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Though it is a POST, a second one does no more: subscribing whom one has subscribed.
    pub(crate) fn idempotent(mut self) -> Self {
        self.is_idempotent = true;
        self
    }

    /// Whether this answer to a further attempt says that an earlier one has done what the call is for.
    pub(crate) fn is_done_when(&self, cause: &Cause) -> bool {
        match cause {
            Cause::NotSubscribed | Cause::NoSuchWebhook => self.method == Method::DELETE,
            Cause::AlreadySubscribed => self.method == Method::POST && self.is_idempotent,
            _ => false,
        }
    }

    /// Whether a part of the path is missing, or would lead elsewhere.
    pub(crate) fn has_hole(&self) -> bool {
        let part = |part: &str| part.strip_suffix(".json").unwrap_or(part).trim_start_matches('.').is_empty();
        self.path.split('/').skip(1).any(part)
    }

    /// The webhook's URL that is to be registered.
    pub(crate) fn url(&self) -> Option<String> {
        let of_query = self.query.iter().find(|(name, _)| *name == "url").map(|(_, url)| url.clone());
        let of_body = || {
            let body: Value = serde_json::from_slice(self.body.as_ref()?).ok()?;
            body.get("url")?.as_str().map(str::to_owned)
        };
        of_query.or_else(of_body)
    }

    /// `POST /2/webhooks`.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}
