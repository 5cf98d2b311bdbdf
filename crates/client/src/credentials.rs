use std::collections::BTreeMap;
use std::fmt;

use birdhook_core::Timestamp;
use secrecy::{ExposeSecret, SecretString};

/// An app's *Consumer Keys*: the API key and its secret.
#[derive(Clone, Debug)]
pub struct ConsumerKeys {
    key: String,
    secret: SecretString,
}

impl ConsumerKeys {
    /// Creates the pair from the API key and its secret.
    pub fn new(key: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        Self { key: key.into(), secret: secret.into() }
    }

    /// Returns the API key, which is not secret.
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
    /// Creates the pair from the token and its secret.
    pub fn new(token: impl Into<SecretString>, secret: impl Into<SecretString>) -> Self {
        Self { token: token.into(), secret: secret.into() }
    }

    /// Returns the token.
    pub fn token(&self) -> &str {
        self.token.expose_secret()
    }

    /// Returns the token's secret.
    pub fn secret(&self) -> &str {
        self.secret.expose_secret()
    }

    /// Returns the id of the token's user, which X writes before the dash in the token.
    pub fn user_id(&self) -> Option<&str> {
        let (id, _) = self.token().split_once('-')?;
        id.bytes().all(|digit| digit.is_ascii_digit()).then_some(id).filter(|id| !id.is_empty())
    }
}

/// A user's OAuth 2.0 token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UserToken {
    /// The access token.
    pub access: SecretString,
    /// The refresh token, which X issues for the scope `offline.access`. X accepts each one once.
    pub refresh: Option<SecretString>,
    /// The expiry, two hours after the token was issued.
    pub expires_at: Option<Timestamp>,
    /// The scopes that the user granted, separated by spaces; `None` if unknown. The client does
    /// not use the token for a call if none of the scopes that the call names was granted.
    pub scope: Option<String>,
}

impl UserToken {
    /// Creates a token that cannot be renewed.
    pub fn new(access: impl Into<SecretString>) -> Self {
        Self { access: access.into(), refresh: None, expires_at: None, scope: None }
    }

    /// Sets the refresh token.
    #[must_use]
    pub fn refresh(self, refresh: impl Into<SecretString>) -> Self {
        Self { refresh: Some(refresh.into()), ..self }
    }

    /// Sets the expiry.
    #[must_use]
    pub fn expires_at(self, at: Timestamp) -> Self {
        Self { expires_at: Some(at), ..self }
    }

    /// Sets the granted scopes, separated by spaces: `dm.read tweet.read users.read`.
    #[must_use]
    pub fn scope(self, scope: impl Into<String>) -> Self {
        Self { scope: Some(scope.into()), ..self }
    }

    /// Returns whether none of these scopes was granted. One of them is enough, because X's
    /// specification and its introduction name different scopes for some event types.
    pub(crate) fn lacks(&self, scopes: &[&str]) -> bool {
        let granted = |granted: &String| granted.split(' ').any(|scope| scopes.contains(&scope));
        !scopes.is_empty() && self.scope.as_ref().is_some_and(|scope| !granted(scope))
    }
}

/// An app's credentials. `Debug` output contains no secrets.
///
/// ```
/// # mod birdhook { pub mod client { pub use birdhook_client::{AccessToken, ConsumerKeys, Credentials}; } }
/// use birdhook::client::{AccessToken, ConsumerKeys, Credentials};
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
    /// Creates credentials from an app's consumer keys. The client fetches a bearer token with them
    /// when a call needs one.
    pub fn new(consumer: ConsumerKeys) -> Self {
        Self { consumer: Some(consumer), ..Self::empty() }
    }

    /// Creates credentials from an app's bearer token alone. They are enough for v2 webhooks, but
    /// not for subscribing users.
    pub fn bearer_only(bearer: impl Into<SecretString>) -> Self {
        Self::empty().bearer(bearer)
    }

    fn empty() -> Self {
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

    /// Sets the app's bearer token.
    pub fn bearer(self, bearer: impl Into<SecretString>) -> Self {
        Self { bearer: Some(bearer.into()), ..self }
    }

    /// Sets the app owner's token, which manages 1.1 webhooks.
    pub fn owner(self, token: AccessToken) -> Self {
        Self { owner: Some(token), ..self }
    }

    /// Adds a user's OAuth 1.0a token, which subscribes that user to the Account Activity API.
    pub fn user(mut self, id: impl Into<String>, token: AccessToken) -> Self {
        self.users.insert(id.into(), token);
        self
    }

    /// Adds a user's OAuth 2.0 token, which private events of the X Activity API need. The client
    /// keeps it in memory. A [`token_store`](crate::ClientBuilder::token_store) replaces these
    /// tokens.
    pub fn user2(mut self, id: impl Into<String>, token: UserToken) -> Self {
        self.users2.insert(id.into(), token);
        self
    }

    /// Sets the OAuth 2.0 client id, and the client secret of a confidential client. The client
    /// renews users' OAuth 2.0 tokens with them.
    pub fn oauth2_client(mut self, id: impl Into<String>, secret: Option<SecretString>) -> Self {
        self.client_id = Some(id.into());
        self.client_secret = secret;
        self
    }

    /// Sets the OAuth 2.0 client secret for an app that needs no client id.
    /// [`ensure`](crate::Client::ensure) then also accepts a receiver that answers challenges with
    /// this secret.
    pub fn client_secret(self, secret: impl Into<SecretString>) -> Self {
        Self { client_secret: Some(secret.into()), ..self }
    }

    /// Returns the OAuth 1.0a token of a user, who may be the owner.
    pub(crate) fn token_of(&self, user: &str) -> Option<&AccessToken> {
        self.users.get(user).or_else(|| self.owner.as_ref().filter(|owner| owner.user_id() == Some(user)))
    }
}

/// The kind of credentials that signs a call.
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
    /// Returns a description, for example `the app's bearer token`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "the app's bearer token",
            Self::Owner => "OAuth 1.0a with the app owner's tokens",
            Self::User => "OAuth 1.0a with the user's tokens",
            Self::User2 => "the user's OAuth 2.0 token",
            Self::Consumer => "the app's consumer keys",
        }
    }

    /// Returns the subcommand of `birdhook` that obtains such credentials.
    pub fn login_command(self) -> &'static str {
        match self {
            Self::Bearer | Self::Consumer => "auth app",
            Self::Owner => "auth user --owner",
            Self::User => "auth user",
            Self::User2 => "auth user2",
        }
    }

    pub(crate) fn only(self) -> &'static [Self] {
        match self {
            Self::Bearer => &[Self::Bearer],
            Self::Owner => &[Self::Owner],
            Self::User => &[Self::User],
            Self::User2 => &[Self::User2],
            Self::Consumer => &[Self::Consumer],
        }
    }
}

pub(crate) fn one_of(kinds: &[CredentialKind]) -> String {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    kinds.join(", or ")
}

/// Names the kinds of which one is needed, and the command that obtains the best of them.
pub(crate) fn requirement(kinds: &[CredentialKind]) -> String {
    let command = kinds.first().map_or("auth app", |kind| kind.login_command());
    format!("it needs {}; run `birdhook {command}`", one_of(kinds))
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
    fn the_owner_s_token_serves_as_a_user_token() {
        let credentials = Credentials::new(ConsumerKeys::new("k", "s")).owner(AccessToken::new("42-abc", "x"));
        assert_eq!(credentials.token_of("42").map(AccessToken::token), Some("42-abc"));
        assert!(credentials.token_of("43").is_none());
        for (token, id) in [("42-abc", Some("42")), ("-abc", None), ("abc", None), ("a1-abc", None)] {
            assert_eq!(AccessToken::new(token, "x").user_id(), id, "{token}");
        }
    }
}
