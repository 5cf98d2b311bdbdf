//! The credentials that a mock X issues.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use birdhook_core::{App, Secret, SecretError, SecretKind};

use super::random;

/// A key, token or secret, hidden from `Debug`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MockToken(String);

impl MockToken {
    /// Creates a token from its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MockToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MockToken(..)")
    }
}

/// An app, with the values of its *Keys and tokens* tab.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MockApp {
    /// The name of the app in the ledger. The first app is `default`.
    pub name: String,
    /// X's id of the app.
    pub id: String,
    /// The API key.
    pub consumer_key: String,
    /// The API key secret. [`MockSettings::signs`](super::MockSettings::signs) defines whether it signs.
    pub consumer_secret: MockToken,
    /// The OAuth 2.0 client id.
    pub client_id: String,
    /// The OAuth 2.0 client secret of a confidential client.
    /// [`MockSettings::signs`](super::MockSettings::signs) defines whether it signs.
    pub client_secret: Option<MockToken>,
    /// The app-only bearer token.
    pub bearer: MockToken,
    /// The app's owner, whose OAuth 1.0a tokens manage webhooks in 1.1.
    pub owner: MockUser,
    secret: Secret,
    client_key: Option<Secret>,
}

impl MockApp {
    pub(crate) fn new(
        name: &str,
        secret: Option<MockToken>,
        client_secret: Option<MockToken>,
        owner: MockUser,
        random: &mut fastrand::Rng,
    ) -> Result<Self, SecretError> {
        let secret = secret.unwrap_or_else(|| MockToken(random::letters(50)));
        let client_key = client_secret.as_ref().map(|secret| Secret::new(secret.as_str())).transpose()?;
        let id = random.u32(10_000_000..100_000_000).to_string();
        let consumer_key = random::letters(25);
        Ok(Self {
            name: name.to_owned(),
            id,
            // The base64 of X's client ids decodes to this format.
            client_id: URL_SAFE_NO_PAD.encode(format!("{}:1:ci", consumer_key.get(..20).unwrap_or_default())),
            consumer_key,
            bearer: MockToken(format!("AAAAAAAAAAAAAAAAAAAAA{}", random::letters(60))),
            secret: Secret::new(secret.as_str())?,
            client_key,
            consumer_secret: secret,
            client_secret,
            owner,
        })
    }

    /// Returns the app with the secret that signs by default, as a receiver takes it: the OAuth 2.0
    /// client secret if there is one, else the consumer secret. Its name is that of the mock's app.
    pub fn to_app(&self) -> App {
        match &self.client_key {
            Some(secret) => App::with_client_secret(self.name.clone(), secret.clone()),
            None => App::new(self.name.clone(), self.secret.clone()),
        }
    }

    /// Returns the consumer secret (the API key secret) in the type that a receiver takes.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Returns the secrets that sign according to `signs`, with their kinds.
    pub(crate) fn signing(&self, signs: Signs) -> impl Iterator<Item = (SecretKind, &Secret)> {
        let has_client = self.client_key.is_some();
        self.secrets().filter(move |(kind, _)| match signs {
            Signs::Client => (*kind == SecretKind::Client) == has_client,
            Signs::Consumer => *kind == SecretKind::Consumer,
            Signs::Both => true,
        })
    }

    pub(crate) fn secrets(&self) -> impl Iterator<Item = (SecretKind, &Secret)> {
        let client = self.client_key.iter().map(|secret| (SecretKind::Client, secret));
        std::iter::once((SecretKind::Consumer, &self.secret)).chain(client)
    }

    /// Replaces the secret of this kind.
    pub(crate) fn set_secret(&mut self, kind: SecretKind, text: MockToken) -> Result<(), SecretError> {
        let secret = Secret::new(text.as_str())?;
        match kind {
            SecretKind::Consumer => (self.secret, self.consumer_secret) = (secret, text),
            SecretKind::Client => (self.client_key, self.client_secret) = (Some(secret), Some(text)),
        }
        Ok(())
    }

    /// Returns the OAuth 2.0 client secret in the type that a receiver takes.
    pub fn client_key(&self) -> Option<&Secret> {
        self.client_key.as_ref()
    }
}

choices! {
    Signs "The headers in which requests are signed. A secret that the app does not have never signs." {
        Client "Only the new header, with the OAuth 2.0 client secret; for an app without one, only the old header. \
                X's newest pages describe this.",
        Consumer "Only the old header, with the consumer secret.",
        Both "Both headers.",
    }
}

/// A user who has authorized an app, with the tokens that the app received.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MockUser {
    /// The id.
    pub id: String,
    /// The OAuth 1.0a access token.
    pub token: MockToken,
    /// The secret of the OAuth 1.0a access token.
    pub token_secret: MockToken,
    /// The OAuth 2.0 user token.
    pub oauth2_token: MockToken,
}

impl MockUser {
    pub(crate) fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            token: MockToken(format!("{id}-{}", random::letters(40))),
            token_secret: MockToken(random::letters(45)),
            oauth2_token: MockToken(random::letters(90)),
        }
    }
}

/// The permission of an app. A change affects only users who authorize the app afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Permission {
    /// Read.
    Read,
    /// Read and write.
    ReadWrite,
    /// Read, write and direct messages. Webhooks need this.
    #[default]
    ReadWriteMessages,
}

/// Every OAuth 2.0 scope that a call may require.
pub const SCOPES: &[&str] = &[
    "tweet.read",
    "tweet.write",
    "users.read",
    "dm.read",
    "dm.write",
    "like.read",
    "mute.read",
    "block.read",
    "follows.read",
    "broadcast.read",
    "offline.access",
];
