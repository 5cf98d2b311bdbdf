//! The credentials file, which holds keys and tokens.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use birdhook::client::{AccessToken, ConsumerKeys, Credentials, UserToken};
use birdhook::{Secret, event::Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::apps::invalid_secret;
use crate::error::{Code, Failure};
use crate::version;

/// The latest version of the file that this version of birdhook reads, and the one it writes. The
/// file does not state it.
const VERSION: u32 = 1;

#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keys {
    /// Checked by [`Keys::check_version`].
    #[serde(rename = "version", skip_serializing)]
    pub(crate) _version: Option<u32>,
    /// Base URL of the API if it is not X's own, such as that of a mock.
    pub(crate) api_url: Option<String>,
    pub(crate) consumer_key: Option<String>,
    pub(crate) consumer_secret: Option<String>,
    pub(crate) bearer_token: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<String>,
    pub(crate) owner: Option<Tokens>,
    /// Tokens of the users, by user id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) users: BTreeMap<String, Tokens>,
}

#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tokens {
    /// The handle, shown to people.
    pub(crate) handle: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) token_secret: Option<String>,
    pub(crate) access_token: Option<String>,
    pub(crate) refresh_token: Option<String>,
    /// Expiry of the OAuth 2.0 token, as RFC 3339.
    pub(crate) expires_at: Option<String>,
    /// The granted scopes, separated by spaces.
    pub(crate) scope: Option<String>,
}

/// Prints the API URL and the user ids, but no secret.
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

    pub(crate) fn set_oauth1(&mut self, token: &AccessToken) {
        (self.token, self.token_secret) = (Some(token.token().to_owned()), Some(token.secret().to_owned()));
    }

    /// Stores a user's OAuth 2.0 token, or removes it.
    pub(crate) fn set_oauth2(&mut self, token: Option<&UserToken>) {
        self.access_token = token.map(|token| token.access.expose_secret().to_owned());
        let refresh = token.and_then(|token| token.refresh.as_ref());
        self.refresh_token = refresh.map(|refresh| refresh.expose_secret().to_owned());
        self.expires_at = token.and_then(|token| token.expires_at).map(|time| time.to_string());
        self.scope = token.and_then(|token| token.scope.clone());
    }
}

impl Keys {
    /// Reads the file. A missing file yields no keys, or an error with `is_required`.
    pub(crate) fn read(path: &Path, is_required: bool) -> Result<Self> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound && !is_required => return Ok(Self::default()),
            read => read.with_context(|| format!("cannot read {}", path.display()))?,
        };
        if text.trim().is_empty() {
            let message = format!("{} is empty", path.display());
            bail!(Failure::new(Code::InvalidFile, message, "restore it, or delete it and log in again"));
        }
        Self::check_version(path, &text)?;
        Self::parse(&text).map_err(|(line, message)| {
            let fix = "correct the line, or delete the file and log in again";
            Failure::new(Code::InvalidFile, format!("{}:{line}: {message}", path.display()), fix).into()
        })
    }

    /// Rejects a file that a later version of birdhook wrote.
    pub(super) fn check_version(path: &Path, text: &str) -> Result<()> {
        version::check(path, text, VERSION)
    }

    /// Parses TOML. The error is a line number and a message. The message never repeats a value of
    /// the file, because values are secrets.
    pub(crate) fn parse(text: &str) -> Result<Self, (usize, String)> {
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            // An error at the end of the file may point past the last line.
            let line = (1 + before.matches('\n').count()).min(text.lines().count().max(1));
            // The text before `, expected` repeats the unexpected value or name, so it is left out.
            let expected = error.message().rsplit_once(", expected ").map(|(_, what)| format!("expected {what}"));
            (line, expected.unwrap_or_else(|| error.message().to_owned()))
        })
    }

    pub(super) fn text(&self) -> Result<String> {
        toml::to_string(self).context("cannot write the keys as TOML")
    }

    /// Overrides keys of the file with those of the environment.
    pub(crate) fn apply_environment(&mut self) -> Result<()> {
        let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        for (name, key) in [
            ("BIRDHOOK_CONSUMER_KEY", &mut self.consumer_key),
            ("BIRDHOOK_CONSUMER_SECRET", &mut self.consumer_secret),
            ("BIRDHOOK_BEARER_TOKEN", &mut self.bearer_token),
            ("BIRDHOOK_CLIENT_ID", &mut self.client_id),
            ("BIRDHOOK_CLIENT_SECRET", &mut self.client_secret),
        ] {
            if let Some(text) = variable(name) {
                Secret::new(&text).with_context(|| invalid_secret(name))?;
                *key = Some(text);
            }
        }
        let owner = (variable("BIRDHOOK_OWNER_TOKEN"), variable("BIRDHOOK_OWNER_TOKEN_SECRET"));
        match owner {
            (None, None) => {}
            (token @ Some(_), token_secret @ Some(_)) => {
                self.owner = Some(Tokens { token, token_secret, ..Tokens::default() });
            }
            _ => bail!(Failure::new(
                Code::NoKeys,
                "only one of BIRDHOOK_OWNER_TOKEN and BIRDHOOK_OWNER_TOKEN_SECRET is set",
                "set both, or neither",
            )),
        }
        Ok(())
    }

    pub(crate) fn consumer(&self) -> Option<ConsumerKeys> {
        Some(ConsumerKeys::new(self.consumer_key.clone()?, self.consumer_secret.clone()?))
    }
}

impl TryFrom<&Keys> for Credentials {
    type Error = anyhow::Error;

    fn try_from(keys: &Keys) -> Result<Self> {
        for (name, key) in [
            ("consumer_key", &keys.consumer_key),
            ("consumer_secret", &keys.consumer_secret),
            ("bearer_token", &keys.bearer_token),
            ("client_id", &keys.client_id),
            ("client_secret", &keys.client_secret),
        ] {
            key.as_ref().map(Secret::new).transpose().with_context(|| invalid_secret(name))?;
        }
        let mut credentials = match (keys.consumer(), &keys.bearer_token) {
            (Some(consumer), _) => Self::new(consumer),
            (None, Some(bearer)) => Self::bearer_only(bearer.clone()),
            (None, None) => bail!(Failure::new(
                Code::NoKeys,
                "no keys",
                "set BIRDHOOK_CONSUMER_KEY and BIRDHOOK_CONSUMER_SECRET, or BIRDHOOK_BEARER_TOKEN; \
                 `birdhook auth app` stores them",
            )),
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

/// Returns `birdhook/credentials.toml` below `XDG_CONFIG_HOME`, which defaults to `~/.config`.
pub(super) fn default_path() -> Result<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    let folder = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or_else(home);
    let folder =
        folder.with_context(|| Failure::new(Code::NotFound, "no home folder", "name a file with --credentials"))?;
    Ok(folder.join("birdhook").join("credentials.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_line_and_repeats_no_secret() {
        for (text, line) in [
            ("consumer_key = \"k\"\nconsumer_secret = 5secret\n", 2),
            ("wrong = 1", 1),
            ("consumer_key = \"k\"\nwrong = 1", 2),
            ("\n\n= 1", 3),
            ("\"\"\"\\\t\n", 1),
        ] {
            let (at, message) = Keys::parse(text).unwrap_err();
            assert!(at == line && !message.contains("5secret"), "{text:?}: {at}: {message}");
        }
        for misplaced in ["owner = \"5secret\"", "users = \"5secret\"", "5secret = 1", "[users]\n2 = \"5secret\""] {
            let (_, message) = Keys::parse(misplaced).unwrap_err();
            assert!(message.contains("expected") && !message.contains("5secret"), "{misplaced}: {message}");
        }
    }
}
