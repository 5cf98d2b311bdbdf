//! The X apps that share one webhook URL.

use std::str::FromStr;
use std::sync::Arc;

use super::app::App;
use super::secret::{Secret, SecretError};
use super::secret_kind::SecretKind;
use crate::traits::error_traits;

/// The apps behind one endpoint, each with a unique name.
///
/// Parsed from text that is either one secret or a comma-separated list of `name=secret` pairs. A
/// name consists of letters, digits, `_`, `.` and `-`. Repeating a name adds another accepted
/// secret to that app. A single secret belongs to the app named [`default`](Self::DEFAULT_NAME). A
/// secret that contains `=` needs [`Apps::new`]; the secrets that X issues do not. [`FromStr`]
/// reads all secrets as consumer secrets.
///
/// ```
/// # mod birdhook { pub use birdhook_core::Apps; }
/// use birdhook::Apps;
///
/// let apps = Apps::none().add_client_secrets("s3cret")?;
/// assert_eq!(apps.iter().map(|app| app.name()).collect::<Vec<_>>(), ["default"]);
/// let apps = Apps::none().add_client_secrets("shop=s3cret,blog=0ther,shop=previous")?.add_consumer_secrets("shop=4nother")?;
/// assert_eq!(apps.iter().map(|app| app.name()).collect::<Vec<_>>(), ["shop", "blog"]);
/// # Ok::<(), birdhook_core::AppsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Apps(Arc<[App]>);

impl Apps {
    /// The name of an app that was given as a bare secret.
    pub const DEFAULT_NAME: &str = "default";

    /// Creates a set of apps that share one URL.
    ///
    /// The first app answers challenges that do not name an app.
    ///
    /// # Errors
    /// [`AppsError::RepeatedName`] if two apps have the same name, because their events could not
    /// be distinguished.
    pub fn new(apps: impl IntoIterator<Item = App>) -> Result<Self, AppsError> {
        let apps: Vec<App> = apps.into_iter().collect();
        for (at, app) in apps.iter().enumerate() {
            if apps.iter().take(at).any(|earlier| earlier.name() == app.name()) {
                return Err(AppsError::RepeatedName(app.name().to_owned()));
            }
        }
        Ok(Self(apps.into()))
    }

    /// Creates an empty set. Challenges and deliveries are answered with 503 until apps are added.
    pub fn none() -> Self {
        Self(Arc::new([]))
    }

    /// Adds the consumer secrets in `text`, by app name. A new name appends a new app.
    ///
    /// # Errors
    /// [`AppsError::NotAPair`] or [`AppsError::Secret`], with the number of the entry.
    pub fn add_consumer_secrets(self, text: &str) -> Result<Self, AppsError> {
        self.add_secrets(SecretKind::Consumer, text)
    }

    /// Adds the OAuth 2.0 client secrets in `text`, by app name. A new name appends a new app.
    ///
    /// # Errors
    /// [`AppsError::NotAPair`] or [`AppsError::Secret`], with the number of the entry.
    pub fn add_client_secrets(self, text: &str) -> Result<Self, AppsError> {
        self.add_secrets(SecretKind::Client, text)
    }

    fn add_secrets(self, kind: SecretKind, text: &str) -> Result<Self, AppsError> {
        let mut apps = self.0.to_vec();
        for (name, secret) in pairs(text)? {
            let known = apps.iter_mut().find(|app| app.name() == name);
            match (known, kind) {
                (Some(app), SecretKind::Consumer) => *app = app.clone().add_consumer_secret(secret),
                (Some(app), SecretKind::Client) => *app = app.clone().add_client_secret(secret),
                (None, SecretKind::Consumer) => apps.push(App::new(name, secret)),
                (None, SecretKind::Client) => apps.push(App::with_client_secret(name, secret)),
            }
        }
        Ok(Self(apps.into()))
    }

    /// Returns the number of apps.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether the set has no apps.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Iterates over the apps in their order.
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
        Self::none().add_consumer_secrets(text)
    }
}

fn pairs(text: &str) -> Result<Vec<(&str, Secret)>, AppsError> {
    let text = text.trim_ascii();
    if !text.contains('=') {
        if text.contains(',') {
            return Err(AppsError::NotAPair(1));
        }
        let secret = Secret::new(text).map_err(|why| AppsError::Secret(1, why))?;
        return Ok(vec![(Apps::DEFAULT_NAME, secret)]);
    }
    let pair = |(at, pair): (usize, _)| {
        let (name, secret) = str::split_once(pair, '=').ok_or(AppsError::NotAPair(at + 1))?;
        let (name, secret) = (name.trim_ascii(), secret.trim_ascii());
        let rejected = |why| AppsError::Secret(at + 1, why);
        // An invisible byte order mark may precede the first name; `Secret::new` reports it by
        // position.
        if !name.is_empty() {
            Secret::new(name).map_err(rejected)?;
        }
        // A second `=` suggests a bare secret. Using a part of it as a name would expose that part.
        let nameable = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if name.is_empty() || !name.bytes().all(nameable) || secret.contains('=') {
            return Err(AppsError::NotAPair(at + 1));
        }
        Ok((name, Secret::new(secret).map_err(rejected)?))
    };
    text.split(',').enumerate().map(pair).collect()
}

/// Error from building [`Apps`]. Never contains a secret or text that could be one.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppsError {
    /// Two apps have this name.
    RepeatedName(String),
    /// The entry with this number, counted from 1, is not `name=secret`.
    NotAPair(usize),
    /// The secret in the entry with this number, counted from 1, was rejected.
    Secret(usize, SecretError),
}

error_traits! {
    AppsError,
    |error, f| match error {
        Self::RepeatedName(name) => write!(f, "two apps are named {name:?}"),
        Self::NotAPair(at) => write!(f, "entry {at} is not name=secret"),
        Self::Secret(at, why) => write!(f, "entry {at}: {why}"),
    },
    {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            if let Self::Secret(_, why) = self { Some(why) } else { None }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_entry_and_never_contain_a_secret() {
        let missing = "a=x,b=".parse::<Apps>().unwrap_err().to_string();
        assert_eq!(missing, "entry 2: the secret is empty; check that its environment variable is set");
        for lone in ["hunter2=", "hunter2==", "hun=ter=2", "hunter 2=x", "a=hunter2=="] {
            let error = lone.parse::<Apps>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hun"), "{error}");
        }
        assert_eq!("a=x,hunter2".parse::<Apps>().unwrap_err().to_string(), "entry 2 is not name=secret");
        assert_eq!("=hunter2".parse::<Apps>().unwrap_err(), AppsError::NotAPair(1));
        assert_eq!("".parse::<Apps>().unwrap_err(), AppsError::Secret(1, SecretError::Empty));
        for (text, named) in [
            ("\u{feff}abc", "entry 1: the secret holds U+FEFF at position 1"),
            ("\u{feff}shop=abc", "entry 1: the secret holds U+FEFF at position 1"),
            ("shop=abc, blog=abc\u{a0}", "entry 2: the secret holds U+00A0 at position 4"),
            ("ab c", "entry 1: the secret holds U+0020 at position 3"),
        ] {
            let error = text.parse::<Apps>().unwrap_err().to_string();
            assert!(error.starts_with(named), "{error}");
        }
        assert!(" shop=abc ,\n blog = abc\n".parse::<Apps>().is_ok());
    }

    #[test]
    fn a_repeated_name_is_rejected() {
        let app = App::new("a", Secret::new("x").unwrap());
        assert_eq!(Apps::new([app.clone(), app]).unwrap_err(), AppsError::RepeatedName("a".into()));
    }
}
