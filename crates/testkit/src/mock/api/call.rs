//! Finds the call that a request makes, and checks that the caller may make it.

use bytes::Bytes;
use http::Method;

use super::errors::{Fault, Kinds};
use super::table::{Action, Auth, CALLS, POST, Row};
use crate::mock::auth::{Caller, Who};
use crate::mock::contradictions::{Contradictions, StreamLinksPath, WebhookAuth};
use crate::mock::credentials::Permission;
use crate::mock::inner::Inner;
use crate::mock::refusal::Refusal;
use crate::mock::settings::{AccessTier, MockSettings};

/// An authenticated call.
pub(crate) struct Call<'a> {
    pub(super) inner: &'a Inner,
    pub(super) caller: Caller,
    /// The values of the path's `:name` parameters, in order.
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Call<'_> {
    pub(super) fn path(&self, at: usize) -> &str {
        self.path.get(at).map(String::as_str).unwrap_or_default()
    }

    pub(super) fn query(&self, wanted: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }

    pub(super) fn app(&self) -> &str {
        &self.caller.app
    }

    pub(super) fn user(&self) -> Result<&str, Refusal> {
        self.caller.user().ok_or(Refusal::NotPermitted)
    }

    pub(super) fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body).map_err(|error| Refusal::Invalid(format!("invalid body: {error}")).into())
    }
}

/// The matching call: its index, its row, and its path parameters.
type Found = (usize, &'static Row, Vec<String>);

/// Finds the call for a method and path. In 1.1, paths may end in `.json`.
pub(crate) fn find(method: &Method, path: &str, contradictions: &Contradictions) -> Result<Found, Fault> {
    let path = if path.starts_with("/1.1/") { path.strip_suffix(".json").unwrap_or(path) } else { path };
    let mut of_path = None;
    for (number, row) in CALLS.iter().enumerate() {
        let is_openapi = contradictions.stream_links_path == StreamLinksPath::OpenApi;
        let pattern = if row.action == Action::Links && is_openapi { "/2/tweets/search/webhooks" } else { row.path };
        let Some(captured) = captured(pattern, path) else { continue };
        if method.as_str() == row.method {
            return Ok((number, row, captured));
        }
        of_path = Some(row.action);
    }
    Err(of_path.map_or(Fault::NoSuchPage, Fault::MethodNotAllowed))
}

fn captured(pattern: &str, path: &str) -> Option<Vec<String>> {
    let (mut parts, mut captured) = (path.split('/'), Vec::new());
    for wanted in pattern.split('/') {
        let part = parts.next()?;
        if wanted.starts_with(':') {
            if part.is_empty() {
                return None;
            }
            captured.push(percent_encoding::percent_decode_str(part).decode_utf8().ok()?.into_owned());
        } else if wanted != part {
            return None;
        }
    }
    parts.next().is_none().then_some(captured)
}

impl Row {
    fn is_v1(&self) -> bool {
        self.path.starts_with("/1.1/")
    }

    pub(crate) fn admit(&self, caller: Caller, settings: &MockSettings) -> Result<Caller, Fault> {
        let lacks_scope = |scopes: &'static [&'static str]| match &caller.who {
            Who::User2 { scopes: granted, .. } => scopes.iter().any(|scope| !granted.contains(*scope)),
            _ => false,
        };
        let owner_may = settings.contradictions.webhook_auth == WebhookAuth::BearerOrOwner;
        match (self.auth, &caller.who) {
            (Auth::Owner, Who::User { is_owner: false, .. }) => return Err(Fault::Forbidden),
            (Auth::Owner, Who::User { permission: Permission::Read, .. }) => return Err(Fault::CannotWrite),
            (Auth::AppOrOwner, Who::User { is_owner, permission, .. })
                if owner_may && (!is_owner || *permission == Permission::Read) =>
            {
                return Err(Fault::Forbidden);
            }
            (Auth::AnyUser(POST), Who::User { permission: Permission::ReadWrite, .. }) => {}
            (Auth::User | Auth::AnyUser(_), Who::User { permission, .. })
                if *permission < Permission::ReadWriteMessages =>
            {
                return Err(Fault::Refused(Refusal::NotPermitted));
            }
            (Auth::AnyUser(scopes) | Auth::Anyone(scopes), Who::User2 { .. }) if lacks_scope(scopes) => {
                return Err(Fault::Forbidden);
            }
            (Auth::Owner | Auth::User, Who::User { .. })
            | (Auth::App | Auth::AppOrOwner | Auth::Anyone(_), Who::App)
            | (Auth::AnyUser(_) | Auth::Anyone(_), Who::User { .. } | Who::User2 { .. }) => {}
            (Auth::AppOrOwner, Who::User { .. }) if owner_may => {}
            (auth, who) => return Err(Fault::WrongAuth(Kinds::of(auth, owner_may), Kinds::name(who))),
        }
        let is_enterprise = self.is_v1() || self.path.starts_with("/2/tweets/");
        if is_enterprise && settings.plan != AccessTier::Enterprise {
            return Err(Fault::NoProduct);
        }
        Ok(caller)
    }
}
