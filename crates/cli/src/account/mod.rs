//! Who calls X, and with what.

mod confirm;
mod keys;
mod store;
mod table;

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use birdhook::client::{Client, CredentialKind, Credentials, Error};

pub(crate) use confirm::confirmed;
pub(crate) use keys::{Keys, Tokens};
pub(crate) use store::lock;
pub(crate) use table::{Cells, tell};

use crate::commands::listen::check_url;
use crate::output::shown;

/// Who calls X, and with what.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AccountArgs {
    /// The file with keys and tokens that `birdhook auth` writes. Unless told, the one that BIRDHOOK_CREDENTIALS names, else
    /// birdhook/credentials.toml in the folder for settings. BIRDHOOK_CONSUMER_KEY, BIRDHOOK_CONSUMER_SECRET,
    /// BIRDHOOK_BEARER_TOKEN, BIRDHOOK_OWNER_TOKEN and BIRDHOOK_OWNER_TOKEN_SECRET count more.
    #[arg(long, global = true, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// Where X's API is: that of a mock X. Unless told, BIRDHOOK_API_URL, else what the file says, else https://api.x.com.
    #[arg(long, global = true, value_name = "URL")]
    api_url: Option<String>,
    /// Sign with this kind of credentials, in place of the best there is.
    #[arg(long, global = true, value_name = "KIND")]
    sign_with: Option<SignWith>,
}

/// A kind of credentials.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum SignWith {
    /// The app's bearer token.
    Bearer,
    /// OAuth 1.0a with the app owner's tokens.
    Owner,
    /// OAuth 1.0a with the user's tokens.
    User,
    /// The user's OAuth 2.0 token.
    User2,
}

impl From<SignWith> for CredentialKind {
    fn from(kind: SignWith) -> Self {
        match kind {
            SignWith::Bearer => Self::Bearer,
            SignWith::Owner => Self::Owner,
            SignWith::User => Self::User,
            SignWith::User2 => Self::User2,
        }
    }
}

impl AccountArgs {
    /// The file with keys and tokens.
    pub(crate) fn path(&self) -> Result<PathBuf> {
        let named = self.credentials.clone().or_else(|| std::env::var_os("BIRDHOOK_CREDENTIALS").map(PathBuf::from));
        named.map_or_else(keys::usual_path, Ok)
    }

    /// The keys and tokens, of the file and of the environment.
    pub(crate) fn keys(&self) -> Result<Keys> {
        let mut keys = Keys::read(&self.path()?, self.credentials.is_some())?;
        keys.take_environment()?;
        Ok(keys)
    }

    pub(crate) fn base_url(&self, keys: &Keys) -> String {
        let told = self.api_url.clone().or_else(|| std::env::var("BIRDHOOK_API_URL").ok());
        told.or_else(|| keys.api_url.clone()).unwrap_or_else(|| "https://api.x.com".to_owned())
    }

    /// A client that signs with them.
    pub(crate) fn client(&self) -> Result<Client> {
        let keys = self.keys()?;
        let credentials = Credentials::try_from(&keys)?;
        let path = self.path()?;
        let base = self.base_url(&keys);
        check_url(&base).context("where X's API is")?;
        let builder = Client::builder(credentials).base_url(base);
        let client = builder.token_store(store::CredentialsFile(path)).build().context("cannot set up TLS")?;
        Ok(match self.sign_with {
            Some(kind) => client.only(kind.into()),
            None => client,
        })
    }
}

/// An error with what to do about it.
pub(crate) fn explained(error: &Error) -> anyhow::Error {
    anyhow!("{}\n{}", shown(&error.to_string()), error.cure())
}

/// The same for the results of calls.
pub(crate) trait Explained<T> {
    fn explained(self) -> Result<T>;
}

impl<T> Explained<T> for Result<T, Error> {
    fn explained(self) -> Result<T> {
        self.map_err(|error| explained(&error))
    }
}
