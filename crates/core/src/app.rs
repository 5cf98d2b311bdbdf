//! One app of X's developer console and its secrets.

use std::sync::Arc;

use crate::secret::SecretKind;
use crate::{Secret, signature};

/// One app of X's developer console: a name of your choice and the secrets that X signs with.
///
/// An app has a client secret, a consumer secret, or both. A delivery is accepted for the app when it carries a
/// signature header of a kind for which the app has secrets, and every such header is right; a header of another kind is
/// ignored. So an app **without a consumer secret** is the only protection against a downgrade: an app that has both
/// accepts a delivery that carries the old header alone. The whole table: docs/protocol.md, section 3.6.
///
/// ```
/// use birdhook_core::{App, Secret};
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
    /// The first one is the primary. Either this or `client` holds one.
    consumer: Vec<Secret>,
    /// The first one is the primary.
    client: Vec<Secret>,
    challenges: Challenges,
    own_id: Option<Box<str>>,
}

/// How an app answers challenges.
#[derive(Clone, Copy, Debug)]
enum Challenges {
    /// With its client secret if it has one, else with its consumer secret.
    Automatic,
    With(SecretKind),
    Held,
}

impl App {
    /// An app with a consumer secret ("API Key Secret"). The name appears in every [`Event`](crate::Event) and is part of
    /// its key.
    pub fn new(name: impl Into<Arc<str>>, consumer: Secret) -> Self {
        Self::of(name.into(), vec![consumer], Vec::new())
    }

    /// An app with an OAuth 2.0 client secret and no consumer secret. The name appears in every [`Event`](crate::Event) and
    /// is part of its key.
    pub fn with_client_secret(name: impl Into<Arc<str>>, client: Secret) -> Self {
        Self::of(name.into(), Vec::new(), vec![client])
    }

    fn of(name: Arc<str>, consumer: Vec<Secret>, client: Vec<Secret>) -> Self {
        Self { name, consumer, client, challenges: Challenges::Automatic, own_id: None }
    }

    /// Adds a consumer secret. The first one answers challenges; the others are accepted too, for rotation.
    #[must_use]
    pub fn add_consumer_secret(mut self, secret: Secret) -> Self {
        self.consumer.push(secret);
        self
    }

    /// Adds an OAuth 2.0 client secret. The first one answers challenges; the others are accepted too, for rotation.
    #[must_use]
    pub fn add_client_secret(mut self, secret: Secret) -> Self {
        self.client.push(secret);
        self
    }

    /// Sets the kind of secret that answers challenges. Defaults to the only kind that the app has, and to the client secret
    /// if it has both. An app without a secret of this kind answers challenges with 503.
    #[must_use]
    pub fn answer_challenges_with(mut self, kind: SecretKind) -> Self {
        self.challenges = Challenges::With(kind);
        self
    }

    /// Answers challenges with 503 until the app is replaced, for the minutes of a rotation: X keeps a webhook for 28 hours
    /// after its last success, and ends it at once for an answer made with an old secret.
    #[must_use]
    pub fn hold_challenges(mut self) -> Self {
        self.challenges = Challenges::Held;
        self
    }

    /// Drops direct messages that a subscriber sent with the X app of this id, as `source_app_id` tells. X delivers a
    /// subscriber's sent messages too, and a bot that does not tell them apart answers itself. A message that one
    /// subscriber received from another is no echo, whatever app it was sent with.
    #[must_use]
    pub fn drop_echoes_of(mut self, x_app_id: impl Into<Box<str>>) -> Self {
        self.own_id = Some(x_app_id.into());
        self
    }

    /// The name given to [`App::new`] or [`App::with_client_secret`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the app has a secret of this kind.
    pub fn has(&self, kind: SecretKind) -> bool {
        !self.secrets(kind).is_empty()
    }

    /// Signs `body` as X would, to send a delivery on: name and value of a header for each kind of secret that the app has,
    /// made with the primary one.
    pub fn sign(&self, body: &[u8]) -> Vec<(&'static str, String)> {
        let signed = |kind: SecretKind| Some((kind.header(), signature::sign(self.secrets(kind).first()?, body)));
        SecretKind::ALL.into_iter().filter_map(signed).collect()
    }

    /// The kind of secret that answers challenges, if any does.
    pub fn challenge_kind(&self) -> Option<SecretKind> {
        match self.challenges {
            Challenges::Held => None,
            Challenges::With(kind) => Some(kind),
            Challenges::Automatic if self.client.is_empty() => Some(SecretKind::Consumer),
            Challenges::Automatic => Some(SecretKind::Client),
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
