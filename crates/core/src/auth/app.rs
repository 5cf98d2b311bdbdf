//! One app of X's developer console and its secrets.

use std::sync::Arc;

use subtle::ConstantTimeEq;

use super::secret::Secret;
use super::secret_kind::SecretKind;
use super::signature;

/// One app of X's developer console: a name of your choice and the secrets that X signs with.
///
/// An app has a client secret, a consumer secret, or both. X signs each kind in a header of its
/// own. A delivery is accepted if it carries at least one header for which the app has a secret,
/// and all such headers are correct. Headers of the other kind are ignored.
///
/// An app with both kinds therefore accepts a delivery that carries only the old header. The only
/// protection against this downgrade is an app **without a consumer secret**. For the full table
/// see docs/protocol.md, section 3.6.
///
/// ```
/// # mod birdhook { pub use birdhook_core::{App, Secret}; }
/// use birdhook::{App, Secret};
///
/// let app = App::with_client_secret("shop", Secret::new("new-client-secret")?)
///     .add_client_secret(Secret::new("old-client-secret")?) // while X still signs with it
///     .drop_echoes_of("13090192"); // our own app id: leaves out what we sent ourselves
/// assert_eq!(app.name(), "shop");
/// # Ok::<(), birdhook_core::SecretError>(())
/// ```
#[derive(Clone, Debug)]
pub struct App {
    name: Arc<str>,
    /// The first one is the primary secret. `consumer` and `client` are never both empty.
    consumer: Vec<Secret>,
    /// The first one is the primary secret.
    client: Vec<Secret>,
    challenges: ChallengePolicy,
    own_id: Option<Box<str>>,
}

/// The secret with which an app answers challenges.
#[derive(Clone, Copy, Debug)]
enum ChallengePolicy {
    /// The client secret if the app has one, else the consumer secret.
    Automatic,
    With(SecretKind),
    Held,
}

impl App {
    /// Creates an app with a consumer secret ("API Key Secret").
    ///
    /// The name appears in every [`Event`](crate::Event) and is part of its key.
    pub fn new(name: impl Into<Arc<str>>, consumer: Secret) -> Self {
        Self::of(name.into(), vec![consumer], Vec::new())
    }

    /// Creates an app with an OAuth 2.0 client secret and no consumer secret.
    ///
    /// The name appears in every [`Event`](crate::Event) and is part of its key.
    pub fn with_client_secret(name: impl Into<Arc<str>>, client: Secret) -> Self {
        Self::of(name.into(), Vec::new(), vec![client])
    }

    fn of(name: Arc<str>, consumer: Vec<Secret>, client: Vec<Secret>) -> Self {
        Self { name, consumer, client, challenges: ChallengePolicy::Automatic, own_id: None }
    }

    /// Adds a consumer secret. The first one answers challenges; all of them verify deliveries,
    /// which allows rotation.
    #[must_use]
    pub fn add_consumer_secret(mut self, secret: Secret) -> Self {
        self.consumer.push(secret);
        self
    }

    /// Adds an OAuth 2.0 client secret. The first one answers challenges; all of them verify
    /// deliveries, which allows rotation.
    #[must_use]
    pub fn add_client_secret(mut self, secret: Secret) -> Self {
        self.client.push(secret);
        self
    }

    /// Sets the kind of secret that answers challenges.
    ///
    /// Defaults to the only kind that the app has, and to the client secret if it has both. An app
    /// without a secret of the given kind answers challenges with 503.
    #[must_use]
    pub fn answer_challenges_with(mut self, kind: SecretKind) -> Self {
        self.challenges = ChallengePolicy::With(kind);
        self
    }

    /// Answers challenges with 503 until the app is replaced. For a few minutes of a secret
    /// rotation.
    ///
    /// X keeps a webhook for 28 hours after its last success, but ends it immediately if an answer
    /// was signed with an old secret.
    #[must_use]
    pub fn hold_challenges(mut self) -> Self {
        self.challenges = ChallengePolicy::Held;
        self
    }

    /// Drops direct messages that a subscriber sent with the X app of this id (`source_app_id`).
    ///
    /// X also delivers the messages that a subscriber sends, and a bot that treats them as received
    /// messages answers itself. A message that one subscriber received from another is never
    /// dropped.
    #[must_use]
    pub fn drop_echoes_of(mut self, x_app_id: impl Into<Box<str>>) -> Self {
        self.own_id = Some(x_app_id.into());
        self
    }

    /// Returns the name given to [`App::new`] or [`App::with_client_secret`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether the app has a secret of this kind.
    pub fn has(&self, kind: SecretKind) -> bool {
        !self.secrets(kind).is_empty()
    }

    /// Returns whether `secret` is one of the app's secrets, of either kind.
    pub fn has_secret(&self, secret: &Secret) -> bool {
        // Secrets are not kept as texts. Two of them are equal if they sign a message equally.
        let probe = secret.mac(b"");
        self.consumer.iter().chain(&self.client).any(|own| bool::from(own.mac(b"").ct_eq(&probe)))
    }

    /// Signs `body` as X would, to forward a delivery to another receiver.
    ///
    /// Returns name and value of one header for each kind of secret that the app has, signed with
    /// the primary secret of that kind.
    pub fn sign(&self, body: &[u8]) -> Vec<(&'static str, String)> {
        let signed = |kind: SecretKind| Some((kind.header(), signature::sign(self.secrets(kind).first()?, body)));
        SecretKind::ALL.into_iter().filter_map(signed).collect()
    }

    /// Returns the kind of secret that answers challenges, or `None` while challenges are held.
    pub fn challenge_kind(&self) -> Option<SecretKind> {
        match self.challenges {
            ChallengePolicy::Held => None,
            ChallengePolicy::With(kind) => Some(kind),
            ChallengePolicy::Automatic if self.client.is_empty() => Some(SecretKind::Consumer),
            ChallengePolicy::Automatic => Some(SecretKind::Client),
        }
    }

    pub(crate) fn shared_name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn own_id(&self) -> Option<&str> {
        self.own_id.as_deref()
    }

    pub(crate) fn secrets(&self, kind: SecretKind) -> &[Secret] {
        match kind {
            SecretKind::Consumer => &self.consumer,
            SecretKind::Client => &self.client,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_has_its_secrets_of_both_kinds_and_no_others() {
        let secret = |text: &str| Secret::new(text).unwrap();
        let app =
            App::new("shop", secret("new")).add_consumer_secret(secret("old")).add_client_secret(secret("client"));
        for text in ["new", "old", "client"] {
            assert!(app.has_secret(&secret(text)), "{text}");
        }
        assert!(!app.has_secret(&secret("other")) && !app.has_secret(&secret("ne")));
    }
}
