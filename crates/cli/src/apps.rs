//! Secrets, from the environment or from files and never from the command line.

use std::path::Path;
use std::str::FromStr;
use std::{env, fs};

use anyhow::{Context, Result, anyhow, bail};
use birdhook::{App, Apps, Secret};
use secrecy::{ExposeSecret, SecretString};

pub(crate) const VARIABLE: &str = "BIRDHOOK_CONSUMER_SECRET";

/// The apps that share a URL.
#[derive(Debug, clap::Args)]
pub(crate) struct AppArgs {
    /// An app on the URL: a name of your choice, and the environment variable or the file that holds its consumer secret.
    /// Again for several apps; a name that comes again adds a further secret to that app. Without it,
    /// BIRDHOOK_CONSUMER_SECRET holds a secret, or name=secret,name=secret.
    #[arg(long = "app", value_name = "NAME=ENV_OR_FILE")]
    apps: Vec<NamedSource>,
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
            _ => Err("must be NAME=ENV_OR_FILE, such as shop=SHOP_SECRET".to_owned()),
        }
    }
}

impl AppArgs {
    pub(crate) fn read(&self) -> Result<Apps> {
        if self.apps.is_empty() {
            return text_of(VARIABLE)?.expose_secret().parse().context(VARIABLE);
        }
        let mut apps: Vec<App> = Vec::new();
        for NamedSource { name, source } in &self.apps {
            let secret = secret_of(source)?;
            let known = apps.iter().position(|app| app.name() == name);
            let app = match known {
                Some(at) => apps.remove(at).add_consumer_secret(secret),
                None => App::new(name.as_str(), secret),
            };
            apps.insert(known.unwrap_or(apps.len()), app);
        }
        Ok(Apps::new(apps)?)
    }
}

/// One secret.
#[derive(Debug, clap::Args)]
pub(crate) struct SecretArgs {
    /// The environment variable or the file that holds the app's consumer secret.
    #[arg(long, value_name = "ENV_OR_FILE", default_value = VARIABLE)]
    secret: String,
}

impl SecretArgs {
    pub(crate) fn read(&self) -> Result<Secret> {
        secret_of(&self.secret)
    }

    pub(crate) fn text(&self) -> Result<SecretString> {
        text_of(&self.secret)
    }
}

pub(crate) fn secret_of(source: &str) -> Result<Secret> {
    Secret::new(text_of(source)?.expose_secret()).map_err(|error| anyhow!("{source}: {error}"))
}

pub(crate) fn text_of(source: &str) -> Result<SecretString> {
    if let Ok(text) = env::var(source) {
        return Ok(text.into());
    }
    match fs::read_to_string(source) {
        Ok(text) => Ok(text.trim_end_matches(['\n', '\r']).into()),
        Err(_) if source == VARIABLE => {
            bail!("set {VARIABLE} to the app's consumer secret, or name a variable or a file that holds it")
        }
        Err(error) if Path::new(source).exists() => Err(error).with_context(|| format!("cannot read {source}")),
        // Perhaps it is a secret, which must not be repeated.
        Err(_) => bail!(
            "what was given as ENV_OR_FILE is neither the name of an environment variable that is set nor a file; secrets are never taken from the command line"
        ),
    }
}
