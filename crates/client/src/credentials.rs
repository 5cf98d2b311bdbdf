//! What proves to X who calls.

use std::collections::BTreeMap;
use std::fmt;

use birdhook_core::Timestamp;
use secrecy::{ExposeSecret, SecretString};

/// The API key and its secret: an app's *Consumer Keys*.
#[derive(Clone, Debug)]
pub struct ConsumerKeys {
    key: String,
    secret: SecretString,
}

impl ConsumerKeys {
    /// The key and the secret.
    pub fn new(key: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        Self { key: key.into(), secret: secret.into() }
    }

    /// The key, which is no secret.
    pub fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn secret(&self) -> &str {
        self.secret.expose_secret()
    }
}

/// A user's OAuth 1.0a access token and its secret.
#[derive(Clone, Debug)]
pub struct AccessToken {
    token: SecretString,
    secret: SecretString,
}

impl AccessToken {
    /// The token and its secret.
    pub fn new(token: impl Into<SecretString>, secret: impl Into<SecretString>) -> Self {
        Self { token: token.into(), secret: secret.into() }
    }

    /// The token.
    pub fn token(&self) -> &str {
        self.token.expose_secret()
    }

    /// Its secret.
    pub fn secret(&self) -> &str {
        self.secret.expose_secret()
    }

    /// The id of the user whose it is: X writes it before the token's dash.
    pub fn user_id(&self) -> Option<&str> {
        let (id, _) = self.token().split_once('-')?;
        id.bytes().all(|digit| digit.is_ascii_digit()).then_some(id).filter(|id| !id.is_empty())
    }
}

/// A user's OAuth 2.0 token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UserToken {
    /// The token.
    pub access: SecretString,
    /// With `offline.access`: what gets the next token. X accepts each once.
    pub refresh: Option<SecretString>,
    /// When it stops working, two hours after it was made.
    pub expires_at: Option<Timestamp>,
    /// The scopes that the user granted, separated by spaces; `None` when they are not known. Calls that take a scope which is
    /// not among them are not sent with this token.
    pub scope: Option<String>,
}

impl UserToken {
    /// A token that nobody can renew.
    pub fn new(access: impl Into<SecretString>) -> Self {
        Self { access: access.into(), refresh: None, expires_at: None, scope: None }
    }

    /// The same with what gets the next one.
    #[must_use]
    pub fn refresh(mut self, refresh: impl Into<SecretString>) -> Self {
        self.refresh = Some(refresh.into());
        self
    }

    /// The same with when it stops working.
    #[must_use]
    pub fn expires_at(mut self, at: Timestamp) -> Self {
        self.expires_at = Some(at);
        self
    }

    /// Sets the granted scopes, separated by spaces: `dm.read tweet.read users.read`.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Whether none of these scopes was granted. X's specification and its introduction name different scopes for some types
    /// of events: one of them is enough.
    pub(crate) fn lacks(&self, scopes: &[&str]) -> bool {
        let granted = |granted: &String| granted.split(' ').any(|scope| scopes.contains(&scope));
        !scopes.is_empty() && self.scope.as_ref().is_some_and(|scope| !granted(scope))
    }
}

/// Everything with which an app can prove who it is. None of it is ever printed.
///
/// ```
/// use birdhook_client::{AccessToken, ConsumerKeys, Credentials};
///
/// let credentials = Credentials::new(ConsumerKeys::new("key", "wG4xNq"))
///     .owner(AccessToken::new("42-token", "token secret"))
///     .user("2001", AccessToken::new("2001-token", "token secret"));
/// assert!(!format!("{credentials:?}").contains("wG4xNq"));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Credentials {
    pub(crate) consumer: Option<ConsumerKeys>,
    pub(crate) bearer: Option<SecretString>,
    pub(crate) owner: Option<AccessToken>,
    pub(crate) users: BTreeMap<String, AccessToken>,
    pub(crate) users2: BTreeMap<String, UserToken>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<SecretString>,
}

impl Credentials {
    /// An app's consumer keys, with which its bearer token is fetched when a call needs one.
    pub fn new(consumer: ConsumerKeys) -> Self {
        Self { consumer: Some(consumer), ..Self::nothing() }
    }

    /// An app's bearer token alone: enough for v2 webhooks, not to subscribe users.
    pub fn bearer_only(bearer: impl Into<SecretString>) -> Self {
        Self::nothing().bearer(bearer)
    }

    fn nothing() -> Self {
        Self {
            consumer: None,
            bearer: None,
            owner: None,
            users: BTreeMap::new(),
            users2: BTreeMap::new(),
            client_id: None,
            client_secret: None,
        }
    }

    /// The app's bearer token.
    pub fn bearer(mut self, bearer: impl Into<SecretString>) -> Self {
        self.bearer = Some(bearer.into());
        self
    }

    /// The app owner's token, with which webhooks of 1.1 are managed.
    pub fn owner(mut self, token: AccessToken) -> Self {
        self.owner = Some(token);
        self
    }

    /// A user's OAuth 1.0a token, with which they are subscribed to the Account Activity API.
    pub fn user(mut self, id: impl Into<String>, token: AccessToken) -> Self {
        self.users.insert(id.into(), token);
        self
    }

    /// A user's OAuth 2.0 token, which private events of the X Activity API take. The client keeps it in memory; with a
    /// [`token_store`](crate::Builder::token_store) it reads that instead.
    pub fn user2(mut self, id: impl Into<String>, token: UserToken) -> Self {
        self.users2.insert(id.into(), token);
        self
    }

    /// The OAuth 2.0 client id, with which users' OAuth 2.0 tokens are renewed; with the secret of a confidential client.
    pub fn oauth2_client(mut self, id: impl Into<String>, secret: Option<SecretString>) -> Self {
        self.client_id = Some(id.into());
        self.client_secret = secret;
        self
    }

    /// The OAuth 2.0 client secret of an app whose client id is not needed: [`ensure`](crate::Client::ensure) takes a receiver's
    /// answer to a challenge that was made with it for right.
    pub fn client_secret(mut self, secret: impl Into<SecretString>) -> Self {
        self.client_secret = Some(secret.into());
        self
    }

    /// The OAuth 1.0a token of a user, who may be the owner.
    pub(crate) fn token_of(&self, user: &str) -> Option<&AccessToken> {
        self.users.get(user).or_else(|| self.owner.as_ref().filter(|owner| owner.user_id() == Some(user)))
    }
}

/// What a call is signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CredentialKind {
    /// The app's bearer token (OAuth 2.0 Application-Only).
    Bearer,
    /// OAuth 1.0a with the app owner's tokens.
    Owner,
    /// OAuth 1.0a with a user's tokens.
    User,
    /// A user's OAuth 2.0 token.
    User2,
    /// The consumer key and secret alone, with which the app's bearer token is fetched.
    Consumer,
}

impl CredentialKind {
    /// What it is, in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "the app's bearer token",
            Self::Owner => "OAuth 1.0a with the app owner's tokens",
            Self::User => "OAuth 1.0a with the user's tokens",
            Self::User2 => "the user's OAuth 2.0 token",
            Self::Consumer => "the app's consumer keys",
        }
    }

    /// This kind alone.
    pub(crate) fn alone(self) -> &'static [Self] {
        match self {
            Self::Bearer => &[Self::Bearer],
            Self::Owner => &[Self::Owner],
            Self::User => &[Self::User],
            Self::User2 => &[Self::User2],
            Self::Consumer => &[Self::Consumer],
        }
    }
}

impl fmt::Display for CredentialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_a_user_too() {
        let credentials = Credentials::new(ConsumerKeys::new("k", "s")).owner(AccessToken::new("42-abc", "x"));
        assert_eq!(credentials.token_of("42").map(AccessToken::token), Some("42-abc"));
        assert!(credentials.token_of("43").is_none());
        for (token, id) in [("42-abc", Some("42")), ("-abc", None), ("abc", None), ("a1-abc", None)] {
            assert_eq!(AccessToken::new(token, "x").user_id(), id, "{token}");
        }
    }
}
