//! `birdhook auth`: stores the app's keys and the users' tokens.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use birdhook::client::api::EVENT_TYPES;
use birdhook::client::login::{Loopback, OAuth1, OAuth2};
use secrecy::SecretString;
use serde::Serialize;

use crate::account::{AccountArgs, Explained, Keys, TableRow, ask, change, confirm, print_rows};
use crate::error::{Code, Failure};
use crate::exit_status::ExitStatus;
use crate::output::{self, note};
use crate::values::seconds;

/// Store the app's keys, and let users authorise the app.
///
/// Keys and tokens are stored in a file that only its owner can read (--credentials). They are
/// never printed.
#[derive(Debug, clap::Args)]
pub(crate) struct Auth {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    account: AccountArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Store the app's keys from the environment.
    ///
    /// The variables are BIRDHOOK_CONSUMER_KEY, BIRDHOOK_CONSUMER_SECRET, BIRDHOOK_BEARER_TOKEN,
    /// BIRDHOOK_CLIENT_ID, BIRDHOOK_CLIENT_SECRET, BIRDHOOK_OWNER_TOKEN and
    /// BIRDHOOK_OWNER_TOKEN_SECRET.
    App,
    /// Let a user authorise the app with OAuth 1.0a, for the Account Activity API.
    User {
        /// Ask for a PIN that X shows the user. Use it if the browser cannot return to this
        /// machine.
        #[arg(long)]
        pin: bool,
        /// Store the tokens as those of the app's owner, which manage webhooks of 1.1.
        #[arg(long)]
        owner: bool,
        #[command(flatten)]
        browser: Browser,
    },
    /// Let a user authorise the app with OAuth 2.0, for private events of the X Activity API.
    User2 {
        /// Request the scopes that subscriptions to this event type need. May be repeated. Defaults
        /// to the scopes of all event types.
        #[arg(long = "type", value_name = "TYPE", value_parser = event_type)]
        types: Vec<String>,
        /// Request this scope instead of those that subscriptions need. May be repeated.
        #[arg(long = "scope", value_name = "SCOPE", conflicts_with = "types")]
        scopes: Vec<String>,
        #[command(flatten)]
        browser: Browser,
    },
    /// List the users whose tokens are stored.
    List,
    /// Delete a user's tokens from the credentials file.
    ///
    /// The user's permission at X remains until the user revokes it in X's settings.
    Forget {
        /// The id of the user.
        user: String,
        /// Do not ask for confirmation.
        #[arg(long)]
        yes: bool,
    },
}

/// The redirect of the browser to this machine.
#[derive(Debug, clap::Args)]
struct Browser {
    /// Wait for the browser on this port of 127.0.0.1. X redirects it to
    /// http://127.0.0.1:PORT/callback, which must be among the app's callback URLs.
    #[arg(long, default_value_t = 8723)]
    port: u16,
    /// Wait at most this long for the user.
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds)]
    limit: Duration,
}

#[derive(Serialize)]
struct StoredUser {
    user_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    handle: Option<String>,
    oauth1: bool,
    oauth2: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    renewable: bool,
}

impl TableRow for StoredUser {
    const HEADER: &'static [&'static str] = &["user", "handle", "OAuth 1.0a", "OAuth 2.0"];

    fn cells(&self) -> Vec<String> {
        let oauth2 = match (self.oauth2, self.renewable, &self.expires_at) {
            (false, ..) => "no".to_owned(),
            (true, true, _) => "yes, renewed automatically".to_owned(),
            (true, false, Some(time)) => format!("until {time}"),
            (true, false, None) => "yes".to_owned(),
        };
        let oauth1 = if self.oauth1 { "yes" } else { "no" };
        vec![self.user_id.clone(), self.handle.clone().unwrap_or_default(), oauth1.to_owned(), oauth2]
    }
}

impl Auth {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        let path = self.account.path()?;
        // Read only to look up values. `change` reads the file again, so that values of the
        // environment are written to it only by `auth app`.
        let keys = self.account.keys(false)?;
        match self.action {
            Action::App => {
                if keys.consumer().is_none() && keys.bearer_token.is_none() {
                    bail!(Failure::new(
                        Code::NoKeys,
                        "no keys in the environment",
                        "set BIRDHOOK_CONSUMER_KEY and BIRDHOOK_CONSUMER_SECRET, or BIRDHOOK_BEARER_TOKEN",
                    ));
                }
                // Cannot fail: `keys` above has already read the same environment.
                change(path.clone(), |keys| _ = keys.apply_environment()).await?;
            }
            Action::User { pin, owner, browser } => {
                let base = self.account.base_url(&keys)?;
                let consumer = keys.consumer().with_context(|| {
                    let fix = "set BIRDHOOK_CONSUMER_KEY and BIRDHOOK_CONSUMER_SECRET; `birdhook auth app` stores them";
                    Failure::new(Code::NoKeys, "no consumer keys", fix)
                })?;
                let login = OAuth1::new(consumer)?.base_url(base);
                let authorised = match pin {
                    true => {
                        let pending = login.begin(OAuth1::PIN).await.explained()?;
                        open(&pending.authorize_url);
                        login.finish(&pending.request_token, ask("PIN: ")?.as_str()).await
                    }
                    false => {
                        let loopback = Loopback::bind(browser.port).await.context("cannot wait for the browser")?;
                        let pending = login.begin(&loopback.redirect_url()).await.explained()?;
                        open(&pending.authorize_url);
                        let redirect = loopback.verifier(&pending.request_token, browser.limit).await;
                        login.finish(&pending.request_token, redirect.explained()?).await
                    }
                };
                let authorised = authorised.explained()?;
                let (user, handle) = (authorised.user_id.clone(), authorised.screen_name.clone());
                let set = move |keys: &mut Keys| {
                    let tokens = match owner {
                        true => keys.owner.get_or_insert_default(),
                        false => keys.users.entry(authorised.user_id.clone()).or_default(),
                    };
                    tokens.handle = Some(authorised.screen_name.clone());
                    tokens.set_oauth1(&authorised.token);
                };
                let login = if owner { "user --owner" } else { "user" };
                change(path.clone(), set).await.with_context(|| token_lost(&user, login))?;
                note(output::shown(&format!("@{handle} ({user}) has authorised the app")));
            }
            Action::User2 { types, scopes, browser } => {
                let base = self.account.base_url(&keys)?;
                let client = keys.client_id.with_context(|| {
                    let fix = "set BIRDHOOK_CLIENT_ID; `birdhook auth app` stores it";
                    Failure::new(Code::NoKeys, "no OAuth 2.0 client id", fix)
                })?;
                let secret = keys.client_secret.map(SecretString::from);
                let mut login = OAuth2::new(client, secret)?.base_url(&base);
                if base != "https://api.x.com" {
                    // A mock serves the API and the authorization page at one URL.
                    login = login.authorize_url(format!("{base}/i/oauth2/authorize"));
                }
                let login = match (types.is_empty(), scopes.is_empty()) {
                    (false, _) => login.event_types(types),
                    (true, false) => login.scopes(scopes),
                    (true, true) => login,
                };
                let loopback = Loopback::bind(browser.port).await.context("cannot wait for the browser")?;
                let pending = login.begin(&loopback.redirect_url()).explained()?;
                open(&pending.authorize_url);
                let redirect = loopback.code(&pending.proof, browser.limit).await.explained()?;
                let token = login.finish(&pending.proof, redirect).await.explained()?;
                let user = login.user_id(&token).await.explained()?;
                let id = user.clone();
                let set = move |keys: &mut Keys| keys.users.entry(id).or_default().set_oauth2(Some(&token));
                change(path.clone(), set).await.with_context(|| token_lost(&user, "user2"))?;
                note(output::shown(&format!("{user} has authorised the app")));
            }
            Action::List => {
                let known = keys.users.iter().map(|(id, tokens)| StoredUser {
                    user_id: id.clone(),
                    handle: tokens.handle.clone(),
                    oauth1: tokens.token.is_some(),
                    oauth2: tokens.access_token.is_some(),
                    expires_at: tokens.expires_at.clone(),
                    renewable: tokens.refresh_token.is_some() && keys.client_id.is_some(),
                });
                return print_rows(&known.collect::<Vec<_>>(), json).map(|()| ExitStatus::Success);
            }
            Action::Forget { user, yes } => {
                if !keys.users.contains_key(&user) {
                    let fix = "`birdhook auth list` lists the users";
                    bail!(Failure::new(Code::NoSuchUser, format!("no tokens of user {user}"), fix));
                }
                confirm(yes, &format!("Delete the tokens of user {user}?"), "nothing was deleted")?;
                change(path.clone(), move |keys| _ = keys.users.remove(&user)).await?;
            }
        }
        output::done("kept", &path.display().to_string(), json)?;
        Ok(ExitStatus::Success)
    }
}

fn event_type(name: &str) -> Result<String, String> {
    let is_known = EVENT_TYPES.iter().any(|known| known.name == name);
    is_known
        .then(|| name.to_owned())
        .ok_or_else(|| "expected an event type of the X Activity API, for example like.create".to_owned())
}

/// Returns the error of a token that X issued but that cannot be written to the file.
fn token_lost(user: &str, login: &str) -> Failure {
    let message = format!("the token that X issued for user {} is lost", output::shown(user));
    Failure::new(Code::TokenLost, message, format!("run `birdhook auth {login}` again"))
}

fn open(url: &str) {
    note(format!("Open this URL in the user's browser, and authorise the app:\n{url}"));
}
