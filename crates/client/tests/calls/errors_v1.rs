//! All documented errors of 1.1, as the mock X reports them.

use std::fmt::Debug;
use std::time::Duration;

use birdhook_client::CredentialKind::{self, Bearer, Owner, User};
use birdhook_client::ErrorCause::{
    self, AlreadySubscribed, ChallengeFailed, Down, LimitReached, NoSuchWebhook, NotAllowed, NotSubscribed, Permission,
    ReplayDates, ReplayUnderWay, Unauthenticated, UrlRefused, WebhookInvalid, WrongCredential,
};
use birdhook_client::{ChallengeFault, Client, Error, UrlFault};
use birdhook_testkit::mock::{AccessTier, MockApi, MockSettings, Outage, Permission as AppPermission};
use birdhook_testkit::{MockEventKind, MockX};

use crate::calls::every_call::call;
use crate::calls::expected::{Expected, check};
use crate::calls::fixture::{Fixture, OTHER, client, everything};
use crate::support::receiver::Crc;
use crate::support::{USER, credentials, span, token};

const URL: &str = "Webhook URL does not meet the requirements.";
const NONE: &str = "Webhook does not exist or is associated with a different twitter application.";
const PAGE: &str = "Sorry, that page does not exist.";
const FULL: &str = "Too many resources already created.";

/// The kind of credentials of a call, and the status and code of its error.
type Of = (CredentialKind, u16, i64);

/// Checks the error of a call, and returns it.
fn says<T: Debug>(made: Result<T, Error>, cause: ErrorCause, (credential, status, code): Of, message: &str) -> Error {
    let (error, message) = (made.unwrap_err(), Some(message));
    check(&error, &Expected { cause, credential, status, code: Some(code), reason: None, message });
    error
}

#[tokio::test]
async fn a_failed_challenge_names_the_fault() {
    let latency = "High latency on CRC GET request. Your webhook should respond in less than 3 seconds.";
    let token = "Webhook URL does not meet the requirements. Invalid CRC token or json response format.";
    let status = "Non-200 response code during CRC GET request (i.e. 404, 500, etc).";
    for (crc, fault, message) in [
        (Crc::OtherSecret, ChallengeFault::WrongToken, token),
        (Crc::Status(404), ChallengeFault::Status, status),
        (Crc::Hang, ChallengeFault::TooSlow, latency),
    ] {
        let hangs = crc == Crc::Hang;
        let patience = if hangs { Duration::from_millis(200) } else { Duration::from_secs(3) };
        let fixture = Fixture::with(|settings| settings.timeout = patience).await;
        let (hooks, cause) = (fixture.client.enterprise(), ChallengeFailed(fault));
        fixture.receiver.crc(crc);
        says(hooks.register(&fixture.receiver.url).await, cause.clone(), (Owner, 403, 214), message);
        let premium = fixture.client.premium("dev");
        says(premium.register(&fixture.receiver.url).await, cause.clone(), (Owner, 403, 214), message);
        fixture.receiver.crc(Crc::Right);
        let made = hooks.register(&fixture.receiver.url).await.unwrap();
        fixture.receiver.crc(crc);
        says(hooks.challenge(&made.id).await, cause, (Owner, 403, 214), message);
    }
}

#[tokio::test]
async fn a_refused_url_names_the_fault() {
    let x = MockX::start(MockSettings::default()).await.unwrap();
    let (client, _) = client(&x, everything(&x));
    let long = format!("https://app.example/{}", "x".repeat(200));
    for (url, fault) in [
        ("nonsense", UrlFault::Malformed),
        ("https://me@app.example/", UrlFault::Malformed),
        (&long, UrlFault::TooLong),
        ("http://app.example/hooks", UrlFault::NotHttps),
        ("https://app.example:8443/hooks", UrlFault::Port),
        ("https://192.168.1.7/hooks", UrlFault::NotPublic),
    ] {
        says(client.enterprise().register(url).await, UrlRefused(fault), (Owner, 403, 214), URL);
        says(client.premium("dev").register(url).await, UrlRefused(fault), (Owner, 403, 214), URL);
    }
}

#[tokio::test]
async fn missing_objects_and_reached_limits_are_reported() {
    let fixture = Fixture::with(|settings| (settings.limits.webhooks, settings.limits.users) = (2, 1)).await;
    let webhook = fixture.webhook(MockApi::Enterprise).await;
    let (hooks, id) = (fixture.client.enterprise(), webhook.id.as_str());
    hooks.subscribe(id, USER).await.unwrap();
    // 1.1 uses the same error for a duplicate URL and for too many webhooks.
    let url = &fixture.receiver.url;
    says(hooks.register(url).await, LimitReached, (Owner, 403, 214), FULL);
    hooks.register(&format!("{url}/2")).await.unwrap();
    says(hooks.register(&format!("{url}/3")).await, LimitReached, (Owner, 403, 214), FULL);
    says(hooks.subscribe(id, OTHER).await, LimitReached, (User, 403, 214), FULL);
    says(hooks.subscribe(id, USER).await, AlreadySubscribed, (User, 409, 355), "Subscription already exists.");

    for (credential, names) in [
        (Owner, ["enterprise.challenge", "enterprise.delete", "premium.challenge", "premium.delete"].as_slice()),
        (User, &["enterprise.subscribe", "enterprise.is_subscribed", "premium.subscribe", "premium.is_subscribed"]),
        (Bearer, &["enterprise.subscribers", "enterprise.unsubscribe", "premium.subscribers", "premium.unsubscribe"]),
    ] {
        for name in names {
            says(call(&fixture.client, name).await, NoSuchWebhook, (credential, 404, 34), NONE);
        }
    }
    says(hooks.unsubscribe(id, OTHER).await, NotSubscribed, (Bearer, 404, 34), PAGE);
    assert!(!hooks.is_subscribed(id, OTHER).await.unwrap());

    // A webhook of another app.
    let second = fixture.x.add_app("second").unwrap();
    let (other, _) = fixture.client_with(credentials(&second));
    says(other.enterprise().challenge(id).await, NoSuchWebhook, (Owner, 404, 34), NONE);
    says(other.enterprise().subscribers(id).await, NoSuchWebhook, (Bearer, 404, 34), NONE);
}

#[tokio::test]
async fn premium_reports_subscriptions_like_enterprise() {
    let fixture = Fixture::new().await;
    let dev = fixture.client.premium("dev");
    dev.register(&fixture.receiver.url).await.unwrap();
    dev.subscribe(USER).await.unwrap();
    says(dev.subscribe(USER).await, AlreadySubscribed, (User, 409, 355), "Subscription already exists.");
    says(dev.unsubscribe(OTHER).await, NotSubscribed, (Bearer, 404, 34), PAGE);
    says(dev.register(&format!("{}/2", fixture.receiver.url)).await, LimitReached, (Owner, 403, 214), FULL);
}

#[tokio::test]
async fn missing_permissions_name_the_cause() {
    let fixture = Fixture::new().await;
    let webhook = fixture.webhook(MockApi::Enterprise).await;
    let write = "Application cannot perform write actions.";
    let (url, id) = (fixture.receiver.url.as_str(), webhook.id.as_str());

    // Keys and tokens that X does not know.
    let nobody = || {
        let owner = birdhook_client::AccessToken::new("1-x", "x");
        birdhook_client::Credentials::new(birdhook_client::ConsumerKeys::new("x", "x")).bearer("x").owner(owner)
    };
    let (stranger, _) = fixture.client_with(nobody());
    let unknown = "Could not authenticate you.";
    let hooks = stranger.enterprise();
    says(hooks.register(url).await, Unauthenticated, (Owner, 401, 32), unknown);
    says(hooks.count().await, Unauthenticated, (Bearer, 401, 32), unknown);

    // Credentials of the wrong kind.
    let bearer = fixture.client.only(Bearer);
    says(bearer.enterprise().register(url).await, WrongCredential, (Bearer, 403, 261), write);
    says(bearer.enterprise().subscribe(id, USER).await, WrongCredential, (Bearer, 403, 261), write);
    let owner = fixture.client.only(Owner);
    let access = "You don't have access to this resource.";
    says(owner.enterprise().list().await, WrongCredential, (Owner, 403, 99), access);
    says(owner.enterprise().count().await, WrongCredential, (Owner, 401, 32), unknown);
    let app_only = "Invalid authentication method. Please use application-only authentication.";
    let span = span("23T08:00", "23T08:10");
    let replay = says(owner.enterprise().replay(id, span).await, WrongCredential, (Owner, 401, 32), app_only);
    let kind = "wrong kind of credentials for this call: it needs the app's bearer token";
    assert!(replay.to_string().contains(kind), "{replay}");

    // A user who is not the owner, and tokens with too few permissions.
    let not_owner = credentials(fixture.x.app()).owner(token(&fixture.x.user(USER)));
    let (not_owner, _) = fixture.client_with(not_owner);
    says(not_owner.enterprise().register(url).await, NotAllowed, (Owner, 403, 200), "Forbidden.");
    fixture.x.set_permission(AppPermission::ReadWrite);
    let writer = fixture.x.user("5005");
    let (writer, _) = fixture.client_with(credentials(fixture.x.app()).user("5005", token(&writer)));
    let text = "Client application is not permitted to access this user's webhook subscriptions.";
    let error = says(writer.enterprise().subscribe(id, "5005").await, Permission, (User, 403, 348), text);
    assert!(error.fix().contains("issued tokens keep their permissions"));
    fixture.x.set_permission(AppPermission::Read);
    let reader = fixture.x.add_app("reader").unwrap();
    let (reader, _) = fixture.client_with(credentials(&reader));
    says(reader.enterprise().register(url).await, Permission, (Owner, 403, 261), write);
}

#[tokio::test]
async fn an_account_without_the_product_is_reported() {
    let fixture = Fixture::with(|settings| *settings = settings.clone().plan(AccessTier::PayPerUse)).await;
    let hooks = fixture.client.enterprise();
    says(hooks.list().await, NotAllowed, (Bearer, 403, 200), "Forbidden.");
    let span = span("23T08:00", "23T08:10");
    let text = "Account Activity API enterprise account with replay is required. Please confirm you have an enterprise account and replay is enabled.";
    says(hooks.replay("1", span).await, NotAllowed, (Bearer, 403, 200), text);
}

#[tokio::test]
async fn every_refusal_of_a_replay_is_reported() {
    let fixture = Fixture::with(|settings| settings.rate_limits = false).await;
    let webhook = fixture.webhook(MockApi::Enterprise).await;
    let (hooks, id) = (fixture.client.enterprise(), webhook.id.as_str());
    let good = span("23T08:00", "23T08:10");
    for (from, to, code, message) in [
        ("23T09:00", "23T09:10", 368, "from_date: [202611230900] is not in the past."),
        ("23T08:00", "23T09:21", 368, "to_date: [202611230921] is not in the past."),
        ("18T09:29", "18T10:00", 356, "from_date must be within the past 5 days."),
    ] {
        says(hooks.replay(id, span(from, to)).await, ReplayDates, (Bearer, 400, code), message);
    }
    says(hooks.replay("1", good).await, NoSuchWebhook, (Bearer, 404, 34), NONE);
    let negative = "webhook_id: [-1] is not greater than or equal to 0.";
    says(hooks.replay("-1", good).await, NoSuchWebhook, (Bearer, 400, 360), negative);
    let unparsable = "Unable to parse webhook_id parameter.";
    says(hooks.replay("abc", good).await, NoSuchWebhook, (Bearer, 400, 358), unparsable);
}

#[tokio::test]
async fn a_replay_needs_a_valid_webhook_and_no_running_job() {
    let fixture = Fixture::new().await;
    let webhook = fixture.webhook(MockApi::Enterprise).await;
    fixture.x.subscribe(&webhook, USER).unwrap();
    fixture.x.emit(MockEventKind::Like, USER);
    fixture.x.settle().await;
    fixture.x.clock().advance(Duration::from_secs(3600)).await;
    fixture.x.hold();
    let minute = span("23T09:30", "23T09:31");
    let hooks = fixture.client.enterprise();
    hooks.replay(&webhook.id, minute).await.unwrap();
    let text = "A replay job is already in progress for this webhook.";
    assert!(says(hooks.replay(&webhook.id, minute).await, ReplayUnderWay, (Bearer, 409, 355), text).is_retryable());

    let other = Fixture::new().await;
    let webhook = other.webhook(MockApi::Enterprise).await;
    other.receiver.crc(Crc::Status(500));
    let marked = "Webhook is marked invalid and requires a CRC check.";
    let span = span("23T08:00", "23T08:10");
    for _ in 0..2 {
        // The first call fails X's challenge before the replay. The second is not challenged.
        says(other.client.enterprise().replay(&webhook.id, span).await, WebhookInvalid, (Bearer, 400, 214), marked);
    }
}

#[tokio::test]
async fn outages_are_reported_with_x_s_message() {
    let fixture = Fixture::new().await;
    let again = "Twitter server error. Retry using an exponential backoff pattern.";
    let outages = [(Outage::Internal, 500, 0, "Internal server error."), (Outage::Unavailable, 503, 67, again)];
    for (outage, status, code, message) in outages {
        fixture.x.set_outage(Some(outage));
        let client: &Client = &fixture.client;
        says(client.enterprise().list().await, Down, (Bearer, status, code), message);
        says(client.premium("dev").delete("1").await, Down, (Owner, status, code), message);
    }
}
