//! Reads secrets from environment variables or files, never from the command line.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use birdhook::app::{SecretError, SecretKind};
use birdhook::{App, Apps, Secret};
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Code, Failure};
use crate::help::CREDENTIALS;
use crate::values::value_enum;

pub(crate) const CONSUMER: &str = "BIRDHOOK_CONSUMER_SECRET";
pub(crate) const CLIENT: &str = "BIRDHOOK_CLIENT_SECRET";

/// The apps that share a URL.
#[derive(Debug, clap::Args)]
pub(crate) struct AppArgs {
    /// Add an app that shares the URL: a name of your choice, and the environment variable or file
    /// that holds its consumer secret. May be repeated; a repeated name adds another secret to that
    /// app. Defaults to BIRDHOOK_CONSUMER_SECRET, which holds one secret or
    /// name=secret,name=secret.
    #[arg(long = "app", value_name = "NAME=ENV_OR_FILE", help_heading = CREDENTIALS)]
    apps: Vec<NamedSource>,
    /// Read OAuth 2.0 client secrets from this environment variable or file. It holds the secret of
    /// the app `default`, or name=secret,name=secret, matched with the consumer secrets by name.
    /// Defaults to BIRDHOOK_CLIENT_SECRET, if set. An app without a consumer secret rejects
    /// deliveries that have only the old signature header.
    #[arg(long, value_name = "ENV_OR_FILE", help_heading = CREDENTIALS)]
    client_secret: Option<String>,
    /// Answer challenges with this kind of secret, for apps that have both.
    #[arg(long, value_name = "KIND", default_value = "client", help_heading = CREDENTIALS)]
    answer_with: SecretKindArg,
    /// The apps of a configuration file, besides those of `apps`.
    #[arg(skip)]
    configured: Vec<ConfiguredApp>,
    /// The variables whose values are secrets in a configuration file.
    #[arg(skip)]
    secret_variables: Vec<String>,
}

/// An app of a configuration file, with at least one secret.
#[derive(Clone, Debug)]
pub(crate) struct ConfiguredApp {
    pub(crate) name: String,
    pub(crate) client: Vec<SecretString>,
    pub(crate) consumer: Vec<SecretString>,
}

impl ConfiguredApp {
    fn app(&self) -> Result<App, SecretError> {
        let mut app: Option<App> = None;
        for text in &self.client {
            let secret = Secret::new(text.expose_secret())?;
            app = Some(match app {
                Some(app) => app.add_client_secret(secret),
                None => App::with_client_secret(self.name.as_str(), secret),
            });
        }
        for text in &self.consumer {
            let secret = Secret::new(text.expose_secret())?;
            app = Some(match app {
                Some(app) => app.add_consumer_secret(secret),
                None => App::new(self.name.as_str(), secret),
            });
        }
        app.ok_or(SecretError::Empty)
    }
}

value_enum! {
    /// A kind of secret.
    pub(crate) enum SecretKindArg for SecretKind {
        /// The OAuth 2.0 client secret, as X's newest pages describe.
        Client,
        /// The consumer secret.
        Consumer,
    }
}

#[derive(Clone, Debug)]
struct NamedSource {
    name: String,
    source: String,
}

impl FromStr for NamedSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, source)) if !name.is_empty() && !source.is_empty() => {
                Ok(Self { name: name.to_owned(), source: source.to_owned() })
            }
            _ => Err("expected NAME=ENV_OR_FILE, for example shop=SHOP_SECRET".to_owned()),
        }
    }
}

impl AppArgs {
    /// Sets the apps of a configuration file, and the variables whose values are secrets in it.
    pub(crate) fn configure(&mut self, apps: Vec<ConfiguredApp>, secret_variables: Vec<String>) {
        self.configured = apps;
        self.secret_variables = secret_variables;
    }

    /// Returns the source of the client secrets, if there is one. The default variable is that of an
    /// app without a name, so it does not apply to the apps of a file.
    fn client_source(&self) -> Option<&str> {
        let default = || variable(CLIENT).filter(|_| self.configured.is_empty()).map(|_| CLIENT);
        self.client_secret.as_deref().or_else(default)
    }

    pub(crate) fn read(&self) -> Result<Apps> {
        let mut apps = match variable(CONSUMER) {
            Some(text) if self.apps.is_empty() && self.configured.is_empty() => {
                let apps = Apps::none().add_consumer_secrets(text.expose_secret());
                apps.with_context(|| invalid_secret(CONSUMER))?
            }
            _ => self.named()?,
        };
        if let Some(source) = self.client_source() {
            let text = read_text(source)?;
            apps = apps.add_client_secrets(text.expose_secret()).with_context(|| invalid_secret(source))?;
        }
        if apps.is_empty() {
            return Err(no_secret());
        }
        // An app with only one secret answers challenges with that secret.
        let has_both = |app: &App| SecretKind::ALL.into_iter().all(|kind| app.has(kind));
        let answering =
            |app: App| if has_both(&app) { app.answer_challenges_with(self.answer_with.into()) } else { app };
        Apps::new(apps.iter().cloned().map(answering)).with_context(invalid_apps)
    }

    /// Returns the variables and files that these options name.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &str> {
        let named = self.apps.iter().map(|app| app.source.as_str()).chain(self.client_secret.as_deref());
        named.chain(self.secret_variables.iter().map(String::as_str))
    }

    /// Reads the texts of all secrets, to explain wrong signatures.
    pub(crate) fn texts(&self) -> Result<Vec<(SecretKind, SecretString)>> {
        let mut texts = Vec::new();
        let mut add = |kind, text: &SecretString| {
            let secrets =
                text.expose_secret().split(',').map(|pair| pair.split_once('=').map_or(pair, |(_, secret)| secret));
            texts.extend(secrets.map(|secret| (kind, SecretString::from(secret.trim_ascii()))));
        };
        if let Some(source) = self.client_source() {
            add(SecretKind::Client, &read_text(source)?);
        }
        if let Some(text) = variable(CONSUMER).filter(|_| self.apps.is_empty() && self.configured.is_empty()) {
            add(SecretKind::Consumer, &text);
        }
        for NamedSource { source, .. } in &self.apps {
            texts.push((SecretKind::Consumer, read_text(source)?));
        }
        for app in &self.configured {
            texts.extend(app.client.iter().map(|text| (SecretKind::Client, text.clone())));
            texts.extend(app.consumer.iter().map(|text| (SecretKind::Consumer, text.clone())));
        }
        Ok(texts)
    }

    fn named(&self) -> Result<Apps> {
        let mut apps: Vec<App> = Vec::new();
        for NamedSource { name, source } in &self.apps {
            let secret = read_secret(source)?;
            let known = apps.iter().position(|app| app.name() == name);
            let app = match known {
                Some(at) => apps.remove(at).add_consumer_secret(secret),
                None => App::new(name.as_str(), secret),
            };
            apps.insert(known.unwrap_or(apps.len()), app);
        }
        for app in &self.configured {
            apps.push(app.app().with_context(|| invalid_secret(format!("the app {}", app.name)))?);
        }
        Apps::new(apps).with_context(invalid_apps)
    }
}

/// The secrets of one app.
#[derive(Debug, clap::Args)]
pub(crate) struct SecretArgs {
    /// Read the app's consumer secret from this environment variable or file. Defaults to
    /// BIRDHOOK_CONSUMER_SECRET, if set.
    #[arg(long, value_name = "ENV_OR_FILE", help_heading = CREDENTIALS)]
    secret: Option<String>,
    /// Read the app's OAuth 2.0 client secret from this environment variable or file. Defaults to
    /// BIRDHOOK_CLIENT_SECRET, if set.
    #[arg(long, value_name = "ENV_OR_FILE", help_heading = CREDENTIALS)]
    client_secret: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Texts {
    pub(crate) consumer: Option<SecretString>,
    pub(crate) client: Option<SecretString>,
}

impl SecretArgs {
    /// Reads the secrets, the client secret first. Fails if neither is configured.
    pub(crate) fn read(&self) -> Result<Vec<(SecretKind, Secret)>> {
        let mut secrets = Vec::new();
        for (kind, source) in [(SecretKind::Client, self.client()), (SecretKind::Consumer, self.consumer())] {
            if let Some(source) = source {
                secrets.push((kind, read_secret(source)?));
            }
        }
        if secrets.is_empty() { Err(no_secret()) } else { Ok(secrets) }
    }

    /// Reads the texts of the secrets, which may be invalid. Fails if neither is configured.
    pub(crate) fn required_texts(&self) -> Result<Texts> {
        let texts = self.texts()?;
        if texts.consumer.is_none() && texts.client.is_none() { Err(no_secret()) } else { Ok(texts) }
    }

    pub(crate) fn texts(&self) -> Result<Texts> {
        Ok(Texts {
            consumer: self.consumer().map(read_text).transpose()?,
            client: self.client().map(read_text).transpose()?,
        })
    }

    fn consumer(&self) -> Option<&str> {
        self.secret.as_deref().or_else(|| variable(CONSUMER).map(|_| CONSUMER))
    }

    fn client(&self) -> Option<&str> {
        self.client_secret.as_deref().or_else(|| variable(CLIENT).map(|_| CLIENT))
    }
}

/// Returns the error of a command without a secret.
pub(crate) fn no_secret() -> anyhow::Error {
    let fix = "set BIRDHOOK_CLIENT_SECRET to the app's OAuth 2.0 client secret, or set BIRDHOOK_CONSUMER_SECRET to its \
        consumer secret, or name a variable or file that contains one";
    Failure::new(Code::NoSecret, "no secret", fix).into()
}

/// Returns the error of a secret that is read from `source`. The cause names the fault.
pub(crate) fn invalid_secret(source: impl Display) -> Failure {
    Failure::new(Code::InvalidSecret, format!("invalid value of {source}"), "store the secret as X's console shows it")
}

fn invalid_apps() -> Failure {
    Failure::new(Code::Usage, "invalid apps", "pass each app with --app NAME=ENV_OR_FILE")
}

fn variable(variable: &str) -> Option<SecretString> {
    env::var(variable).ok().map(Into::into)
}

pub(crate) fn read_secret(source: &str) -> Result<Secret> {
    Secret::new(read_text(source)?.expose_secret()).with_context(|| invalid_secret(source))
}

pub(crate) fn read_text(source: &str) -> Result<SecretString> {
    if let Some(text) = variable(source) {
        return Ok(text);
    }
    match fs::read_to_string(source) {
        Ok(text) => Ok(text.trim_end_matches(['\n', '\r']).into()),
        Err(_) if matches!(source, CONSUMER | CLIENT) => Err(no_secret()),
        Err(error) if Path::new(source).exists() => Err(error).with_context(|| format!("cannot read {source}")),
        // The argument may itself be a secret, so the message must not repeat it.
        Err(_) => bail!(Failure::new(
            Code::InvalidSecret,
            "invalid ENV_OR_FILE: neither an environment variable nor a file has this name",
            "name a set environment variable or an existing file; literal secrets are not accepted",
        )),
    }
}
