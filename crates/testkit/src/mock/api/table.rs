//! The table of calls: method, path, allowed credentials, and limit per 15 minutes.

#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) auth: Auth,
    pub(crate) rate: u32,
    pub(crate) action: Action,
}

/// The credentials that a call accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    /// OAuth 1.0a with the tokens of the app's owner.
    Owner,
    /// OAuth 1.0a with the tokens of the user concerned.
    User,
    /// The app's bearer token.
    App,
    /// The app's bearer token. With `WebhookAuth::BearerOrOwner`, also OAuth 1.0a of the app's
    /// owner, as X's OpenAPI document says.
    AppOrOwner,
    /// OAuth 1.0a of the user concerned, or OAuth 2.0 with these scopes.
    AnyUser(&'static [&'static str]),
    /// Any credentials; OAuth 2.0 needs these scopes.
    Anyone(&'static [&'static str]),
}

macro_rules! calls {
    ($($action:ident = $method:literal $path:literal $auth:expr, $rate:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Action {
            $(#[doc = concat!($method, " ", $path)] $action,)*
        }

        pub(super) static CALLS: &[Row] = &[
            $(Row { method: $method, path: $path, auth: $auth, rate: $rate, action: Action::$action },)*
        ];
    };
}

const MESSAGES: &[&str] = &["dm.read", "dm.write", "tweet.read", "users.read"];
const MESSAGE: &[&str] = &["dm.write", "tweet.read", "users.read"];
pub(super) const POST: &[&str] = &["tweet.read", "tweet.write", "users.read"];

calls! {
    EnterpriseRegister = "POST" "/1.1/account_activity/webhooks" Auth::Owner, 15;
    EnterpriseList = "GET" "/1.1/account_activity/webhooks" Auth::App, 15;
    EnterpriseCheck = "PUT" "/1.1/account_activity/webhooks/:webhook_id" Auth::Owner, 15;
    EnterpriseDelete = "DELETE" "/1.1/account_activity/webhooks/:webhook_id" Auth::Owner, 15;
    EnterpriseSubscribe = "POST" "/1.1/account_activity/webhooks/:webhook_id/subscriptions/all" Auth::User, 500;
    EnterpriseIsSubscribed = "GET" "/1.1/account_activity/webhooks/:webhook_id/subscriptions/all" Auth::User, 500;
    EnterpriseSubscriptions = "GET" "/1.1/account_activity/webhooks/:webhook_id/subscriptions/all/list" Auth::App, 50;
    EnterpriseCount = "GET" "/1.1/account_activity/subscriptions/count" Auth::App, 15;
    EnterpriseUnsubscribe = "DELETE" "/1.1/account_activity/webhooks/:webhook_id/subscriptions/:user_id/all" Auth::App, 500;
    EnterpriseUnsubscribeSelf = "DELETE" "/1.1/account_activity/webhooks/:webhook_id/subscriptions/all" Auth::User, 500;
    EnterpriseReplay = "POST" "/1.1/account_activity/replay/webhooks/:webhook_id/subscriptions/all" Auth::App, 5;

    PremiumEnvironments = "GET" "/1.1/account_activity/all/webhooks" Auth::App, 15;
    PremiumCount = "GET" "/1.1/account_activity/all/subscriptions/count" Auth::App, 15;
    PremiumRegister = "POST" "/1.1/account_activity/all/:env_name/webhooks" Auth::Owner, 15;
    PremiumList = "GET" "/1.1/account_activity/all/:env_name/webhooks" Auth::App, 15;
    PremiumCheck = "PUT" "/1.1/account_activity/all/:env_name/webhooks/:webhook_id" Auth::Owner, 15;
    PremiumDelete = "DELETE" "/1.1/account_activity/all/:env_name/webhooks/:webhook_id" Auth::Owner, 15;
    PremiumSubscribe = "POST" "/1.1/account_activity/all/:env_name/subscriptions" Auth::User, 15;
    PremiumIsSubscribed = "GET" "/1.1/account_activity/all/:env_name/subscriptions" Auth::User, 15;
    PremiumSubscriptions = "GET" "/1.1/account_activity/all/:env_name/subscriptions/list" Auth::App, 15;
    PremiumUnsubscribe = "DELETE" "/1.1/account_activity/all/:env_name/subscriptions/:user_id" Auth::App, 15;

    Register = "POST" "/2/webhooks" Auth::AppOrOwner, 450;
    List = "GET" "/2/webhooks" Auth::App, 450;
    Check = "PUT" "/2/webhooks/:webhook_id" Auth::AppOrOwner, 450;
    Delete = "DELETE" "/2/webhooks/:webhook_id" Auth::AppOrOwner, 450;
    Replay = "POST" "/2/webhooks/replay" Auth::App, 100;

    Subscribe = "POST" "/2/account_activity/webhooks/:webhook_id/subscriptions/all" Auth::AnyUser(MESSAGES), 500;
    IsSubscribed = "GET" "/2/account_activity/webhooks/:webhook_id/subscriptions/all" Auth::AnyUser(MESSAGES), 500;
    Subscriptions = "GET" "/2/account_activity/webhooks/:webhook_id/subscriptions/all/list" Auth::App, 50;
    Unsubscribe = "DELETE" "/2/account_activity/webhooks/:webhook_id/subscriptions/:user_id/all" Auth::App, 500;
    Count = "GET" "/2/account_activity/subscriptions/count" Auth::App, 15;

    ActivityCreate = "POST" "/2/activity/subscriptions" Auth::Anyone(&[]), 500;
    ActivityList = "GET" "/2/activity/subscriptions" Auth::Anyone(&["like.read", "tweet.read"]), 500;
    ActivityUpdate = "PUT" "/2/activity/subscriptions/:subscription_id" Auth::App, 500;
    ActivityDelete = "DELETE" "/2/activity/subscriptions/:subscription_id" Auth::App, 500;
    ActivityDeleteMany = "DELETE" "/2/activity/subscriptions" Auth::App, 500;

    Link = "POST" "/2/tweets/search/webhooks/:webhook_id" Auth::App, 450;
    Unlink = "DELETE" "/2/tweets/search/webhooks/:webhook_id" Auth::App, 450;
    Links = "GET" "/2/tweets/search/stream/webhooks" Auth::App, 450;

    Message = "POST" "/2/dm_conversations/with/:participant_id/messages" Auth::AnyUser(MESSAGE), 15;
    Tweet = "POST" "/2/tweets" Auth::AnyUser(POST), 100;
}
