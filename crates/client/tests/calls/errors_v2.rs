//! All documented errors of v2, in both forms, as the mock X reports them.

use std::fmt::Debug;
use std::time::Duration;

use birdhook_client::CredentialKind::{self, Bearer, Owner, User, User2};
use birdhook_client::ErrorCause::{
    self, AlreadySubscribed, Down, DuplicateUrl, LimitReached, NoSuchWebhook, NotSubscribed, Permission,
    ReplayUnderWay, Unauthenticated, WebhookInvalid, WrongCredential,
};
use birdhook_client::api::{Filter, NewSubscription, SubscriptionChange};
use birdhook_client::{AccessToken, ChallengeFault, ConsumerKeys, Credentials, Error, UrlFault};
use birdhook_testkit::mock::{
    AccessTier, ErrorForm, MockApi, MockSettings, Outage, Permission as AppPermission, WebhookAuth,
};
use birdhook_testkit::{MockEventKind, MockX};

use crate::calls::every_call::call;
use crate::calls::expected::{Expected, check, check_general};
use crate::calls::fixture::{Fixture, OTHER, client, everything};
use crate::support::receiver::Crc;
use crate::support::{USER, credentials, span, token};

const FORMS: [ErrorForm; 2] = [ErrorForm::Problem, ErrorForm::Code];

/// The form of an error, the kind of credentials of its call, and its status.
type Of = (ErrorForm, CredentialKind, u16);

/// Checks the error of a call, which has one of X's reasons.
fn says<T: Debug>(made: Result<T, Error>, cause: ErrorCause, (form, credential, status): Of, said: (&str, &str)) {
    let (reason, text) = said;
    let short = format!("{reason}: {text}");
    let long = format!("One or more parameters to your request was invalid. {short}");
    let (code, message) = match form {
        ErrorForm::Problem => (None, &short),
        _ => (Some(i64::from(status)), &long),
    };
    let expected = Expected { cause, credential, status, code, reason: Some(reason), message: Some(message) };
    check(&made.unwrap_err(), &expected);
}

/// Checks the error of a call, which has no reason, and returns it.
fn plain<T: Debug>(made: Result<T, Error>, cause: ErrorCause, (form, credential, status): Of, text: &str) -> Error {
    let (error, code) = (made.unwrap_err(), (form == ErrorForm::Code).then_some(i64::from(status)));
    check(&error, &Expected { cause, credential, status, code, reason: None, message: Some(text) });
    error
}

#[tokio::test]
async fn a_failed_challenge_names_the_fault() {
    let bad = "URL returned bad response during CRC with error: ";
    for form in FORMS {
        for (crc, fault, why) in [
            (Crc::OtherSecret, ChallengeFault::WrongToken, "Invalid `response_token`"),
            // A redirect counts as a wrong status.
            (Crc::Status(302), ChallengeFault::Status, "the response is a redirect (status 302 Found)"),
            (Crc::Status(404), ChallengeFault::Status, "the response has status 404 Not Found"),
            (Crc::Hang, ChallengeFault::TooSlow, "the request timed out"),
        ] {
            let hangs = crc == Crc::Hang;
            let patience = if hangs { Duration::from_millis(200) } else { Duration::from_secs(3) };
            let fixture = Fixture::with(|settings| {
                (settings.timeout, settings.contradictions.errors) = (patience, form);
            })
            .await;
            fixture.receiver.crc(crc);
            let made = fixture.client.webhooks().register(&fixture.receiver.url).await;
            let said = format!("{bad}{why}");
            says(made, ErrorCause::ChallengeFailed(fault), (form, Bearer, 400), ("CrcValidationFailed", &said));
        }
    }
}

#[tokio::test]
async fn a_refused_url_names_the_fault() {
    let long = format!("https://app.example/{}", "x".repeat(200));
    for form in FORMS {
        let mut settings = MockSettings::default();
        settings.contradictions.errors = form;
        let x = MockX::start(settings).await.unwrap();
        let (client, _) = client(&x, everything(&x));
        for (url, fault, why) in [
            ("nonsense", UrlFault::Malformed, "it is no URL"),
            (long.as_str(), UrlFault::TooLong, "it is longer than 200 characters"),
            ("http://app.example/hooks", UrlFault::NotHttps, "it is not https"),
            ("https://app.example:8443/hooks", UrlFault::Port, "it has a port"),
            ("https://localhost/hooks", UrlFault::NotPublic, "its host is not public"),
        ] {
            let made = client.webhooks().register(url).await;
            let said = format!("URL does not meet the requirements: {why}");
            says(made, ErrorCause::UrlRefused(fault), (form, Bearer, 400), ("UrlValidationFailed", &said));
        }
    }
}

#[tokio::test]
async fn duplicates_and_missing_objects_are_reported() {
    for form in FORMS {
        let fixture = Fixture::with(|settings| {
            (settings.limits.webhooks, settings.limits.users) = (2, 1);
            settings.limits.activity_subscriptions = 1;
            settings.contradictions.errors = form;
        })
        .await;
        let webhook = fixture.webhook(MockApi::V2).await;
        let (id, url) = (webhook.id.as_str(), fixture.receiver.url.as_str());
        let (hooks, links) = (fixture.client.webhooks(), fixture.client.stream_links());
        let (aaa, activity) = (fixture.client.account_activity(), fixture.client.activity());
        let url_exists = ("DuplicateUrlFailed", "Webhook URL already exists");
        let too_many = ("WebhookLimitExceeded", "Webhook limit exceeded");
        says(hooks.register(url).await, DuplicateUrl, (form, Bearer, 400), url_exists);
        hooks.register(&format!("{url}/2")).await.unwrap();
        says(hooks.register(&format!("{url}/3")).await, LimitReached, (form, Bearer, 400), too_many);

        let none = ("WebhookIdInvalid", "Webhook does not exist or is associated with a different application");
        let of_bearer = ["webhooks.delete", "webhooks.replay", "aaa.subscribers", "aaa.unsubscribe"];
        for name in of_bearer.into_iter().chain(["links.create", "links.delete"]) {
            says(call(&fixture.client, name).await, NoSuchWebhook, (form, Bearer, 400), none);
        }
        for name in ["aaa.subscribe", "aaa.is_subscribed"] {
            says(call(&fixture.client, name).await, NoSuchWebhook, (form, User, 400), none);
        }
        let news = || NewSubscription::new("news.new", Filter::keyword("tea"));
        says(hooks.validate("1").await, NoSuchWebhook, (form, Bearer, 400), none);
        says(activity.create(&news().webhook("1")).await, NoSuchWebhook, (form, Bearer, 400), none);

        aaa.subscribe(id, USER).await.unwrap();
        let duplicate = ("DuplicateSubscriptionFailed", "Subscription already exists");
        let full = ("SubscriptionLimitExceeded", "Subscription limit exceeded");
        let missing = ("SubscriptionNotFound", "Subscription does not exist");
        says(aaa.subscribe(id, USER).await, AlreadySubscribed, (form, User, 400), duplicate);
        says(aaa.subscribe(id, OTHER).await, LimitReached, (form, User, 400), full);
        says(aaa.unsubscribe(id, OTHER).await, NotSubscribed, (form, Bearer, 400), missing);
        says(links.delete(id).await, NotSubscribed, (form, Bearer, 400), missing);

        let like = NewSubscription::new("like.create", Filter::user(USER)).webhook(id);
        activity.create(&like).await.unwrap();
        says(activity.create(&like).await, AlreadySubscribed, (form, User2, 400), duplicate);
        says(activity.create(&like.webhook("2")).await, NoSuchWebhook, (form, User2, 400), none);
        says(activity.create(&news()).await, LimitReached, (form, Bearer, 400), full);
        let text = "Could not find subscription with subscription_id: [77].";
        plain(activity.delete("77").await, NotSubscribed, (form, Bearer, 404), text);
        plain(activity.update("77", &SubscriptionChange::tag("t")).await, NotSubscribed, (form, Bearer, 404), text);
    }
}

#[tokio::test]
async fn invalid_subscriptions_are_reported() {
    let fixture = Fixture::new().await;
    for (new, why) in [
        (NewSubscription::new("tea.drunk", Filter::user(USER)), "event type \"tea.drunk\" does not exist"),
        (NewSubscription::new("news.new", Filter::default()), "filter must have"),
        (NewSubscription::new("news.new", Filter::keyword("")), "filter.keyword must have"),
        (NewSubscription::new("news.new", Filter::keyword("tea")).tag("x".repeat(201)), "tag must have"),
        (NewSubscription::new("follow.follow", Filter::user("ada")), "filter.user_id must be"),
    ] {
        let error = fixture.client.activity().create(&new).await.unwrap_err();
        assert_eq!((error.cause(), error.status().unwrap().as_u16()), (&ErrorCause::Invalid, 400), "{error}");
        assert!(error.message().unwrap().contains(why), "{error}");
        check_general(&error);
    }
}

#[tokio::test]
async fn missing_permissions_name_the_cause() {
    for form in FORMS {
        let fixture = Fixture::of(|all| (all.errors, all.webhook_auth) = (form, WebhookAuth::BearerOrOwner)).await;
        let webhook = fixture.webhook(MockApi::V2).await;
        let owner = AccessToken::new("1-x", "x");
        let nobody = Credentials::new(ConsumerKeys::new("x", "x")).bearer("x").owner(owner);
        let (nobody, _) = fixture.client_with(nobody);
        let stranger = nobody.only(Owner);
        plain(nobody.webhooks().list().await, Unauthenticated, (form, Bearer, 401), "Unauthorized");
        let made = stranger.webhooks().register("https://app.example").await;
        plain(made, Unauthenticated, (form, Owner, 401), "Unauthorized");

        // Credentials of the wrong kind, and of the right kind but of another user or with too few
        // permissions.
        let (by_owner, by_bearer) = (fixture.client.only(Owner), fixture.client.only(Bearer));
        let text = "Authenticating with OAuth 1.0a User Context is forbidden for this endpoint.  Supported authentication types are [OAuth 2.0 Application-Only].";
        let error = plain(by_owner.webhooks().list().await, WrongCredential, (form, Owner, 403), text);
        let kind = "wrong kind of credentials for this call: it needs the app's bearer token (403";
        assert!(error.to_string().contains(kind), "{error}");
        let text = "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].";
        let made = by_bearer.account_activity().subscribe(&webhook.id, USER).await;
        plain(made, WrongCredential, (form, Bearer, 403), text);
        let like = NewSubscription::new("like.create", Filter::user(USER));
        let text = "event type like.create is private: it needs a token of the user concerned";
        plain(by_bearer.activity().create(&like).await, WrongCredential, (form, Bearer, 403), text);

        let user = fixture.x.user(USER);
        fixture.x.restrict(&user, &["tweet.read", "users.read"]);
        let made = fixture.client.only(User2).account_activity().subscribe(&webhook.id, USER).await;
        plain(made, Permission, (form, User2, 403), "Forbidden");
        fixture.x.set_permission(AppPermission::ReadWrite);
        let writer = fixture.x.user("5005");
        let (writer, _) = fixture.client_with(credentials(fixture.x.app()).user("5005", token(&writer)));
        let made = writer.account_activity().subscribe(&webhook.id, "5005").await;
        plain(made, Permission, (form, User, 403), "Forbidden");
    }
}

#[tokio::test]
async fn an_account_without_the_product_is_reported() {
    for form in FORMS {
        let fixture = Fixture::with(|settings| {
            *settings = settings.clone().plan(AccessTier::PayPerUse);
            settings.contradictions.errors = form;
        })
        .await;
        let error = fixture.client.stream_links().create("1", &[]).await.unwrap_err();
        let text = "When authenticating requests to this endpoint, you must use credentials of an app whose account has access to it.";
        let reason = (form == ErrorForm::Problem).then_some("client-not-enrolled");
        let code = (form == ErrorForm::Code).then_some(403);
        let (cause, credential, status) = (ErrorCause::NotAllowed, Bearer, 403);
        check(&error, &Expected { cause, credential, status, code, reason, message: Some(text) });
    }
}

#[tokio::test]
async fn every_refusal_of_a_replay_is_reported() {
    for form in FORMS {
        let fixture = Fixture::of(|all| all.errors = form).await;
        let webhook = fixture.webhook(MockApi::V2).await;
        fixture.x.subscribe(&webhook, USER).unwrap();
        fixture.x.emit(MockEventKind::Like, USER);
        fixture.x.settle().await;
        let hooks = fixture.client.webhooks();
        for (from, to, why) in [
            ("23T09:00", "23T09:10", "from_date: [202611230900] is not in the past."),
            ("23T08:00", "23T09:21", "to_date: [202611230921] is not in the past."),
            ("22T09:29", "22T10:00", "from_date must be within the past 24 hours."),
        ] {
            let error = hooks.replay(&webhook.id, span(from, to)).await.unwrap_err();
            assert_eq!((error.cause(), error.status().unwrap().as_u16()), (&ErrorCause::ReplayDates, 400), "{error}");
            assert!(error.message().unwrap().ends_with(why), "{error}");
            check_general(&error);
        }
        fixture.x.clock().advance(Duration::from_secs(3600)).await;
        fixture.x.hold();
        let job = span("23T09:30", "23T09:31");
        hooks.replay(&webhook.id, job).await.unwrap();
        let text = "A replay job is already in progress for this webhook";
        says(hooks.replay(&webhook.id, job).await, ReplayUnderWay, (form, Bearer, 409), ("ReplayConflictError", text));

        let fixture = Fixture::of(|all| all.errors = form).await;
        let webhook = fixture.webhook(MockApi::V2).await;
        fixture.receiver.crc(Crc::OtherSecret);
        let good = span("23T08:00", "23T08:10");
        let made = fixture.client.webhooks().replay(&webhook.id, good).await;
        let text = "URL returned bad response during CRC with error: Invalid `response_token`";
        let failed = ErrorCause::ChallengeFailed(ChallengeFault::WrongToken);
        says(made, failed, (form, Bearer, 400), ("CrcValidationFailed", text));
        let made = fixture.client.webhooks().replay(&webhook.id, good).await;
        let text = "Webhook is marked invalid and requires a CRC check";
        says(made, WebhookInvalid, (form, Bearer, 400), ("CrcValidationFailed", text));
    }
}

#[tokio::test]
async fn outages_are_reported_with_x_s_message() {
    for form in FORMS {
        let fixture = Fixture::of(|all| all.errors = form).await;
        let internal = (Outage::Internal, 500, "Internal Server Error");
        for (outage, status, text) in [internal, (Outage::Unavailable, 503, "Service Unavailable")] {
            fixture.x.set_outage(Some(outage));
            plain(fixture.client.webhooks().list().await, Down, (form, Bearer, status), text);
            plain(fixture.client.account_activity().is_subscribed("1", USER).await, Down, (form, User, status), text);
        }
    }
}
