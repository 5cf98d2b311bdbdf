//! Every call of the client, by name.

use birdhook_client::CredentialKind::{self, Bearer, Owner, User, User2};
use birdhook_client::api::{Filter, NewSubscription, SubscriptionChange};
use birdhook_client::{Client, Error};
use http::Method;

use crate::support::{USER, span};

const BEARER: &[CredentialKind] = &[Bearer];
const OWNER: &[CredentialKind] = &[Owner];
const USER_1: &[CredentialKind] = &[User];
const EITHER: &[CredentialKind] = &[Bearer, Owner];
const ANY_USER: &[CredentialKind] = &[User, User2];
const PUBLIC: &[CredentialKind] = &[Bearer, User2, User];

/// A call: its name, its method, whether it is idempotent, the accepted kinds of credentials, and a
/// successful response.
type Row = (&'static str, Method, bool, &'static [CredentialKind], &'static str);

pub(crate) const CALLS: &[Row] = &[
    ("enterprise.register", Method::POST, false, OWNER, WEBHOOK),
    ("enterprise.list", Method::GET, true, BEARER, "[]"),
    ("enterprise.challenge", Method::PUT, true, OWNER, ""),
    ("enterprise.delete", Method::DELETE, true, OWNER, ""),
    ("enterprise.subscribe", Method::POST, true, USER_1, ""),
    ("enterprise.is_subscribed", Method::GET, true, USER_1, ""),
    ("enterprise.subscribers", Method::GET, true, BEARER, r#"{"subscriptions":[]}"#),
    ("enterprise.count", Method::GET, true, BEARER, "{}"),
    ("enterprise.unsubscribe", Method::DELETE, true, BEARER, ""),
    ("enterprise.replay", Method::POST, false, BEARER, r#"{"job_id":"5"}"#),
    ("premium.register", Method::POST, false, OWNER, WEBHOOK),
    ("premium.list", Method::GET, true, BEARER, "[]"),
    ("premium.environments", Method::GET, true, BEARER, r#"{"environments":[]}"#),
    ("premium.challenge", Method::PUT, true, OWNER, ""),
    ("premium.delete", Method::DELETE, true, OWNER, ""),
    ("premium.subscribe", Method::POST, true, USER_1, ""),
    ("premium.is_subscribed", Method::GET, true, USER_1, ""),
    ("premium.subscribers", Method::GET, true, BEARER, r#"{"subscriptions":[]}"#),
    ("premium.count", Method::GET, true, BEARER, "{}"),
    ("premium.unsubscribe", Method::DELETE, true, BEARER, ""),
    ("webhooks.register", Method::POST, false, EITHER, WEBHOOK),
    ("webhooks.list", Method::GET, true, BEARER, r#"{"data":[]}"#),
    ("webhooks.delete", Method::DELETE, true, EITHER, r#"{"data":{"deleted":true}}"#),
    ("webhooks.replay", Method::POST, false, BEARER, r#"{"data":{"job_id":"5"}}"#),
    ("aaa.subscribe", Method::POST, true, ANY_USER, r#"{"data":{"subscribed":true}}"#),
    ("aaa.is_subscribed", Method::GET, true, ANY_USER, r#"{"data":{"subscribed":true}}"#),
    ("aaa.subscribers", Method::GET, true, BEARER, r#"{"data":{"subscriptions":[]}}"#),
    ("aaa.count", Method::GET, true, BEARER, r#"{"data":{}}"#),
    ("aaa.unsubscribe", Method::DELETE, true, BEARER, r#"{"data":{"subscribed":false}}"#),
    ("activity.create", Method::POST, false, PUBLIC, SUBSCRIPTION),
    ("activity.list", Method::GET, true, BEARER, r#"{"data":[]}"#),
    ("activity.update", Method::PUT, true, BEARER, SUBSCRIPTION),
    ("activity.delete", Method::DELETE, true, BEARER, r#"{"data":{"deleted":true}}"#),
    ("activity.delete_many", Method::DELETE, true, BEARER, r#"{"data":[{"subscription_id":"1","deleted":true}]}"#),
    ("links.create", Method::POST, true, BEARER, r#"{"data":{"provisioned":true}}"#),
    ("links.list", Method::GET, true, BEARER, r#"{"data":[]}"#),
    ("links.delete", Method::DELETE, true, BEARER, r#"{"data":{"deleted":true}}"#),
];

pub(crate) const WEBHOOK: &str = r#"{"id":"7","url":"https://app.example","valid":true}"#;
const SUBSCRIPTION: &str = r#"{"data":{"subscription_id":"7","event_type":"news.new"}}"#;

/// Makes the call of this name.
pub(crate) async fn call(client: &Client, name: &str) -> Result<(), Error> {
    let span = span("23T08:00", "23T08:10");
    let (old, dev, hooks) = (client.enterprise(), client.premium("dev"), client.webhooks());
    let (aaa, activity, links) = (client.account_activity(), client.activity(), client.stream_links());
    match name {
        "enterprise.register" => old.register("https://app.example").await.map(drop),
        "enterprise.list" => old.list().await.map(drop),
        "enterprise.challenge" => old.challenge("1").await,
        "enterprise.delete" => old.delete("1").await,
        "enterprise.subscribe" => old.subscribe("1", USER).await,
        "enterprise.is_subscribed" => old.is_subscribed("1", USER).await.map(drop),
        "enterprise.subscribers" => old.subscribers("1").await.map(drop),
        "enterprise.count" => old.count().await.map(drop),
        "enterprise.unsubscribe" => old.unsubscribe("1", USER).await,
        "enterprise.replay" => old.replay("1", span).await.map(drop),
        "premium.register" => dev.register("https://app.example").await.map(drop),
        "premium.list" => dev.list().await.map(drop),
        "premium.environments" => dev.environments().await.map(drop),
        "premium.challenge" => dev.challenge("1").await,
        "premium.delete" => dev.delete("1").await,
        "premium.subscribe" => dev.subscribe(USER).await,
        "premium.is_subscribed" => dev.is_subscribed(USER).await.map(drop),
        "premium.subscribers" => dev.subscribers().await.map(drop),
        "premium.count" => dev.count().await.map(drop),
        "premium.unsubscribe" => dev.unsubscribe(USER).await,
        "webhooks.register" => hooks.register("https://app.example").await.map(drop),
        "webhooks.list" => hooks.list().await.map(drop),
        "webhooks.delete" => hooks.delete("1").await,
        "webhooks.replay" => hooks.replay("1", span).await.map(drop),
        "aaa.subscribe" => aaa.subscribe("1", USER).await,
        "aaa.is_subscribed" => aaa.is_subscribed("1", USER).await.map(drop),
        "aaa.subscribers" => aaa.subscribers("1").await.map(drop),
        "aaa.count" => aaa.count().await.map(drop),
        "aaa.unsubscribe" => aaa.unsubscribe("1", USER).await,
        "activity.create" => activity.create(&NewSubscription::new("news.new", Filter::keyword("tea"))).await.map(drop),
        "activity.list" => activity.list().await.map(drop),
        "activity.update" => activity.update("1", &SubscriptionChange::tag("t")).await.map(drop),
        "activity.delete" => activity.delete("1").await,
        "activity.delete_many" => activity.delete_many(&["1".to_owned()]).await.map(drop),
        "links.create" => links.create("1", &[]).await,
        "links.list" => links.list().await.map(drop),
        "links.delete" => links.delete("1").await,
        other => panic!("{other}"),
    }
}
