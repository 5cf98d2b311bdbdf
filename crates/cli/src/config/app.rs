//! The apps of a file: the entries of `[[apps]]`.

use std::fs;
use std::path::Path;

use anyhow::Result;
use birdhook::Secret;
use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::apps::{ConfiguredApp, lines};

/// An entry of `[[apps]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AppEntry {
    name: String,
    #[serde(default)]
    client_secret: Texts,
    #[serde(default)]
    client_secret_file: Texts,
    #[serde(default)]
    consumer_secret: Texts,
    #[serde(default)]
    consumer_secret_file: Texts,
    /// Whether challenges are answered 503, for some minutes of a rotation.
    #[serde(default)]
    hold_challenges: bool,
}

/// The keys whose values are secrets.
pub(super) const SECRETS: [&str; 2] = ["client_secret", "consumer_secret"];

/// One text or a list of them.
#[derive(Default, Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
enum Texts {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

impl Texts {
    fn texts(self) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

impl AppEntry {
    /// Reads the secrets. An error is the key, if one is wrong, and a message, which never repeats a
    /// secret.
    pub(super) fn app(self, folder: &Path) -> Result<ConfiguredApp, (Option<&'static str>, String)> {
        let name = self.name;
        if name.is_empty() {
            return Err((Some("name"), "`name` is empty".to_owned()));
        }
        let secrets = |key: &'static str, texts: Texts, file_key: &'static str, files: Texts| {
            let mut secrets = Vec::new();
            let mut paths = Vec::new();
            for text in texts.texts() {
                secrets.push(checked(text).map_err(|error| (Some(key), format!("invalid `{key}`: {error}")))?);
            }
            for file in files.texts() {
                let path = folder.join(&file);
                let text = fs::read_to_string(&path)
                    .map_err(|error| (Some(file_key), format!("cannot read {}: {error}", path.display())))?;
                for line in lines(&text.into()) {
                    let secret = checked(line.expose_secret().to_owned());
                    let invalid = |error| (Some(file_key), format!("invalid secret in {}: {error}", path.display()));
                    secrets.push(secret.map_err(invalid)?);
                }
                paths.push(path);
            }
            Ok((secrets, paths))
        };
        let (client, mut files) =
            secrets("client_secret", self.client_secret, "client_secret_file", self.client_secret_file)?;
        let (consumer, of_consumer) =
            secrets("consumer_secret", self.consumer_secret, "consumer_secret_file", self.consumer_secret_file)?;
        files.extend(of_consumer);
        if client.is_empty() && consumer.is_empty() {
            return Err((None, format!("the app {name} has no secret")));
        }
        Ok(ConfiguredApp { name, client, consumer, files, holds_challenges: self.hold_challenges })
    }
}

fn checked(text: String) -> Result<secrecy::SecretString, birdhook::app::SecretError> {
    Secret::new(&text)?;
    Ok(text.into())
}
