//! All documented errors of v2, in both forms, as the mock X reports them.

use std::time::Duration;

use birdhook_client::api::{Filter, NewSubscription, ReplaySpan};
use birdhook_client::{
    AccessToken, ChallengeFault, ConsumerKeys, CredentialKind, Credentials, Error, ErrorCause, UrlFault,
};
use birdhook_testkit::mock::{AccessTier, ErrorForm, MockApi, MockSettings, Outage, Permission, WebhookAuth};
use birdhook_testkit::{MockEventKind, MockX};

use crate::calls::expected::{Expected, check, check_general};
use crate::calls::fixture::{Fixture, OTHER, client, everything};
use crate::support::receiver::Crc;
use crate::support::{USER, at, credentials, token};

use CredentialKind::{Bearer, Owner, User, User2};

const FORMS: [ErrorForm; 2] = [ErrorForm::Problem, ErrorForm::Code];

/// Checks an error with one of X's reasons.
#[expect(clippy::needless_pass_by_value, reason = "rows of a table are read better")]
fn says(form: ErrorForm, error: Error, cause: ErrorCause, credential: CredentialKind, status: u16, said: (&str, &str)) {
    let (reason, text) = said;
    let short = format!("{reason}: {text}");
    let long = format!("One or more parameters to your request was invalid. {short}");
    let (code, message) = match form {
        ErrorForm::Problem => (None, &short),
        _ => (Some(i64::from(status)), &long),
    };
    check(&error, &Expected { cause, credential, status, code, reason: Some(reason), message: Some(message) });
}

/// Checks an error without a reason.
#[expect(clippy::needless_pass_by_value, reason = "rows of a table are read better")]
fn plain(form: ErrorForm, error: Error, cause: ErrorCause, credential: CredentialKind, status: u16, message: &str) {
    let code = (form == ErrorForm::Code).then_some(i64::from(status));
    check(&error, &Expected { cause, credential, status, code, reason: None, message: Some(message) });
}

#[tokio::test]
async fn a_failed_challenge_names_the_fault() {
    let bad = "URL returned bad response during CRC with error: ";
    for form in FORMS {
        for (crc, fault, why) in [
            (Crc::OtherSecret, ChallengeFault::WrongToken, "Invalid `response_token`"),
            (Crc::Status(302), ChallengeFault::Unknown, "the response is a redirect (status 302 Found)"),
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
            let error = fixture.client.webhooks().register(&fixture.receiver.url).await.unwrap_err();
            // A redirect counts as a wrong status.
            let fault = if fault == ChallengeFault::Unknown { ChallengeFault::Status } else { fault };
            let said = format!("{bad}{why}");
            says(form, error, ErrorCause::ChallengeFailed(fault), Bearer, 400, ("CrcValidationFailed", &said));
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
            let error = client.webhooks().register(url).await.unwrap_err();
            let said = format!("URL does not meet the requirements: {why}");
            says(form, error, ErrorCause::UrlRefused(fault), Bearer, 400, ("UrlValidationFailed", &said));
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
        let (hooks, aaa, activity) =
            (fixture.client.webhooks(), fixture.client.account_activity(), fixture.client.activity());
        let says = |error, cause, kind, reason, text| says(form, error, cause, kind, 400, (reason, text));

        let error = hooks.register(url).await.unwrap_err();
        says(error, ErrorCause::DuplicateUrl, Bearer, "DuplicateUrlFailed", "Webhook URL already exists");
        hooks.register(&format!("{url}/2")).await.unwrap();
        let error = hooks.register(&format!("{url}/3")).await.unwrap_err();
        says(error, ErrorCause::LimitReached, Bearer, "WebhookLimitExceeded", "Webhook limit exceeded");

        let none = |error, kind| {
            let text = "Webhook does not exist or is associated with a different application";
            says(error, ErrorCause::NoSuchWebhook, kind, "WebhookIdInvalid", text);
        };
        let good = ReplaySpan::around(at("2026-11-23T08:00:00Z"), at("2026-11-23T08:10:00Z")).unwrap();
        none(hooks.validate("1").await.unwrap_err(), Bearer);
        none(hooks.delete("1").await.unwrap_err(), Bearer);
        none(hooks.replay("1", good).await.unwrap_err(), Bearer);
        none(aaa.subscribe("1", USER).await.unwrap_err(), User);
        none(aaa.is_subscribed("1", USER).await.unwrap_err(), User);
        none(aaa.subscribers("1").await.unwrap_err(), Bearer);
        none(aaa.unsubscribe("1", USER).await.unwrap_err(), Bearer);
        none(fixture.client.stream_links().create("1", &[]).await.unwrap_err(), Bearer);
        none(fixture.client.stream_links().delete("1").await.unwrap_err(), Bearer);
        let lost = NewSubscription::new("news.new", Filter::keyword("tea")).webhook("1");
        none(activity.create(&lost).await.unwrap_err(), Bearer);

        aaa.subscribe(id, USER).await.unwrap();
        let duplicate = ("DuplicateSubscriptionFailed", "Subscription already exists");
        let full = ("SubscriptionLimitExceeded", "Subscription limit exceeded");
        let missing = ("SubscriptionNotFound", "Subscription does not exist");
        let error = aaa.subscribe(id, USER).await.unwrap_err();
        says(error, ErrorCause::AlreadySubscribed, User, duplicate.0, duplicate.1);
        says(aaa.subscribe(id, OTHER).await.unwrap_err(), ErrorCause::LimitReached, User, full.0, full.1);
        says(aaa.unsubscribe(id, OTHER).await.unwrap_err(), ErrorCause::NotSubscribed, Bearer, missing.0, missing.1);
        let error = fixture.client.stream_links().delete(id).await.unwrap_err();
        says(error, ErrorCause::NotSubscribed, Bearer, missing.0, missing.1);

        let like = NewSubscription::new("like.create", Filter::user(USER)).webhook(id);
        activity.create(&like).await.unwrap();
        let error = activity.create(&like).await.unwrap_err();
        says(error, ErrorCause::AlreadySubscribed, User2, duplicate.0, duplicate.1);
        let error = activity.create(&like.webhook("2")).await.unwrap_err();
        none(error, User2);
        let error = activity.create(&NewSubscription::new("news.new", Filter::keyword("tea"))).await.unwrap_err();
        says(error, ErrorCause::LimitReached, Bearer, full.0, full.1);
        for error in [activity.delete("77").await.unwrap_err(), update(&fixture, "77").await] {
            let text = "Could not find subscription with subscription_id: [77].";
            plain(form, error, ErrorCause::NotSubscribed, Bearer, 404, text);
        }
    }
}

async fn update(fixture: &Fixture, id: &str) -> Error {
    fixture.client.activity().update(id, &birdhook_client::api::SubscriptionChange::tag("t")).await.unwrap_err()
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
        let plain = |error, cause, kind, status, text| plain(form, error, cause, kind, status, text);
        let owner = AccessToken::new("1-x", "x");
        let nobody = Credentials::new(ConsumerKeys::new("x", "x")).bearer("x").owner(owner);
        let (nobody, _) = fixture.client_with(nobody);
        plain(nobody.webhooks().list().await.unwrap_err(), ErrorCause::Unauthenticated, Bearer, 401, "Unauthorized");
        let error = nobody.only(Owner).webhooks().register("https://app.example").await.unwrap_err();
        plain(error, ErrorCause::Unauthenticated, Owner, 401, "Unauthorized");

        // Credentials of the wrong kind, and of the right kind but of another user or with too few
        // permissions.
        let error = fixture.client.only(Owner).webhooks().list().await.unwrap_err();
        assert!(
            error.to_string().contains("wrong kind of credentials for this call: it needs the app's bearer token (403"),
            "{error}"
        );
        let text = "Authenticating with OAuth 1.0a User Context is forbidden for this endpoint.  Supported authentication types are [OAuth 2.0 Application-Only].";
        plain(error, ErrorCause::WrongCredential, Owner, 403, text);
        let error = fixture.client.only(Bearer).account_activity().subscribe(&webhook.id, USER).await.unwrap_err();
        let text = "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint.  Supported authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].";
        plain(error, ErrorCause::WrongCredential, Bearer, 403, text);
        let like = NewSubscription::new("like.create", Filter::user(USER));
        let error = fixture.client.only(Bearer).activity().create(&like).await.unwrap_err();
        let text = "event type like.create is private: it needs a token of the user concerned";
        plain(error, ErrorCause::WrongCredential, Bearer, 403, text);

        let user = fixture.x.user(USER);
        fixture.x.restrict(&user, &["tweet.read", "users.read"]);
        let by_oauth2 = fixture.client.only(User2);
        let error = by_oauth2.account_activity().subscribe(&webhook.id, USER).await.unwrap_err();
        plain(error, ErrorCause::Permission, User2, 403, "Forbidden");
        fixture.x.set_permission(Permission::ReadWrite);
        let writer = fixture.x.user("5005");
        let (writer, _) = fixture.client_with(credentials(fixture.x.app()).user("5005", token(&writer)));
        let error = writer.account_activity().subscribe(&webhook.id, "5005").await.unwrap_err();
        plain(error, ErrorCause::Permission, User, 403, "Forbidden");
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
        let span = |from: &str, to: &str| {
            let at = |time: &str| at(&format!("2026-11-{time}:00Z"));
            ReplaySpan::around(at(from), at(to)).unwrap()
        };
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
        let error = hooks.replay(&webhook.id, job).await.unwrap_err();
        says(form, error, ErrorCause::ReplayUnderWay, Bearer, 409, ("ReplayConflictError", text));

        let fixture = Fixture::of(|all| all.errors = form).await;
        let webhook = fixture.webhook(MockApi::V2).await;
        fixture.receiver.crc(Crc::OtherSecret);
        let good = span("23T08:00", "23T08:10");
        let error = fixture.client.webhooks().replay(&webhook.id, good).await.unwrap_err();
        let text = "URL returned bad response during CRC with error: Invalid `response_token`";
        let failed = ErrorCause::ChallengeFailed(ChallengeFault::WrongToken);
        says(form, error, failed, Bearer, 400, ("CrcValidationFailed", text));
        let error = fixture.client.webhooks().replay(&webhook.id, good).await.unwrap_err();
        let text = "Webhook is marked invalid and requires a CRC check";
        says(form, error, ErrorCause::WebhookInvalid, Bearer, 400, ("CrcValidationFailed", text));
    }
}

#[tokio::test]
async fn outages_are_reported_with_x_s_message() {
    for form in FORMS {
        let fixture = Fixture::of(|all| all.errors = form).await;
        let internal = (Outage::Internal, 500, "Internal Server Error");
        for (outage, status, text) in [internal, (Outage::Unavailable, 503, "Service Unavailable")] {
            fixture.x.set_outage(Some(outage));
            plain(form, fixture.client.webhooks().list().await.unwrap_err(), ErrorCause::Down, Bearer, status, text);
            let error = fixture.client.account_activity().is_subscribed("1", USER).await.unwrap_err();
            plain(form, error, ErrorCause::Down, User, status, text);
        }
    }
}
