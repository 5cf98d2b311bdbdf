//! Reads secrets from environment variables or files, never from the command line.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};
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
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AppArgs {
    /// Add an app that shares the URL: a name of your choice, and the environment variable or file
    /// that holds its consumer secret. May be repeated; a repeated name, or another line of the file,
    /// adds another secret to that app. A changed file is read again while the receiver runs. Defaults
    /// to BIRDHOOK_CONSUMER_SECRET, which holds one secret or name=secret,name=secret.
    #[arg(long = "app", value_name = "NAME=ENV_OR_FILE", help_heading = CREDENTIALS)]
    apps: Vec<NamedSource>,
    /// Read OAuth 2.0 client secrets from this environment variable or file. It holds the secret of
    /// the app `default`, or name=secret,name=secret, matched with the consumer secrets by name. Each
    /// line of a file is read like this. Defaults to BIRDHOOK_CLIENT_SECRET, if set. An app without a consumer secret rejects
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
    /// The configuration file, to read its apps again.
    #[arg(skip)]
    config: Option<ConfigSource>,
}

/// A configuration file, and the function that reads its apps.
#[derive(Clone, Debug)]
pub(crate) struct ConfigSource {
    pub(crate) path: PathBuf,
    pub(crate) read: fn() -> Result<Vec<ConfiguredApp>>,
}

/// The apps, as read at one moment.
#[derive(Clone, Debug)]
pub(crate) struct LoadedApps {
    pub(crate) apps: Apps,
    /// All secrets. Those of one app and kind are in their order.
    pub(crate) secrets: Vec<LoadedSecret>,
    /// The files that were read.
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Clone, Debug)]
pub(crate) struct LoadedSecret {
    pub(crate) app: String,
    pub(crate) kind: SecretKind,
    pub(crate) text: SecretString,
}

impl LoadedApps {
    /// Returns the texts of all secrets, to explain wrong signatures. The client secrets are first.
    pub(crate) fn texts(&self) -> Vec<(SecretKind, SecretString)> {
        let of = |kind| self.secrets.iter().filter(move |secret| secret.kind == kind);
        of(SecretKind::Client)
            .chain(of(SecretKind::Consumer))
            .map(|secret| (secret.kind, secret.text.clone()))
            .collect()
    }
}

/// Apps that a receiver may replace. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct SharedApps(Arc<RwLock<Apps>>);

impl SharedApps {
    pub(crate) fn new(apps: Apps) -> Self {
        Self(Arc::new(RwLock::new(apps)))
    }

    pub(crate) fn get(&self) -> Apps {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, apps: Apps) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = apps;
    }
}

/// An app of a configuration file, with at least one secret.
#[derive(Clone, Debug)]
pub(crate) struct ConfiguredApp {
    pub(crate) name: String,
    pub(crate) client: Vec<SecretString>,
    pub(crate) consumer: Vec<SecretString>,
    /// The files that contain the secrets.
    pub(crate) files: Vec<PathBuf>,
    /// Whether challenges are answered 503.
    pub(crate) holds_challenges: bool,
}

impl ConfiguredApp {
    fn secrets(&self) -> Result<Vec<LoadedSecret>, SecretError> {
        let client = self.client.iter().map(|text| (SecretKind::Client, text));
        let consumer = self.consumer.iter().map(|text| (SecretKind::Consumer, text));
        let mut secrets = Vec::new();
        for (kind, text) in client.chain(consumer) {
            Secret::new(text.expose_secret())?;
            secrets.push(LoadedSecret { app: self.name.clone(), kind, text: text.clone() });
        }
        if secrets.is_empty() { Err(SecretError::Empty) } else { Ok(secrets) }
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

    /// Sets the file of which the configured apps are read again.
    pub(crate) fn configure_source(&mut self, source: ConfigSource) {
        self.config = Some(source);
    }

    /// Reads the apps again, also those of the configuration file.
    pub(crate) fn read_again(&self) -> Result<LoadedApps> {
        let configured = match &self.config {
            Some(source) => (source.read)()?,
            None => self.configured.clone(),
        };
        Self { configured, ..self.clone() }.read()
    }

    pub(crate) fn read(&self) -> Result<LoadedApps> {
        let mut secrets = Vec::new();
        match variable(CONSUMER) {
            Some(text) if self.apps.is_empty() && self.configured.is_empty() => {
                Apps::none().add_consumer_secrets(text.expose_secret()).with_context(|| invalid_secret(CONSUMER))?;
                secrets.extend(by_name(SecretKind::Consumer, &text));
            }
            _ => secrets.extend(self.named()?),
        }
        if let Some(source) = self.client_source() {
            for text in read_lines(source)? {
                Apps::none().add_client_secrets(text.expose_secret()).with_context(|| invalid_secret(source))?;
                secrets.extend(by_name(SecretKind::Client, &text));
            }
        }
        if secrets.is_empty() {
            return Err(no_secret());
        }
        let mut apps: Vec<App> = Vec::new();
        for LoadedSecret { app: name, kind, text } in &secrets {
            let secret =
                Secret::new(text.expose_secret()).with_context(|| invalid_secret(format!("the app {name}")))?;
            match (apps.iter_mut().find(|app| app.name() == name), kind) {
                (Some(app), SecretKind::Consumer) => *app = app.clone().add_consumer_secret(secret),
                (Some(app), SecretKind::Client) => *app = app.clone().add_client_secret(secret),
                (None, SecretKind::Consumer) => apps.push(App::new(name.as_str(), secret)),
                (None, SecretKind::Client) => apps.push(App::with_client_secret(name.as_str(), secret)),
            }
        }
        // An app with only one secret answers challenges with that secret.
        let has_both = |app: &App| SecretKind::ALL.into_iter().all(|kind| app.has(kind));
        let holds = |app: &App| self.configured.iter().any(|known| known.holds_challenges && known.name == app.name());
        let answering = |app: App| match () {
            () if holds(&app) => app.hold_challenges(),
            () if has_both(&app) => app.answer_challenges_with(self.answer_with.into()),
            () => app,
        };
        let apps = Apps::new(apps.into_iter().map(answering)).with_context(invalid_apps)?;
        Ok(LoadedApps { apps, secrets, files: self.files() })
    }

    /// Returns the files that these options and the configuration file name.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let named = self.apps.iter().map(|app| app.source.as_str()).chain(self.client_secret.as_deref());
        let named = named.filter(|source| variable(source).is_none()).map(PathBuf::from);
        let configured = self.configured.iter().flat_map(|app| app.files.iter().cloned());
        named.chain(self.config.iter().map(|config| config.path.clone())).chain(configured).collect()
    }

    /// Returns the variables and files that these options name.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &str> {
        let named = self.apps.iter().map(|app| app.source.as_str()).chain(self.client_secret.as_deref());
        named.chain(self.secret_variables.iter().map(String::as_str))
    }

    fn named(&self) -> Result<Vec<LoadedSecret>> {
        let mut secrets = Vec::new();
        for NamedSource { name, source } in &self.apps {
            for text in read_lines(source)? {
                Secret::new(text.expose_secret()).with_context(|| invalid_secret(source))?;
                secrets.push(LoadedSecret { app: name.clone(), kind: SecretKind::Consumer, text });
            }
        }
        for app in &self.configured {
            secrets.extend(app.secrets().with_context(|| invalid_secret(format!("the app {}", app.name)))?);
        }
        Ok(secrets)
    }
}

/// Splits a valid text, which is one secret or name=secret,name=secret.
fn by_name(kind: SecretKind, text: &SecretString) -> Vec<LoadedSecret> {
    let secret = |app: &str, text: &str| LoadedSecret { app: app.to_owned(), kind, text: text.trim_ascii().into() };
    let text = text.expose_secret();
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    let pairs: Vec<_> = pairs.map(|(app, text)| secret(app.trim_ascii(), text)).collect();
    if pairs.is_empty() { vec![secret(Apps::DEFAULT_NAME, text)] } else { pairs }
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

/// Reads the secrets of a variable, which has one, or of a file, which has one per line.
fn read_lines(source: &str) -> Result<Vec<SecretString>> {
    let text = read_text(source)?;
    Ok(if variable(source).is_some() { vec![text] } else { lines(&text) })
}

/// Splits the secrets in a file. An empty file is an empty secret.
pub(crate) fn lines(text: &SecretString) -> Vec<SecretString> {
    let lines = text.expose_secret().lines().map(|line| line.trim_end_matches('\r'));
    let lines: Vec<SecretString> = lines.filter(|line| !line.is_empty()).map(Into::into).collect();
    if lines.is_empty() { vec![text.clone()] } else { lines }
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
