//! The account that calls X: credentials, API URL, confirmations and tables of results.

mod confirm;
mod keys;
mod store;
mod table;

use std::fmt::Display;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use birdhook::client::login::LoginError;
use birdhook::client::{Client, CredentialKind, Credentials, Error, redact_url};

pub(crate) use confirm::{ask, confirm};
pub(crate) use keys::{Keys, Tokens};
pub(crate) use store::{change, replace};
pub(crate) use table::{TableRow, print_rows};

use crate::output::shown;
use crate::values::{check_url, is_of_this_machine, value_enum};

/// The credentials and the URL for calls to X.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AccountArgs {
    /// Read keys and tokens from this file, which `birdhook auth` writes. Defaults to the file that
    /// BIRDHOOK_CREDENTIALS names, else to birdhook/credentials.toml in your configuration
    /// directory. BIRDHOOK_CONSUMER_KEY, BIRDHOOK_CONSUMER_SECRET, BIRDHOOK_BEARER_TOKEN,
    /// BIRDHOOK_CLIENT_ID, BIRDHOOK_CLIENT_SECRET, BIRDHOOK_OWNER_TOKEN and
    /// BIRDHOOK_OWNER_TOKEN_SECRET take precedence over the file.
    #[arg(long, global = true, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// Call X's API at this URL, for example that of a mock X. Defaults to BIRDHOOK_API_URL, else
    /// to the URL in the credentials file, else to https://api.x.com.
    #[arg(long, global = true, value_name = "URL")]
    api_url: Option<String>,
    /// Sign with this kind of credentials instead of the best available.
    #[arg(long, global = true, value_name = "KIND")]
    sign_with: Option<SignWith>,
}

value_enum! {
    /// A kind of credentials.
    enum SignWith for CredentialKind {
        /// The app's bearer token.
        Bearer,
        /// OAuth 1.0a with the app owner's tokens.
        Owner,
        /// OAuth 1.0a with the user's tokens.
        User,
        /// The user's OAuth 2.0 token.
        User2,
    }
}

impl AccountArgs {
    pub(crate) fn path(&self) -> Result<PathBuf> {
        let named = self.credentials.clone().or_else(|| std::env::var_os("BIRDHOOK_CREDENTIALS").map(PathBuf::from));
        named.map_or_else(keys::default_path, Ok)
    }

    /// Reads keys and tokens from the file and the environment. With `is_required`, the file must
    /// exist.
    pub(crate) fn keys(&self, is_required: bool) -> Result<Keys> {
        let path = self.path()?;
        let mut keys = Keys::read(&path, is_required)?;
        store::warn_of_others(&path);
        keys.apply_environment()?;
        Ok(keys)
    }

    /// Returns the base URL of X's API. Rejects `http` URLs of other machines, because credentials
    /// would be sent to them in clear text.
    pub(crate) fn base_url(&self, keys: &Keys) -> Result<String> {
        let configured = self.api_url.clone().or_else(|| std::env::var("BIRDHOOK_API_URL").ok());
        let base = configured.or_else(|| keys.api_url.clone()).unwrap_or_else(|| "https://api.x.com".to_owned());
        check_url(&base).context("--api-url")?;
        if !base.starts_with("https:") && !is_of_this_machine(&base) {
            let base = redact_url(&base);
            bail!(
                "cannot send credentials to {base}: http is allowed only for this machine (127.0.0.1, localhost); use https"
            );
        }
        Ok(base)
    }

    pub(crate) fn client(&self) -> Result<Client> {
        let keys = self.keys(self.credentials.is_some())?;
        let credentials = Credentials::try_from(&keys)?;
        let path = self.path()?;
        let base = self.base_url(&keys)?;
        let builder = Client::builder(credentials).base_url(base);
        let client = builder.token_store(store::CredentialsFile(path)).build().context("cannot set up TLS")?;
        Ok(match self.sign_with {
            Some(kind) => client.only(kind.into()),
            None => client,
        })
    }
}

/// Returns an error with its fix on the next line.
pub(crate) fn with_fix(error: &impl Display, fix: &str) -> anyhow::Error {
    anyhow!("{}\n{fix}", shown(&error.to_string()))
}

/// Adds the fix to errors of API calls.
pub(crate) trait Explained<T> {
    fn explained(self) -> Result<T>;
}

impl<T> Explained<T> for Result<T, Error> {
    fn explained(self) -> Result<T> {
        self.map_err(|error| with_fix(&error, &error.fix()))
    }
}

impl<T> Explained<T> for Result<T, LoginError> {
    fn explained(self) -> Result<T> {
        self.map_err(|error| with_fix(&error, &error.fix()))
    }
}
