//! Apps, users, and the authentication of callers: OAuth 1.0a signatures, bearer tokens, and OAuth
//! 2.0 user tokens.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook_core::{SecretError, SecretKind};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::request::Parts;

use super::clock::between;
use super::credentials::{MockApp, MockToken, MockUser, Permission, SCOPES};
use super::inner::Inner;
use super::oauth1::{Claim, Signed};
use super::state::{Grant, State};
use crate::request::now;

/// A verified caller.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The name of the app.
    pub(crate) app: String,
    pub(crate) who: Who,
}

#[derive(Clone, Debug)]
pub(crate) enum Who {
    /// The app itself, with its bearer token.
    App,
    /// A user, with OAuth 1.0a.
    User { id: String, is_owner: bool, permission: Permission },
    /// A user, with OAuth 2.0.
    User2 { id: String, scopes: BTreeSet<String> },
}

impl Caller {
    pub(crate) fn user(&self) -> Option<&str> {
        match &self.who {
            Who::App => None,
            Who::User { id, .. } | Who::User2 { id, .. } => Some(id),
        }
    }
}

impl Inner {
    pub(crate) fn new_app(
        &self,
        name: &str,
        secret: Option<MockToken>,
        client_secret: Option<MockToken>,
    ) -> Result<MockApp, SecretError> {
        let owner_id = {
            let mut state = self.state();
            if let Some(app) = state.app(name) {
                return Ok(app.clone());
            }
            state.random.u32(1_000_000..100_000_000).to_string()
        };
        let owner = self.user(name, &owner_id);
        let mut state = self.state();
        let app = MockApp::new(name, secret, client_secret, owner, &mut state.random)?;
        state.apps.push(app.clone());
        Ok(app)
    }

    /// Replaces a secret of an app. An unknown app is ignored.
    pub(crate) fn set_secret(&self, app: &str, kind: SecretKind, secret: MockToken) -> Result<(), SecretError> {
        let mut state = self.state();
        let known = state.apps.iter_mut().find(|known| known.name == app);
        known.map_or(Ok(()), |app| app.set_secret(kind, secret))
    }

    /// Returns the user; a new user authorizes the app.
    pub(crate) fn user(&self, app: &str, id: &str) -> MockUser {
        let mut state = self.state();
        let key = (app.to_owned(), id.to_owned());
        if let Some(user) = state.users.get(&key) {
            return user.clone();
        }
        let user = MockUser::new(id);
        let grant = Grant {
            app: app.to_owned(),
            user_id: id.to_owned(),
            secret: user.token_secret.clone(),
            permission: state.permission,
            scopes: BTreeSet::new(),
            expires_at: None,
        };
        let scopes = SCOPES.iter().map(|scope| (*scope).to_owned()).collect();
        state.grants2.insert(user.oauth2_token.clone(), Grant { scopes, ..grant.clone() });
        state.grants.insert(user.token.clone(), grant);
        state.users.insert(key, user.clone());
        user
    }

    /// Authenticates the caller; `None` if the credentials cannot be verified.
    pub(crate) fn authenticate(&self, head: &Parts, body: &[u8]) -> Option<Caller> {
        let mut headers = head.headers.get_all(AUTHORIZATION).iter();
        let header = headers.next()?.to_str().ok()?;
        if headers.next().is_some() {
            return None;
        }
        match header.split_once(' ')? {
            (scheme, token) if scheme.eq_ignore_ascii_case("bearer") => self.bearer(token.trim()),
            _ => self.oauth1(&Claim::parse(header)?, head, body),
        }
    }

    fn bearer(&self, token: &str) -> Option<Caller> {
        let state = self.state();
        if let Some(app) = state.apps.iter().find(|app| app.bearer.as_str() == token) {
            return Some(Caller { app: app.name.clone(), who: Who::App });
        }
        let now = self.settings.clock.now();
        let grant = state.grants2.get(&MockToken::new(token))?;
        if grant.expires_at.is_some_and(|at| at <= now) {
            return None;
        }
        let who = Who::User2 { id: grant.user_id.clone(), scopes: grant.scopes.clone() };
        Some(Caller { app: grant.app.clone(), who })
    }

    fn oauth1(&self, claim: &Claim, head: &Parts, body: &[u8]) -> Option<Caller> {
        let token = MockToken::new(claim.token.clone()?);
        let app = self.signer(claim, head, body, |state, app| {
            state.grants.get(&token).filter(|grant| grant.app == app.name).map(|grant| grant.secret.clone())
        })?;
        let grant = self.state().grants.get(&token)?.clone();
        let is_owner = grant.user_id == app.owner.id;
        Some(Caller { app: app.name, who: Who::User { id: grant.user_id, is_owner, permission: grant.permission } })
    }

    /// Returns the app that signed a request, if the signature and timestamp are right and the
    /// nonce is new. `secret` looks up the token's secret.
    pub(crate) fn signer(
        &self,
        claim: &Claim,
        head: &Parts,
        body: &[u8],
        secret: impl FnOnce(&State, &MockApp) -> Option<MockToken>,
    ) -> Option<MockApp> {
        let form_type = "application/x-www-form-urlencoded";
        let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_form = content_type.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case(form_type));
        let signed = Signed {
            method: head.method.as_str(),
            scheme: "http",
            host: head.headers.get(HOST)?.to_str().ok()?,
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            form: if is_form { body } else { b"" },
        };
        let mut state = self.state();
        let app = state.apps.iter().find(|app| app.consumer_key == claim.consumer_key)?.clone();
        let secret = secret(&state, &app)?;
        if !claim.signs(&signed, app.consumer_secret.as_str(), secret.as_str()) || !self.is_timely(claim.timestamp) {
            return None;
        }
        // Nonces are kept only for the time window: an older timestamp is rejected anyway.
        let nonce = (claim.timestamp, format!("{} {}", claim.consumer_key, claim.nonce));
        if !state.nonces.insert(nonce) {
            return None;
        }
        let is_timely = |(time, _): &(i64, String)| self.is_timely(*time);
        state.nonces.retain(is_timely);
        Some(app)
    }

    /// Returns whether a timestamp, in seconds, is within the window around now.
    fn is_timely(&self, timestamp: i64) -> bool {
        let time = birdhook_core::Timestamp::from_millis(timestamp.saturating_mul(1000));
        let is_near = |now| between(now, time).max(between(time, now)) <= self.settings.oauth_window;
        is_near(self.settings.clock.now()) || is_near(now())
    }

    /// Handles `POST /oauth2/token`: returns the app if its key and secret are right, for its
    /// bearer token.
    pub(crate) fn client_credentials(&self, head: &Parts, body: &[u8]) -> Option<MockApp> {
        let header = head.headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, pair) = header.split_once(' ')?;
        let pair = String::from_utf8(STANDARD.decode(pair.trim()).ok()?).ok()?;
        let (key, secret) = pair.split_once(':')?;
        let decode = |text: &str| {
            percent_encoding::percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
        };
        let (key, secret) = (decode(key)?, decode(secret)?);
        let is_asked =
            form_urlencoded::parse(body).any(|pair| pair == ("grant_type".into(), "client_credentials".into()));
        let is_it = |app: &&MockApp| app.consumer_key == key && app.consumer_secret.as_str() == secret;
        let app = self.state().apps.iter().find(is_it).cloned();
        app.filter(|_| is_asked && scheme.eq_ignore_ascii_case("basic"))
    }
}
