//! The file with keys and tokens.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use birdhook::Timestamp;
use birdhook::client::{AccessToken, ConsumerKeys, Credentials, UserToken};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// Keys and tokens, as the file has them.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keys {
    /// Where X's API is, if it is not X's: that of a mock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) consumer_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) consumer_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bearer_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_secret: Option<String>,
    /// The app owner's tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<Tokens>,
    /// Users' tokens, by their ids.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) users: BTreeMap<String, Tokens>,
}

/// The tokens of one user.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tokens {
    /// The handle, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) handle: Option<String>,
    /// OAuth 1.0a.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_secret: Option<String>,
    /// OAuth 2.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) access_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<String>,
    /// The granted scopes, separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
}

/// Nothing of what they hold.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("api_url", &self.api_url)
            .field("users", &self.users.keys())
            .finish_non_exhaustive()
    }
}

impl Tokens {
    fn oauth1(&self) -> Option<AccessToken> {
        Some(AccessToken::new(self.token.clone()?, self.token_secret.clone()?))
    }

    pub(super) fn oauth2(&self) -> Option<UserToken> {
        let mut token = UserToken::new(self.access_token.clone()?);
        token.refresh = self.refresh_token.clone().map(SecretString::from);
        token.expires_at = self.expires_at.as_deref().and_then(Timestamp::parse);
        token.scope.clone_from(&self.scope);
        Some(token)
    }

    /// Takes over a user's OAuth 1.0a token.
    pub(crate) fn set_oauth1(&mut self, token: &AccessToken) {
        (self.token, self.token_secret) = (Some(token.token().to_owned()), Some(token.secret().to_owned()));
    }

    /// Takes over a user's OAuth 2.0 token, or removes it.
    pub(crate) fn set_oauth2(&mut self, token: Option<&UserToken>) {
        self.access_token = token.map(|token| token.access.expose_secret().to_owned());
        let refresh = token.and_then(|token| token.refresh.as_ref());
        self.refresh_token = refresh.map(|refresh| refresh.expose_secret().to_owned());
        self.expires_at = token.and_then(|token| token.expires_at).map(|time| time.to_string());
        self.scope = token.and_then(|token| token.scope.clone());
    }
}

impl Keys {
    /// Reads the file; one that is not there has nothing, unless it `must_be`.
    pub(crate) fn read(path: &Path, must_be: bool) -> Result<Self> {
        match fs::read_to_string(path) {
            Ok(text) => {
                Self::parse(&text).map_err(|(line, message)| anyhow::anyhow!("{}:{line}: {message}", path.display()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound && !must_be => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Reads TOML, or tells in which line it is none and why. What stands there is repeated nowhere.
    pub(crate) fn parse(text: &str) -> Result<Self, (usize, String)> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            // What is missing at the end is missing in the last line.
            let line = (1 + before.matches('\n').count()).min(text.lines().count().max(1));
            // Before that the value stands that was not expected, or the name.
            let expected = error.message().rsplit_once(", expected ").map(|(_, what)| format!("expected {what}"));
            (line, expected.unwrap_or_else(|| error.message().to_owned()))
        })
    }

    /// Writes the file, readable by its owner only, whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let failed = || format!("cannot write {}", path.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(failed)?;
        }
        let new = path.with_extension("new");
        let mut options = File::options();
        options.create(true).write(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let text = toml::to_string(self).context("cannot write keys as TOML")?;
        let mut file = options.open(&new).with_context(failed)?;
        // It may have been there before, for all to read.
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).with_context(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(failed)?;
        fs::rename(&new, path).with_context(failed)
    }

    /// What the environment has counts more than the file.
    pub(crate) fn take_environment(&mut self) -> Result<()> {
        let told = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        for (name, key) in [
            ("BIRDHOOK_CONSUMER_KEY", &mut self.consumer_key),
            ("BIRDHOOK_CONSUMER_SECRET", &mut self.consumer_secret),
            ("BIRDHOOK_BEARER_TOKEN", &mut self.bearer_token),
            ("BIRDHOOK_CLIENT_ID", &mut self.client_id),
            ("BIRDHOOK_CLIENT_SECRET", &mut self.client_secret),
        ] {
            *key = told(name).or(key.take());
        }
        let owner = (told("BIRDHOOK_OWNER_TOKEN"), told("BIRDHOOK_OWNER_TOKEN_SECRET"));
        match owner {
            (None, None) => {}
            (token @ Some(_), token_secret @ Some(_)) => {
                self.owner = Some(Tokens { token, token_secret, ..Tokens::default() });
            }
            _ => bail!("BIRDHOOK_OWNER_TOKEN and BIRDHOOK_OWNER_TOKEN_SECRET belong together"),
        }
        Ok(())
    }

    /// The consumer keys.
    pub(crate) fn consumer(&self) -> Option<ConsumerKeys> {
        Some(ConsumerKeys::new(self.consumer_key.clone()?, self.consumer_secret.clone()?))
    }
}

impl TryFrom<&Keys> for Credentials {
    type Error = anyhow::Error;

    fn try_from(keys: &Keys) -> Result<Self> {
        let mut credentials = match (keys.consumer(), &keys.bearer_token) {
            (Some(consumer), _) => Self::new(consumer),
            (None, Some(bearer)) => Self::bearer_only(bearer.clone()),
            (None, None) => bail!(
                "there are no keys: run `birdhook auth app`, or set BIRDHOOK_CONSUMER_KEY and BIRDHOOK_CONSUMER_SECRET, or BIRDHOOK_BEARER_TOKEN"
            ),
        };
        if let Some(bearer) = &keys.bearer_token {
            credentials = credentials.bearer(bearer.clone());
        }
        if let Some(client) = &keys.client_id {
            credentials = credentials.oauth2_client(client.clone(), keys.client_secret.clone().map(SecretString::from));
        } else if let Some(secret) = &keys.client_secret {
            credentials = credentials.client_secret(secret.clone());
        }
        if let Some(owner) = keys.owner.as_ref().and_then(Tokens::oauth1) {
            credentials = credentials.owner(owner);
        }
        for (id, tokens) in &keys.users {
            credentials = tokens.oauth1().into_iter().fold(credentials, |all, token| all.user(&**id, token));
        }
        Ok(credentials)
    }
}

/// `~/.config/birdhook/credentials.toml`.
pub(super) fn usual_path() -> Result<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    let folder = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or_else(home);
    let folder = folder.context("there is no home folder: name a file with --credentials")?;
    Ok(folder.join("birdhook").join("credentials.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_only_its_owner_may_read_it() {
        let path = std::env::temp_dir().join(format!("birdhook-keys-{}", std::process::id())).join("c.toml");
        let mut keys = Keys { consumer_key: Some("k".into()), ..Keys::default() };
        let tokens = keys.users.entry("2001".into()).or_default();
        tokens.set_oauth1(&AccessToken::new("2001-t", "s"));
        tokens.set_oauth2(Some(&UserToken::new("a").refresh("r").expires_at(Timestamp::from_millis(0))));
        keys.write(&path).unwrap();
        // What was left there is for all to read.
        fs::write(path.with_extension("new"), "").unwrap();
        keys.write(&path).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let read = Keys::read(&path, true).unwrap();
        let text = |keys: &Keys| toml::to_string(keys).unwrap();
        assert_eq!(text(&read), text(&keys));
        fs::write(&path, "consumer_key = \"k\"\nconsumer_secret = 5secret\n").unwrap();
        let error = format!("{:#}", Keys::read(&path, true).unwrap_err());
        assert!(error.contains("c.toml:2: ") && !error.contains("5secret"), "{error}");
        for (text, line) in
            [("wrong = 1", 1), ("consumer_key = \"k\"\nwrong = 1", 2), ("\n\n= 1", 3), ("\"\"\"\\\t\n", 1)]
        {
            assert_eq!(Keys::parse(text).map_err(|(line, _)| line).err(), Some(line), "{text:?}");
        }
        for misplaced in ["owner = \"5secret\"", "users = \"5secret\"", "5secret = 1", "[users]\n2 = \"5secret\""] {
            let (_, message) = Keys::parse(misplaced).unwrap_err();
            assert!(message.contains("expected") && !message.contains("5secret"), "{misplaced}: {message}");
        }
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
        assert!(Keys::read(&path, true).is_err() && Keys::read(&path, false).is_ok());
    }
}
