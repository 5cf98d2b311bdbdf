//! The X apps that share one webhook URL.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{Secret, SecretError, signature};

/// One app of X's developer console: a name of your choice and the secrets that X signs with.
///
/// ```
/// use birdhook_core::{App, Secret};
///
/// let app = App::new("shop", Secret::new("new secret")?)
///     .also_accept(Secret::new("old secret")?) // while X still signs with it
///     .drop_echoes_of("13090192"); // our own app id: do not hand us what we sent
/// assert_eq!(app.name(), "shop");
/// # Ok::<(), birdhook_core::SecretError>(())
/// ```
#[derive(Clone, Debug)]
pub struct App {
    name: Arc<str>,
    /// Never empty; the first one is the primary.
    consumer: Vec<Secret>,
    oauth2: Vec<Secret>,
    challenge: ChallengeKey,
    own_id: Option<Box<str>>,
}

impl App {
    /// An app whose deliveries are signed with `consumer`, the app's consumer secret, with which it also answers
    /// challenges. The name turns up in every [`Event`](crate::Event) and is part of its key.
    pub fn new(name: impl Into<Arc<str>>, consumer: Secret) -> Self {
        Self {
            name: name.into(),
            consumer: vec![consumer],
            oauth2: Vec::new(),
            challenge: ChallengeKey::Consumer,
            own_id: None,
        }
    }

    /// Accepts deliveries signed with `secret` too: rotate by making the new secret the first and the old one further.
    #[must_use]
    pub fn also_accept(mut self, secret: Secret) -> Self {
        self.consumer.push(secret);
        self
    }

    /// Checks `x-twitter-webhooks-signature-oauth2` with this OAuth 2.0 client secret. When a request carries that
    /// header it alone decides for this app: a failed check never falls back to the other header. Call again to accept
    /// several. Without a client secret the header is ignored.
    #[must_use]
    pub fn oauth2_client_secret(mut self, secret: Secret) -> Self {
        self.oauth2.push(secret);
        self
    }

    /// Chooses the key that answers challenges; [`ChallengeKey::Consumer`] unless told.
    #[must_use]
    pub fn challenge_key(mut self, key: ChallengeKey) -> Self {
        self.challenge = key;
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

    /// The name given to [`App::new`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Signs `body` as X would, with the primary consumer secret: for those who pass deliveries on. The value of the header
    /// [`HEADER`](crate::signature::HEADER).
    pub fn sign(&self, body: &[u8]) -> String {
        // Never empty, so that nothing is signed with nothing.
        self.consumer.first().map(|secret| signature::sign(secret, body)).unwrap_or_default()
    }

    pub(crate) fn shared_name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn own_id(&self) -> Option<&str> {
        self.own_id.as_deref()
    }

    pub(crate) fn consumer_secrets(&self) -> &[Secret] {
        &self.consumer
    }

    pub(crate) fn oauth2_secrets(&self) -> &[Secret] {
        &self.oauth2
    }

    /// The secrets that may answer a challenge, the primary first.
    pub(crate) fn challenge_secrets(&self) -> &[Secret] {
        match self.challenge {
            ChallengeKey::Consumer => &self.consumer,
            ChallengeKey::OAuth2Client => &self.oauth2,
        }
    }
}

/// The key with which an app answers challenges. A challenge has room for one answer, so this is a choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChallengeKey {
    /// The consumer secret, as all of X's documentation says.
    #[default]
    Consumer,
    /// The first OAuth 2.0 client secret, as third parties report of apps that have one. An app without one then
    /// answers challenges with 503.
    OAuth2Client,
}

/// The apps behind one endpoint, each with a name of its own.
///
/// Reads from text as one secret, or as `name=secret` pairs parted by commas, names of letters, digits, `_`, `.` and `-`; a
/// name that comes again adds a further accepted secret to that app. A secret with `=` in it, which X's do not have, needs
/// [`Apps::new`].
///
/// ```
/// use birdhook_core::Apps;
///
/// assert_eq!("s3cret".parse::<Apps>()?.len(), 1);
/// let apps: Apps = "shop=s3cret,blog=0ther,shop=previous".parse()?;
/// assert_eq!(apps.iter().map(|app| app.name()).collect::<Vec<_>>(), ["shop", "blog"]);
/// # Ok::<(), birdhook_core::AppsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Apps(Arc<[App]>);

impl Apps {
    /// The name of an app that was given as a bare secret.
    pub const DEFAULT_NAME: &str = "default";

    /// Several apps on one URL. The first one answers challenges that do not say whose they are.
    ///
    /// # Errors
    /// [`AppsError::RepeatedName`] when two apps have one name: events could not tell them apart.
    pub fn new(apps: impl IntoIterator<Item = App>) -> Result<Self, AppsError> {
        let apps: Vec<App> = apps.into_iter().collect();
        for (at, app) in apps.iter().enumerate() {
            if apps.iter().take(at).any(|earlier| earlier.name == app.name) {
                return Err(AppsError::RepeatedName(app.name.to_string()));
            }
        }
        Ok(Self(apps.into()))
    }

    /// No app yet: challenges and deliveries are answered 503, for which X grants hours of grace, until there is one.
    pub fn none() -> Self {
        Self(Arc::new([]))
    }

    /// How many apps there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no app.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The apps, in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, App> {
        self.0.iter()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&App> {
        self.0.get(index)
    }
}

impl<'a> IntoIterator for &'a Apps {
    type Item = &'a App;
    type IntoIter = std::slice::Iter<'a, App>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<App> for Apps {
    fn from(app: App) -> Self {
        Self(Arc::new([app]))
    }
}

impl From<Secret> for Apps {
    fn from(consumer: Secret) -> Self {
        App::new(Self::DEFAULT_NAME, consumer).into()
    }
}

impl FromStr for Apps {
    type Err = AppsError;

    fn from_str(text: &str) -> Result<Self, AppsError> {
        let text = text.trim();
        if !text.contains('=') {
            if text.contains(|letter: char| letter == ',' || letter.is_whitespace()) {
                return Err(AppsError::NotAPair(1));
            }
            return Secret::new(text).map(Self::from).map_err(|why| AppsError::Secret(1, why));
        }
        let mut apps: Vec<App> = Vec::new();
        for (at, pair) in text.split(',').enumerate() {
            let (name, secret) = pair.split_once('=').ok_or(AppsError::NotAPair(at + 1))?;
            let (name, secret) = (name.trim(), secret.trim());
            // A second `=` means that a lone secret was given, and taking a part of it for a name would show it.
            let nameable = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
            if name.is_empty() || !name.bytes().all(nameable) || secret.contains('=') {
                return Err(AppsError::NotAPair(at + 1));
            }
            let secret = Secret::new(secret).map_err(|why| AppsError::Secret(at + 1, why))?;
            match apps.iter_mut().find(|app| app.name() == name) {
                Some(app) => app.consumer.push(secret),
                None => apps.push(App::new(name, secret)),
            }
        }
        Self::new(apps)
    }
}

/// Why [`Apps`] could not be made. Never holds a secret, nor a part of text that could be one.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppsError {
    /// Two apps have this name.
    RepeatedName(String),
    /// The entry with this number, counted from one, is not `name=secret`.
    NotAPair(usize),
    /// The secret in the entry with this number, counted from one, was refused.
    Secret(usize, SecretError),
}

impl fmt::Display for AppsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RepeatedName(name) => write!(f, "two apps are named {name:?}"),
            Self::NotAPair(at) => write!(f, "entry {at} is not name=secret"),
            Self::Secret(at, why) => write!(f, "entry {at}: {why}"),
        }
    }
}

/// As [`Display`](fmt::Display): a `main` that returns an error prints it so.
impl fmt::Debug for AppsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for AppsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Secret(_, why) => Some(why),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_where_and_never_tell_a_secret() {
        let missing = "a=x,b=".parse::<Apps>().unwrap_err().to_string();
        assert_eq!(missing, "entry 2: the secret is empty: is its environment variable set?");
        for lone in ["hunter2=", "hunter2==", "hun=ter=2", "hunter 2=x", "a=hunter2=="] {
            let told = lone.parse::<Apps>().unwrap_err();
            assert!(!format!("{told} {told:?}").contains("hun"), "{told}");
        }
        assert_eq!("a=x,hunter2".parse::<Apps>().unwrap_err().to_string(), "entry 2 is not name=secret");
        assert_eq!("=hunter2".parse::<Apps>().unwrap_err(), AppsError::NotAPair(1));
        assert_eq!("".parse::<Apps>().unwrap_err(), AppsError::Secret(1, SecretError::Empty));
    }

    #[test]
    fn a_repeated_name_is_refused() {
        let app = App::new("a", Secret::new("x").unwrap());
        assert_eq!(Apps::new([app.clone(), app]).unwrap_err(), AppsError::RepeatedName("a".into()));
    }
}
