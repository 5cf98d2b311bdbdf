//! `birdhook mock-x`: simulates X.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use birdhook::client::redacted;
use birdhook::{Generation, Secret};
use birdhook_testkit::Kind;
use birdhook_testkit::mock::{App, MockX as Server, Plan, Settings, Signs, Token, User, Webhook};
use secrecy::ExposeSecret;
use serde::Serialize;

use super::doctor::seconds;
use super::listen::asked_to_stop;
use super::trigger::Told;
use crate::Verdict;
use crate::account::{Keys, Tokens, replace};
use crate::apps::{self, text_of};
use crate::output::{self, STRONG, note, serving, styled};

/// Play X: a server with its management APIs that registers webhooks, challenges them, and delivers signed, made-up events.
///
/// Its page, at the address where it listens, lists webhooks, subscriptions and what was sent and answered, and has a button
/// that makes something happen. It makes up a consumer secret unless --secret names one, and signs with the client secret that
/// --client-secret names. With --webhook a receiver is registered and its user subscribed at once. Everything it knows is gone
/// when it ends.
#[derive(Debug, clap::Args)]
pub(crate) struct MockX {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8081")]
    addr: SocketAddr,
    /// Register this receiver, and subscribe the user to everything. Again for several.
    #[arg(long, value_name = "URL")]
    webhook: Vec<String>,
    /// The API to which the user is subscribed with --webhook; unless told both, as during a migration, so that most things are
    /// told twice.
    #[arg(long)]
    generation: Option<Told>,
    /// The id of a user who has authorised the app, and who is subscribed with --webhook. Again for several.
    #[arg(long, value_name = "ID", default_value = "2001")]
    user: Vec<String>,
    /// Write the app's keys, its owner's and the users' tokens to this file, for `birdhook ensure --credentials` and others.
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// The environment variable or the file that holds the app's consumer secret: BIRDHOOK_CONSUMER_SECRET for that of the
    /// environment. Made up by default, since whoever holds a token of the mock can have it sign.
    #[arg(long, value_name = "ENV_OR_FILE")]
    secret: Option<String>,
    /// The environment variable or the file that holds the app's OAuth 2.0 client secret: BIRDHOOK_CLIENT_SECRET for that of
    /// the environment. By default the app has none.
    #[arg(long, value_name = "ENV_OR_FILE")]
    client_secret: Option<String>,
    /// Answer requests whose Host is this name, as in a network of containers. Loopback and the listen address are always
    /// answered, all else with 403. May be repeated.
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// In which headers requests are signed. Without a client secret it is always the old one.
    #[arg(long, default_value = "client")]
    signs: Signing,
    /// Take only challenges that are answered with this kind of secret for right. Any that the app has by default.
    #[arg(long, value_name = "KIND")]
    answers: Option<apps::Kind>,
    /// The seed of ids and events. Secrets and tokens are random, whatever the seed.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// What the account has bought.
    #[arg(long, default_value = "enterprise")]
    plan: Bought,
    /// Refuse webhooks that X would refuse for their URL: http, a port.
    #[arg(long)]
    strict: bool,
    /// How long after subscribing the first event is delivered; X takes up to 10 s.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    subscription_delay: Option<Duration>,
    /// Send each delivery this many further times.
    #[arg(long, value_name = "N", default_value_t = 0)]
    duplicates: usize,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Bought {
    /// The enterprise APIs.
    Enterprise,
    /// v2 alone, with its smaller limits.
    PayPerUse,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Signing {
    /// The new header alone, with the OAuth 2.0 client secret, as X's newest pages say.
    Client,
    /// The old header alone, with the consumer secret.
    Consumer,
    /// Both headers.
    Both,
}

impl From<Signing> for Signs {
    fn from(signing: Signing) -> Self {
        match signing {
            Signing::Consumer => Self::Consumer,
            Signing::Client => Self::Client,
            Signing::Both => Self::Both,
        }
    }
}

impl From<Bought> for Plan {
    fn from(bought: Bought) -> Self {
        match bought {
            Bought::Enterprise => Self::Enterprise,
            Bought::PayPerUse => Self::PayPerUse,
        }
    }
}

impl MockX {
    pub(crate) async fn run(self, json: bool) -> Result<Verdict> {
        serving();
        let mut settings = Settings::local().plan(self.plan.into());
        (settings.local, settings.listen, settings.seed) = (!self.strict, self.addr.to_string(), self.seed);
        settings.chaos.duplicates = self.duplicates;
        settings.subscription_delay = self.subscription_delay.unwrap_or(settings.subscription_delay);
        settings.hosts.clone_from(&self.allow_host);
        let token = |source: &Option<String>| -> Result<_> {
            let Some(source) = source else { return Ok(None) };
            let text = text_of(source)?;
            Secret::new(text.expose_secret()).with_context(|| source.clone())?;
            Ok(Some(Token::new(text.expose_secret())))
        };
        (settings.consumer_secret, settings.client_secret) = (token(&self.secret)?, token(&self.client_secret)?);
        (settings.signs, settings.answers) = (self.signs.into(), self.answers.map(Into::into));
        let x = Server::start(settings).await.with_context(|| format!("cannot play X on {}", self.addr))?;
        note(format!("playing X on {}/", x.url()));
        if let Some(path) = &self.credentials {
            replace(path, self.keys(&x)).await?;
        }
        credentials(&x, self.secret.is_some(), json)?;
        for url in &self.webhook {
            let webhook = x.register(url).await.map_err(|refusal| anyhow!("{}: {refusal}", redacted(url)))?;
            self.subscribe(&x, &webhook)?;
            let users = self.user.join(", ");
            note(format!("{} is webhook {}, and {users} is subscribed to everything", redacted(url), webhook.id));
        }
        asked_to_stop().await;
        x.stop().await;
        Ok(Verdict::Good)
    }

    /// Returns the credentials of the mock, in the format of `birdhook auth`.
    fn keys(&self, x: &Server) -> Keys {
        let of = |user: &User| Tokens {
            token: Some(user.token.as_str().to_owned()),
            token_secret: Some(user.token_secret.as_str().to_owned()),
            access_token: Some(user.oauth2_token.as_str().to_owned()),
            ..Tokens::default()
        };
        let app = x.app();
        Keys {
            api_url: Some(x.url()),
            consumer_key: Some(app.consumer_key.clone()),
            consumer_secret: Some(app.consumer_secret.as_str().to_owned()),
            bearer_token: Some(app.bearer.as_str().to_owned()),
            client_id: Some(app.client_id.clone()),
            client_secret: app.client_secret.as_ref().map(|secret| secret.as_str().to_owned()),
            owner: Some(of(&app.owner)),
            users: self.user.iter().map(|id| (id.clone(), of(&x.user(id)))).collect(),
        }
    }

    fn subscribe(&self, x: &Server, webhook: &Webhook) -> Result<()> {
        let is_wanted = |generation| self.generation.is_none_or(|only| only.generation() == generation);
        for user in self.user.iter().filter(|_| is_wanted(Generation::AccountActivity)) {
            x.subscribe(webhook, user).map_err(|refusal| anyhow!("{refusal}"))?;
        }
        if !is_wanted(Generation::XActivity) {
            return Ok(());
        }
        for kind in Kind::ALL.iter().filter(|kind| kind.generations().contains(&Generation::XActivity)) {
            // A revocation needs no subscription.
            for user in self.user.iter().filter(|_| *kind != Kind::Revoke) {
                x.subscribe_to(webhook, user, *kind).map_err(|refusal| anyhow!("{kind}: {refusal}"))?;
            }
        }
        Ok(())
    }
}

/// The credentials for a client of the mock. A consumer secret supplied by the user is not printed.
#[derive(Serialize)]
struct Credentials<'a> {
    url: String,
    consumer_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer_secret: Option<&'a str>,
    bearer_token: &'a str,
    client_id: &'a str,
    owner_id: &'a str,
    owner_access_token: &'a str,
    owner_access_token_secret: &'a str,
}

fn credentials(x: &Server, is_given: bool, json: bool) -> Result<()> {
    let app: &App = x.app();
    let credentials = Credentials {
        url: x.url(),
        consumer_key: &app.consumer_key,
        consumer_secret: (!is_given).then(|| app.consumer_secret.as_str()),
        bearer_token: app.bearer.as_str(),
        client_id: &app.client_id,
        owner_id: &app.owner.id,
        owner_access_token: app.owner.token.as_str(),
        owner_access_token_secret: app.owner.token_secret.as_str(),
    };
    if json {
        return output::json(&credentials);
    }
    for (name, value) in [
        ("consumer key", Some(credentials.consumer_key)),
        ("consumer secret", credentials.consumer_secret),
        ("bearer token", Some(credentials.bearer_token)),
        ("OAuth 2.0 client id", Some(credentials.client_id)),
        ("owner's access token", Some(credentials.owner_access_token)),
        ("owner's token secret", Some(credentials.owner_access_token_secret)),
    ] {
        output::line(format!("{name:21} {}", styled(STRONG, value.unwrap_or("as given"))))?;
    }
    Ok(())
}
