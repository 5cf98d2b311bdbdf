//! `birdhook mock-x`: simulates X.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use birdhook::client::redact_url;
use birdhook::{Secret, event::ApiSource};
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{
    AccessTier, MockApp, MockSettings, MockToken, MockUser, MockWebhook, MockX as Server, Signs,
};
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::account::{Keys, Tokens, replace};
use crate::apps::{self, read_text};
use crate::error::{Code, Failure};
use crate::exit_status::ExitStatus;
use crate::help::CREDENTIALS;
use crate::output::{self, STRONG, note, plural, queue_output, styled};
use crate::shutdown::stop_requested;
use crate::values::{EventApi, seconds, value_enum};

/// Simulate X: register webhooks, challenge them, and deliver signed, generated events.
///
/// The mock serves X's management APIs. Its dashboard, at the listen address, lists the webhooks,
/// the subscriptions, and the requests with their responses. There you can create events, hold and
/// duplicate deliveries, invalidate a webhook, and subscribe users. The consumer secret is random
/// unless --secret names one. With --webhook, the mock registers a receiver and subscribes the users
/// when it starts. All state is lost when the mock exits.
#[derive(Debug, clap::Args)]
pub(crate) struct MockX {
    /// Listen on this address.
    #[arg(long, default_value = "127.0.0.1:8081")]
    addr: SocketAddr,
    /// Register this receiver, and subscribe the users to everything. May be repeated.
    #[arg(long, value_name = "URL")]
    webhook: Vec<String>,
    /// With --webhook, subscribe the users to this API only. Defaults to both, as during a
    /// migration: most events are then delivered by both APIs.
    #[arg(long, alias = "generation")]
    api: Option<EventApi>,
    /// Add a user with this id who has authorised the app. --webhook subscribes this user. May be
    /// repeated.
    #[arg(long, value_name = "ID", default_value = "2001")]
    user: Vec<String>,
    /// Write the keys of the app and the tokens of its owner and users to this file, for `birdhook
    /// ensure --credentials` and other commands.
    #[arg(long, value_name = "FILE", help_heading = CREDENTIALS)]
    credentials: Option<PathBuf>,
    /// Read the app's consumer secret from this environment variable or file, for example
    /// BIRDHOOK_CONSUMER_SECRET. Defaults to a random secret, because anybody with a token of the
    /// mock can make it sign.
    #[arg(long, value_name = "ENV_OR_FILE", help_heading = CREDENTIALS)]
    secret: Option<String>,
    /// Read the app's OAuth 2.0 client secret from this environment variable or file, for example
    /// BIRDHOOK_CLIENT_SECRET. Defaults to no client secret.
    #[arg(long, value_name = "ENV_OR_FILE", help_heading = CREDENTIALS)]
    client_secret: Option<String>,
    /// Accept requests whose Host is this name, for example in a container network. Loopback
    /// addresses and the listen address are always accepted. Other hosts are answered 403. May be
    /// repeated.
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// Sign requests in these headers. An app without a client secret always uses the old header.
    #[arg(long, default_value = "client", help_heading = CREDENTIALS)]
    signs: SigningArg,
    /// Accept only challenge answers made with this kind of secret. Defaults to any kind that the
    /// app has.
    #[arg(long, value_name = "KIND", help_heading = CREDENTIALS)]
    answers: Option<apps::SecretKindArg>,
    /// Generate ids and events from this seed. Secrets and tokens are always random.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Offer the APIs and limits of this plan.
    #[arg(long, default_value = "enterprise")]
    plan: Plan,
    /// Refuse webhook URLs that X would refuse: http, or a port.
    #[arg(long)]
    strict: bool,
    /// Delay the first event after subscribing by this time. X takes up to 10 s. Defaults to no
    /// delay.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    subscription_delay: Option<Duration>,
    /// Send each delivery this many additional times.
    #[arg(long, value_name = "N", default_value_t = 0)]
    duplicates: usize,
}

value_enum! {
    enum Plan for AccessTier {
        /// 1.1, replay, filtered streams and higher limits.
        Enterprise,
        /// v2 only, with lower limits.
        PayPerUse,
    }
}

value_enum! {
    enum SigningArg for Signs {
        /// Only the new header, with the OAuth 2.0 client secret, as X's newest pages describe.
        Client,
        /// Only the old header, with the consumer secret.
        Consumer,
        /// Both headers.
        Both,
    }
}

impl MockX {
    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        queue_output();
        let mut settings = MockSettings::local().plan(self.plan.into());
        (settings.local, settings.listen, settings.seed) = (!self.strict, self.addr.to_string(), self.seed);
        settings.chaos.duplicates = self.duplicates;
        settings.subscription_delay = self.subscription_delay.unwrap_or(settings.subscription_delay);
        settings.hosts.clone_from(&self.allow_host);
        let token = |source: &Option<String>| -> Result<_> {
            let Some(source) = source else { return Ok(None) };
            let text = read_text(source)?;
            Secret::new(text.expose_secret()).with_context(|| apps::invalid_secret(source))?;
            Ok(Some(MockToken::new(text.expose_secret())))
        };
        (settings.consumer_secret, settings.client_secret) = (token(&self.secret)?, token(&self.client_secret)?);
        (settings.signs, settings.answers) = (self.signs.into(), self.answers.map(Into::into));
        let x = Server::start(settings).await.with_context(|| format!("cannot start the mock X on {}", self.addr))?;
        note(format!("mock X listening on {}/", x.url()));
        if let Some(path) = &self.credentials {
            replace(path.clone(), self.keys(&x)).await?;
        }
        credentials(&x, self.secret.is_some(), json)?;
        for url in &self.webhook {
            let webhook = x.register(url).await.map_err(|refusal| refused(redact_url(url), &refusal))?;
            self.subscribe(&x, &webhook)?;
            let (url, users) = (redact_url(url), self.user.join(", "));
            let subscribed = plural(self.user.len(), "user");
            note(format!(
                "registered {url} as webhook {}, and subscribed {subscribed} to everything: {users}",
                webhook.id
            ));
        }
        stop_requested().await;
        x.stop().await;
        Ok(ExitStatus::Success)
    }

    /// Returns the credentials of the mock, in the format of `birdhook auth`.
    fn keys(&self, x: &Server) -> Keys {
        let of = |user: &MockUser| Tokens {
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
            ..Keys::default()
        }
    }

    fn subscribe(&self, x: &Server, webhook: &MockWebhook) -> Result<()> {
        let is_selected = |api| self.api.is_none_or(|only| only.source() == api);
        for user in self.user.iter().filter(|_| is_selected(ApiSource::AccountActivity)) {
            x.subscribe(webhook, user).map_err(|refusal| refused(format!("the user {user}"), &refusal))?;
        }
        if !is_selected(ApiSource::XActivity) {
            return Ok(());
        }
        for kind in MockEventKind::ALL.iter().filter(|kind| kind.api_sources().contains(&ApiSource::XActivity)) {
            // A revocation needs no subscription.
            for user in self.user.iter().filter(|_| *kind != MockEventKind::Revoke) {
                x.subscribe_to(webhook, user, *kind)
                    .map_err(|refusal| refused(format!("the kind {kind}"), &refusal))?;
            }
        }
        Ok(())
    }
}

/// Returns the error of a webhook or a subscription that the mock refuses.
fn refused(what: impl Display, refusal: &impl Display) -> anyhow::Error {
    let fix = "start the receiver before the mock, with the mock's secret; `birdhook doctor --local URL` examines it";
    anyhow!("{refusal}").context(Failure::new(Code::MockRefused, format!("the mock X refused {what}"), fix))
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

fn credentials(x: &Server, is_supplied: bool, json: bool) -> Result<()> {
    let app: &MockApp = x.app();
    let credentials = Credentials {
        url: x.url(),
        consumer_key: &app.consumer_key,
        consumer_secret: (!is_supplied).then(|| app.consumer_secret.as_str()),
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
        output::line(format!("{name:21} {}", styled(STRONG, value.unwrap_or("(as supplied)"))))?;
    }
    Ok(())
}
