//! All documented errors of 1.1, as the mock X reports them.

use std::time::Duration;

use birdhook_client::api::ReplaySpan;
use birdhook_client::{ChallengeFault, Client, CredentialKind, Error, ErrorCause, UrlFault};
use birdhook_testkit::mock::{AccessTier, MockApi, MockSettings, Outage, Permission};
use birdhook_testkit::{MockEventKind, MockX};

use crate::calls::receiver::Crc;
use crate::calls::stated::{Stated, check};
use crate::calls::world::{OTHER, USER, World, at, client, credentials, everything, token};

use CredentialKind::{Bearer, Owner, User};

const URL: &str = "Webhook URL does not meet the requirements.";
const NONE: &str = "Webhook does not exist or is associated with a different twitter application.";
const PAGE: &str = "Sorry, that page does not exist.";
const FULL: &str = "Too many resources already created.";

#[expect(clippy::needless_pass_by_value, reason = "rows of a table are read better")]
fn says(error: Error, cause: ErrorCause, credential: CredentialKind, (status, code): (u16, i64), message: &str) {
    let message = Some(message);
    check(&error, &Stated { cause, credential, status, code: Some(code), reason: None, message });
}

#[tokio::test]
async fn a_challenge_that_fails_says_why() {
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
        let world = World::with(|settings| settings.timeout = patience).await;
        let (hooks, cause) = (world.client.enterprise(), ErrorCause::ChallengeFailed(fault));
        world.receiver.crc(crc);
        says(hooks.register(&world.receiver.url).await.unwrap_err(), cause.clone(), Owner, (403, 214), message);
        let premium = world.client.premium("dev");
        says(premium.register(&world.receiver.url).await.unwrap_err(), cause.clone(), Owner, (403, 214), message);
        world.receiver.crc(Crc::Right);
        let made = hooks.register(&world.receiver.url).await.unwrap();
        world.receiver.crc(crc);
        says(hooks.challenge(&made.id).await.unwrap_err(), cause, Owner, (403, 214), message);
    }
}

#[tokio::test]
async fn a_url_that_x_does_not_take_says_what_is_wrong_with_it() {
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
        let error = client.enterprise().register(url).await.unwrap_err();
        says(error, ErrorCause::UrlRefused(fault), Owner, (403, 214), URL);
        let error = client.premium("dev").register(url).await.unwrap_err();
        says(error, ErrorCause::UrlRefused(fault), Owner, (403, 214), URL);
    }
}

#[tokio::test]
async fn what_is_not_there_and_what_there_is_too_much_of_is_told() {
    let world = World::with(|settings| (settings.limits.webhooks, settings.limits.users) = (2, 1)).await;
    let webhook = world.webhook(MockApi::Enterprise).await;
    let (hooks, id) = (world.client.enterprise(), webhook.id.as_str());
    hooks.subscribe(id, USER).await.unwrap();
    // 1.1 uses the same error for a duplicate URL and for too many webhooks.
    let url = &world.receiver.url;
    says(hooks.register(url).await.unwrap_err(), ErrorCause::LimitReached, Owner, (403, 214), FULL);
    hooks.register(&format!("{url}/2")).await.unwrap();
    says(hooks.register(&format!("{url}/3")).await.unwrap_err(), ErrorCause::LimitReached, Owner, (403, 214), FULL);
    says(hooks.subscribe(id, OTHER).await.unwrap_err(), ErrorCause::LimitReached, User, (403, 214), FULL);
    let again = hooks.subscribe(id, USER).await.unwrap_err();
    says(again, ErrorCause::AlreadySubscribed, User, (409, 355), "Subscription already exists.");

    let none = ErrorCause::NoSuchWebhook;
    says(hooks.challenge("1").await.unwrap_err(), none.clone(), Owner, (404, 34), NONE);
    says(hooks.delete("1").await.unwrap_err(), none.clone(), Owner, (404, 34), NONE);
    says(hooks.subscribe("1", USER).await.unwrap_err(), none.clone(), User, (404, 34), NONE);
    says(hooks.is_subscribed("1", USER).await.unwrap_err(), none.clone(), User, (404, 34), NONE);
    says(hooks.subscribers("1").await.unwrap_err(), none.clone(), Bearer, (404, 34), NONE);
    says(hooks.unsubscribe("1", USER).await.unwrap_err(), none.clone(), Bearer, (404, 34), NONE);
    says(hooks.unsubscribe(id, OTHER).await.unwrap_err(), ErrorCause::NotSubscribed, Bearer, (404, 34), PAGE);
    assert!(!hooks.is_subscribed(id, OTHER).await.unwrap());

    let dev = world.client.premium("dev");
    says(dev.challenge("1").await.unwrap_err(), none.clone(), Owner, (404, 34), NONE);
    says(dev.delete("1").await.unwrap_err(), none.clone(), Owner, (404, 34), NONE);
    says(dev.subscribe(USER).await.unwrap_err(), none.clone(), User, (404, 34), NONE);
    says(dev.is_subscribed(USER).await.unwrap_err(), none.clone(), User, (404, 34), NONE);
    says(dev.subscribers().await.unwrap_err(), none.clone(), Bearer, (404, 34), NONE);
    says(dev.unsubscribe(USER).await.unwrap_err(), none.clone(), Bearer, (404, 34), NONE);

    // A webhook of another app.
    let second = world.x.add_app("second").unwrap();
    let (other, _) = world.client_with(credentials(&second));
    says(other.enterprise().challenge(id).await.unwrap_err(), none.clone(), Owner, (404, 34), NONE);
    says(other.enterprise().subscribers(id).await.unwrap_err(), none, Bearer, (404, 34), NONE);
}

#[tokio::test]
async fn premium_tells_subscriptions_as_enterprise_does() {
    let world = World::new().await;
    let dev = world.client.premium("dev");
    dev.register(&world.receiver.url).await.unwrap();
    dev.subscribe(USER).await.unwrap();
    let again = dev.subscribe(USER).await.unwrap_err();
    says(again, ErrorCause::AlreadySubscribed, User, (409, 355), "Subscription already exists.");
    says(dev.unsubscribe(OTHER).await.unwrap_err(), ErrorCause::NotSubscribed, Bearer, (404, 34), PAGE);
    let more = dev.register(&format!("{}/2", world.receiver.url)).await.unwrap_err();
    says(more, ErrorCause::LimitReached, Owner, (403, 214), FULL);
}

#[tokio::test]
async fn who_may_not_is_told_why() {
    let world = World::new().await;
    let webhook = world.webhook(MockApi::Enterprise).await;
    let write = "Application cannot perform write actions.";
    let (url, id) = (world.receiver.url.as_str(), webhook.id.as_str());

    // Keys and tokens that X does not know.
    let nobody = || {
        let owner = birdhook_client::AccessToken::new("1-x", "x");
        birdhook_client::Credentials::new(birdhook_client::ConsumerKeys::new("x", "x")).bearer("x").owner(owner)
    };
    let (stranger, _) = world.client_with(nobody());
    let unknown = "Could not authenticate you.";
    let hooks = stranger.enterprise();
    says(hooks.register(url).await.unwrap_err(), ErrorCause::Unauthenticated, Owner, (401, 32), unknown);
    says(hooks.count().await.unwrap_err(), ErrorCause::Unauthenticated, Bearer, (401, 32), unknown);

    // Credentials of the wrong kind.
    let bearer = world.client.only(Bearer);
    says(bearer.enterprise().register(url).await.unwrap_err(), ErrorCause::WrongCredential, Bearer, (403, 261), write);
    says(
        bearer.enterprise().subscribe(id, USER).await.unwrap_err(),
        ErrorCause::WrongCredential,
        Bearer,
        (403, 261),
        write,
    );
    let owner = world.client.only(Owner);
    let access = "You don't have access to this resource.";
    says(owner.enterprise().list().await.unwrap_err(), ErrorCause::WrongCredential, Owner, (403, 99), access);
    says(owner.enterprise().count().await.unwrap_err(), ErrorCause::WrongCredential, Owner, (401, 32), unknown);
    let app_only = "Invalid authentication method. Please use application-only authentication.";
    let span = ReplaySpan::around(at("2026-11-23T08:00:00Z"), at("2026-11-23T08:10:00Z")).unwrap();
    let replay = owner.enterprise().replay(id, span).await.unwrap_err();
    assert!(replay.to_string().contains("takes other credentials: the app's bearer token"), "{replay}");
    says(replay, ErrorCause::WrongCredential, Owner, (401, 32), app_only);

    // A user who is not the owner, and tokens with too few permissions.
    let not_owner = credentials(world.x.app()).owner(token(&world.x.user(USER)));
    let (not_owner, _) = world.client_with(not_owner);
    let error = not_owner.enterprise().register(url).await.unwrap_err();
    says(error, ErrorCause::NotAllowed, Owner, (403, 200), "Forbidden.");
    world.x.set_permission(Permission::ReadWrite);
    let writer = world.x.user("5005");
    let (writer, _) = world.client_with(credentials(world.x.app()).user("5005", token(&writer)));
    let text = "Client application is not permitted to access this user's webhook subscriptions.";
    let error = writer.enterprise().subscribe(id, "5005").await.unwrap_err();
    assert!(error.fix().contains("old tokens keep old permissions"));
    says(error, ErrorCause::Permission, User, (403, 348), text);
    world.x.set_permission(Permission::Read);
    let reader = world.x.add_app("reader").unwrap();
    let (reader, _) = world.client_with(credentials(&reader));
    says(reader.enterprise().register(url).await.unwrap_err(), ErrorCause::Permission, Owner, (403, 261), write);
}

#[tokio::test]
async fn an_account_without_the_product_is_told_so() {
    let world = World::with(|settings| *settings = settings.clone().plan(AccessTier::PayPerUse)).await;
    let hooks = world.client.enterprise();
    says(hooks.list().await.unwrap_err(), ErrorCause::NotAllowed, Bearer, (403, 200), "Forbidden.");
    let span = ReplaySpan::around(at("2026-11-23T08:00:00Z"), at("2026-11-23T08:10:00Z")).unwrap();
    let text = "Account Activity API enterprise account with replay is required. Please confirm you have an enterprise account and replay is enabled.";
    says(hooks.replay("1", span).await.unwrap_err(), ErrorCause::NotAllowed, Bearer, (403, 200), text);
}

#[tokio::test]
async fn every_refusal_of_a_replay_is_told() {
    let world = World::with(|settings| settings.rate_limits = false).await;
    let webhook = world.webhook(MockApi::Enterprise).await;
    let (hooks, id) = (world.client.enterprise(), webhook.id.as_str());
    let span = |from: &str, to: &str| {
        let at = |time: &str| at(&format!("2026-11-{time}:00Z"));
        ReplaySpan::around(at(from), at(to)).unwrap()
    };
    let good = span("23T08:00", "23T08:10");
    for (from, to, code, message) in [
        ("23T09:00", "23T09:10", 368, "from_date: [202611230900] is not in the past."),
        ("23T08:00", "23T09:21", 368, "to_date: [202611230921] is not in the past."),
        ("18T09:29", "18T10:00", 356, "from_date must be within the past 5 days."),
    ] {
        let error = hooks.replay(id, span(from, to)).await.unwrap_err();
        says(error, ErrorCause::ReplayDates, Bearer, (400, code), message);
    }
    let none = ErrorCause::NoSuchWebhook;
    says(hooks.replay("1", good).await.unwrap_err(), none.clone(), Bearer, (404, 34), NONE);
    let negative = "webhook_id: [-1] is not greater than or equal to 0.";
    says(hooks.replay("-1", good).await.unwrap_err(), none.clone(), Bearer, (400, 360), negative);
    let unparsable = "Unable to parse webhook_id parameter.";
    says(hooks.replay("abc", good).await.unwrap_err(), none, Bearer, (400, 358), unparsable);
}

#[tokio::test]
async fn a_replay_waits_for_the_one_under_way_and_takes_a_valid_webhook() {
    let world = World::new().await;
    let webhook = world.webhook(MockApi::Enterprise).await;
    world.x.subscribe(&webhook, USER).unwrap();
    world.x.emit(MockEventKind::Like, USER);
    world.x.settle().await;
    world.x.clock().advance(Duration::from_secs(3600)).await;
    world.x.hold();
    let span = ReplaySpan::around(at("2026-11-23T09:30:00Z"), at("2026-11-23T09:31:00Z")).unwrap();
    let hooks = world.client.enterprise();
    hooks.replay(&webhook.id, span).await.unwrap();
    let text = "A replay job is already in progress for this webhook.";
    let again = hooks.replay(&webhook.id, span).await.unwrap_err();
    assert!(again.is_retryable());
    says(again, ErrorCause::ReplayUnderWay, Bearer, (409, 355), text);

    let other = World::new().await;
    let webhook = other.webhook(MockApi::Enterprise).await;
    other.receiver.crc(Crc::Status(500));
    let marked = "Webhook is marked invalid and requires a CRC check.";
    let span = ReplaySpan::around(at("2026-11-23T08:00:00Z"), at("2026-11-23T08:10:00Z")).unwrap();
    for _ in 0..2 {
        // The first call fails X's challenge before the replay. The second is not challenged.
        let error = other.client.enterprise().replay(&webhook.id, span).await.unwrap_err();
        says(error, ErrorCause::WebhookInvalid, Bearer, (400, 214), marked);
    }
}

#[tokio::test]
async fn x_is_down_in_its_own_words() {
    let world = World::new().await;
    let again = "Twitter server error. Retry using an exponential backoff pattern.";
    let outages = [(Outage::Internal, 500, 0, "Internal server error."), (Outage::Unavailable, 503, 67, again)];
    for (outage, status, code, message) in outages {
        world.x.set_outage(Some(outage));
        let client: &Client = &world.client;
        says(client.enterprise().list().await.unwrap_err(), ErrorCause::Down, Bearer, (status, code), message);
        says(client.premium("dev").delete("1").await.unwrap_err(), ErrorCause::Down, Owner, (status, code), message);
    }
}
