use birdhook_client::CredentialKind::{self, Bearer, Owner, User, User2};
use birdhook_client::api::{Filter, NewSubscription, ReplaySpan, SubscriptionChange};
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

/// Defines the table of calls, and the function that makes a call by its name.
macro_rules! calls {
    ($(($name:literal, $method:ident, $is_idempotent:literal, $takes:ident, $success:expr, $($call:tt)+))+) => {
        pub(crate) const CALLS: &[Row] = &[$(($name, Method::$method, $is_idempotent, $takes, $success)),+];

        pub(crate) async fn call(client: &Client, name: &str) -> Result<(), Error> {
            match name {
                $($name => client.$($call)+.await.map(drop),)+
                other => panic!("{other}"),
            }
        }
    };
}

calls! {
    ("enterprise.register", POST, false, OWNER, WEBHOOK, enterprise().register("https://app.example"))
    ("enterprise.list", GET, true, BEARER, "[]", enterprise().list())
    ("enterprise.challenge", PUT, true, OWNER, "", enterprise().challenge("1"))
    ("enterprise.delete", DELETE, true, OWNER, "", enterprise().delete("1"))
    ("enterprise.subscribe", POST, true, USER_1, "", enterprise().subscribe("1", USER))
    ("enterprise.is_subscribed", GET, true, USER_1, "", enterprise().is_subscribed("1", USER))
    ("enterprise.subscribers", GET, true, BEARER, r#"{"subscriptions":[]}"#, enterprise().subscribers("1"))
    ("enterprise.count", GET, true, BEARER, "{}", enterprise().count())
    ("enterprise.unsubscribe", DELETE, true, BEARER, "", enterprise().unsubscribe("1", USER))
    ("enterprise.replay", POST, false, BEARER, r#"{"job_id":"5"}"#, enterprise().replay("1", minutes()))
    ("premium.register", POST, false, OWNER, WEBHOOK, premium("dev").register("https://app.example"))
    ("premium.list", GET, true, BEARER, "[]", premium("dev").list())
    ("premium.environments", GET, true, BEARER, r#"{"environments":[]}"#, premium("dev").environments())
    ("premium.challenge", PUT, true, OWNER, "", premium("dev").challenge("1"))
    ("premium.delete", DELETE, true, OWNER, "", premium("dev").delete("1"))
    ("premium.subscribe", POST, true, USER_1, "", premium("dev").subscribe(USER))
    ("premium.is_subscribed", GET, true, USER_1, "", premium("dev").is_subscribed(USER))
    ("premium.subscribers", GET, true, BEARER, r#"{"subscriptions":[]}"#, premium("dev").subscribers())
    ("premium.count", GET, true, BEARER, "{}", premium("dev").count())
    ("premium.unsubscribe", DELETE, true, BEARER, "", premium("dev").unsubscribe(USER))
    ("webhooks.register", POST, false, EITHER, WEBHOOK, webhooks().register("https://app.example"))
    ("webhooks.list", GET, true, BEARER, r#"{"data":[]}"#, webhooks().list())
    ("webhooks.delete", DELETE, true, EITHER, DELETED, webhooks().delete("1"))
    ("webhooks.replay", POST, false, BEARER, r#"{"data":{"job_id":"5"}}"#, webhooks().replay("1", minutes()))
    ("aaa.subscribe", POST, true, ANY_USER, SUBSCRIBED, account_activity().subscribe("1", USER))
    ("aaa.is_subscribed", GET, true, ANY_USER, SUBSCRIBED, account_activity().is_subscribed("1", USER))
    ("aaa.subscribers", GET, true, BEARER, r#"{"data":{"subscriptions":[]}}"#, account_activity().subscribers("1"))
    ("aaa.count", GET, true, BEARER, r#"{"data":{}}"#, account_activity().count())
    ("aaa.unsubscribe", DELETE, true, BEARER, UNSUBSCRIBED, account_activity().unsubscribe("1", USER))
    ("activity.create", POST, false, PUBLIC, SUBSCRIPTION, activity().create(&news()))
    ("activity.list", GET, true, BEARER, r#"{"data":[]}"#, activity().list())
    ("activity.update", PUT, true, BEARER, SUBSCRIPTION, activity().update("1", &SubscriptionChange::tag("t")))
    ("activity.delete", DELETE, true, BEARER, DELETED, activity().delete("1"))
    ("activity.delete_many", DELETE, true, BEARER, ONE_DELETED, activity().delete_many(&["1".into()]))
    ("links.create", POST, true, BEARER, r#"{"data":{"provisioned":true}}"#, stream_links().create("1", &[]))
    ("links.list", GET, true, BEARER, r#"{"data":[]}"#, stream_links().list())
    ("links.delete", DELETE, true, BEARER, DELETED, stream_links().delete("1"))
}

pub(crate) const WEBHOOK: &str = r#"{"id":"7","url":"https://app.example","valid":true}"#;
const SUBSCRIBED: &str = r#"{"data":{"subscribed":true}}"#;
const UNSUBSCRIBED: &str = r#"{"data":{"subscribed":false}}"#;
const DELETED: &str = r#"{"data":{"deleted":true}}"#;
const ONE_DELETED: &str = r#"{"data":[{"subscription_id":"1","deleted":true}]}"#;
const SUBSCRIPTION: &str = r#"{"data":{"subscription_id":"7","event_type":"news.new"}}"#;

fn news() -> NewSubscription {
    NewSubscription::new("news.new", Filter::keyword("tea"))
}

fn minutes() -> ReplaySpan {
    span("23T08:00", "23T08:10")
}
