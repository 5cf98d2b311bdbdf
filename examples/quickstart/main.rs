//! Runs an axum app against a mock X that sends it a user's events, and prints each event once.
//!
//! The mock X registers the app's webhook and challenges it. It reports the events through both
//! APIs, and some of them twice. The example needs no credentials, and ends by itself.
#![allow(clippy::print_stdout)]

mod sentence;

use std::time::Duration;

use birdhook::{App, Receiver, Secret, Webhook, app::SecretKind, dedupe::ApiMode};
use birdhook_examples::{Error, PATH};
use birdhook_testkit::mock::{MockSettings, MockToken, MockX};
use birdhook_testkit::{MockEventKind, Sender, WebhookPost};

const USER: &str = "2001";

/// Returns the events to send: all that both APIs report, and two of the X Activity API alone. A
/// revocation comes last, because it ends the subscriptions.
fn kinds() -> Vec<MockEventKind> {
    let told_by_both = MockEventKind::ALL.iter().copied().filter(|kind| kind.account_activity().is_some());
    let mut kinds: Vec<MockEventKind> = told_by_both.chain([MockEventKind::Bio, MockEventKind::SpaceStart]).collect();
    kinds.sort_by_key(|kind| *kind == MockEventKind::Revoke);
    kinds
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut settings = MockSettings::local();
    // X signs the deliveries of a new app with its OAuth 2.0 client secret.
    settings.client_secret = Some(MockToken::new("the-app's-OAuth-2.0-client-secret"));
    let x = MockX::start(settings).await?;

    // The app: a webhook on one route.
    let client_secret = x.app().client_key().ok_or("the app has no client secret")?;
    let app = App::with_client_secret("default", client_secret.clone());
    let webhook = Webhook::new(app).api_mode(ApiMode::Dual);
    let (pipeline, deliveries) = webhook.channel(1024);
    let app = axum::Router::new().route_service(PATH, Receiver::new(pipeline.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}{PATH}", listener.local_addr()?);
    tokio::spawn(axum::serve(listener, app).into_future());
    let mut events = deliveries.events();

    // X registers the webhook once the app answers a challenge, and subscribes a user to both APIs.
    let webhook = x.register(&url).await?;
    println!("X registers {}, whose app has answered the challenge.\n", webhook.url);
    x.subscribe(&webhook, USER)?;
    for kind in kinds().into_iter().filter(|kind| *kind != MockEventKind::Revoke) {
        x.subscribe_to(&webhook, USER, kind)?;
    }

    let ledger = x.ledger().dual_mode();
    for (kind, number) in kinds().into_iter().zip(0..) {
        // Every third event is delivered twice.
        x.deliver_duplicates(usize::from(number % 3 == 0));
        x.emit(kind, USER);
        let event = events.recv().await.ok_or("the receiver has stopped")?;
        println!("{kind:26} {:16} {}", event.kind(), sentence::of(&event));
        ledger.consumed(&event);
        x.settle().await;
    }

    // An attacker, who does not know the secret.
    let body = r#"{"for_user_id":"2001","follow_events":[]}"#;
    let forged = WebhookPost::unsigned(body).signed_as(SecretKind::Client, &Secret::new("a-guess")?);
    let answer = Sender::new(Duration::from_secs(3))?.send(forged.request(&url)?).await?;
    println!("\nA stranger delivers with a made-up signature and is answered {}.", answer.status);

    let left = pipeline.shutdown(Duration::from_secs(5)).await.unconsumed.events;
    ledger.every_200_was_consumed().await?;
    ledger.none_consumed_twice()?;
    let (sent, health) = (ledger.sent().len(), pipeline.health());
    println!(
        "X sent {sent} deliveries: {} events, {} duplicates, {left} left behind.",
        health.events, health.duplicates
    );
    Ok(())
}
