//! The account that calls X: credentials, API URL, confirmations and tables of results.

mod confirm;
mod keys;
mod store;
mod table;

use std::borrow::Cow;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use birdhook::client::login::LoginError;
use birdhook::client::{Client, CredentialKind, Credentials, Error, ErrorCause, RetryPolicy, redact_url};

pub(crate) use confirm::{ask, confirm};
pub(crate) use keys::{Keys, Tokens};
pub(crate) use store::{change, replace};
pub(crate) use table::{TableRow, print_rows};

use crate::error::{Code, Failure};
use crate::help::CREDENTIALS;
use crate::output::{note, shown};
use crate::values::{check_url, is_of_this_machine, value_enum};

/// The credentials and the URL for calls to X.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AccountArgs {
    /// Read keys and tokens from this file, which `birdhook auth` writes. Defaults to the file that
    /// BIRDHOOK_CREDENTIALS names, else to birdhook/credentials.toml in your configuration
    /// directory. BIRDHOOK_CONSUMER_KEY, BIRDHOOK_CONSUMER_SECRET, BIRDHOOK_BEARER_TOKEN,
    /// BIRDHOOK_CLIENT_ID, BIRDHOOK_CLIENT_SECRET, BIRDHOOK_OWNER_TOKEN and
    /// BIRDHOOK_OWNER_TOKEN_SECRET take precedence over the file.
    #[arg(long, global = true, value_name = "FILE", help_heading = CREDENTIALS)]
    credentials: Option<PathBuf>,
    /// Call X's API at this URL, for example that of a mock X. Defaults to BIRDHOOK_API_URL, else
    /// to the URL in the credentials file, else to https://api.x.com.
    #[arg(long, global = true, value_name = "URL", help_heading = CREDENTIALS)]
    api_url: Option<String>,
    /// Sign with this kind of credentials instead of the best available.
    #[arg(long, global = true, value_name = "KIND", help_heading = CREDENTIALS)]
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
        check_url("--api-url", &base)?;
        if !base.starts_with("https:") && !is_of_this_machine(&base) {
            let message = format!(
                "cannot send credentials to {}: http is allowed only for this machine (127.0.0.1, localhost)",
                redact_url(&base)
            );
            bail!(Failure::new(Code::InsecureUrl, message, "use https"));
        }
        Ok(base)
    }

    pub(crate) fn client(&self) -> Result<Client> {
        self.client_with(RetryPolicy::default())
    }

    /// Returns the client of a console, which reports errors at once. `None` without keys. Keys that
    /// cannot be read are an error only if `--credentials` names their file, because a receiver works
    /// without them.
    pub(crate) fn console_client(&self) -> Result<Option<Client>> {
        let is_without_keys = |error: &anyhow::Error| {
            error.downcast_ref::<Failure>().is_some_and(|failure| failure.code() == Code::NoKeys)
        };
        match self.client_with(RetryPolicy::never()) {
            Ok(client) => Ok(Some(client)),
            Err(error) if self.credentials.is_some() => Err(error),
            Err(error) => {
                if !is_without_keys(&error) {
                    note(format!("warning: the console does not show the app at X: {error:#}"));
                }
                Ok(None)
            }
        }
    }

    fn client_with(&self, retries: RetryPolicy) -> Result<Client> {
        let keys = self.keys(self.credentials.is_some())?;
        let credentials = Credentials::try_from(&keys)?;
        let path = self.path()?;
        let base = self.base_url(&keys)?;
        let builder = Client::builder(credentials).base_url(base).retries(retries);
        let client = builder.token_store(store::CredentialsFile(path)).build().context("cannot set up TLS")?;
        Ok(match self.sign_with {
            Some(kind) => client.only(kind.into()),
            None => client,
        })
    }
}

/// A key or secret that the credentials file or the environment holds.
pub(crate) struct KnownKey {
    /// The name, for messages.
    pub(crate) name: String,
    pub(crate) text: String,
    /// Whether X signs deliveries with it.
    pub(crate) is_secret: bool,
}

/// Returns the app's keys and secrets that can be read without an error.
pub(crate) fn known_keys() -> Vec<KnownKey> {
    let path = std::env::var_os("BIRDHOOK_CREDENTIALS").map(PathBuf::from).or_else(|| keys::default_path().ok());
    let stored = path.and_then(|path| Keys::read(&path, false).ok()).unwrap_or_default();
    let from_file = [
        ("consumer secret of the credentials file", stored.consumer_secret, true),
        ("client secret of the credentials file", stored.client_secret, true),
        ("API key (consumer key)", stored.consumer_key, false),
        ("client id", stored.client_id, false),
        ("bearer token", stored.bearer_token, false),
        ("access token secret", stored.owner.and_then(|owner| owner.token_secret), false),
    ];
    let from_environment = [
        ("API key (consumer key)", "BIRDHOOK_CONSUMER_KEY"),
        ("client id", "BIRDHOOK_CLIENT_ID"),
        ("bearer token", "BIRDHOOK_BEARER_TOKEN"),
        ("access token secret", "BIRDHOOK_OWNER_TOKEN_SECRET"),
    ]
    .map(|(name, variable)| (name, std::env::var(variable).ok(), false));
    let all = from_environment.into_iter().chain(from_file);
    all.filter_map(|(name, text, is_secret)| Some(KnownKey { name: name.to_owned(), text: text?, is_secret })).collect()
}

/// An error of a call to X or of a login, with the fix that people need.
pub(crate) trait Fixable {
    fn stable_code(&self) -> Code;

    /// Returns what failed, and the cause.
    fn split(&self) -> (String, String);

    fn fix(&self) -> Cow<'static, str>;
}

impl Fixable for Error {
    fn stable_code(&self) -> Code {
        match self.cause() {
            ErrorCause::ChallengeFailed(_) => Code::ChallengeFailed,
            ErrorCause::UrlRefused(_) => Code::UrlRefused,
            ErrorCause::DuplicateUrl => Code::DuplicateUrl,
            ErrorCause::LimitReached => Code::LimitReached,
            ErrorCause::AlreadySubscribed => Code::AlreadySubscribed,
            ErrorCause::NotSubscribed => Code::NotSubscribed,
            ErrorCause::NoSuchWebhook => Code::NoSuchWebhook,
            ErrorCause::WebhookInvalid => Code::WebhookInvalid,
            ErrorCause::NotAllowed => Code::NotAllowed,
            ErrorCause::AccessLevel => Code::AccessLevel,
            ErrorCause::Suspended => Code::Suspended,
            ErrorCause::Locked => Code::Locked,
            ErrorCause::NoCredits => Code::NoCredits,
            ErrorCause::UsageCap => Code::UsageCap,
            ErrorCause::Permission => Code::Permission,
            ErrorCause::Unauthenticated => Code::Unauthenticated,
            ErrorCause::NotRenewed => Code::NotRenewed,
            ErrorCause::WrongCredential => Code::WrongCredential,
            ErrorCause::NoCredential(_) => Code::NoCredential,
            ErrorCause::RateLimited { .. } => Code::RateLimited,
            ErrorCause::ReplayUnderWay => Code::ReplayUnderWay,
            ErrorCause::ReplayDates => Code::ReplayDates,
            ErrorCause::Down => Code::XDown,
            ErrorCause::NoResponse(_) => Code::NoAnswer,
            ErrorCause::Unreadable => Code::UnreadableResponse,
            _ => Code::XRefused,
        }
    }

    fn split(&self) -> (String, String) {
        let text = self.to_string();
        let cause = text.strip_prefix(self.call()).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(&text);
        (format!("cannot call {}", self.call()), cause.to_owned())
    }

    fn fix(&self) -> Cow<'static, str> {
        self.fix()
    }
}

impl Fixable for LoginError {
    fn stable_code(&self) -> Code {
        Code::LoginFailed
    }

    fn split(&self) -> (String, String) {
        ("the login failed".to_owned(), self.to_string())
    }

    fn fix(&self) -> Cow<'static, str> {
        self.fix()
    }
}

/// Returns an error with its fix.
pub(crate) fn with_fix(error: &impl Fixable) -> anyhow::Error {
    let (message, cause) = error.split();
    anyhow!(shown(&cause)).context(Failure::new(error.stable_code(), shown(&message), error.fix()))
}

/// Adds the fix to errors of API calls.
pub(crate) trait Explained<T> {
    fn explained(self) -> Result<T>;
}

impl<T, E: Fixable> Explained<T> for Result<T, E> {
    fn explained(self) -> Result<T> {
        self.map_err(|error| with_fix(&error))
    }
}
