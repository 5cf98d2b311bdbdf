//! A test of an app, as `docs/guide/testing.md` shows it.

// guide: begin
use birdhook::{Event, EventKind, Receiver, Secret, Webhook};
use birdhook_testkit::mock::{MockSettings, MockX};
use birdhook_testkit::{MockEventKind, Sender, WebhookPost};

/// The app, as in its `src`: it knows nothing of the test.
fn app(secret: Secret) -> axum::Router {
    let (pipeline, deliveries) = Webhook::new(secret).channel(64);
    tokio::spawn(async move {
        let mut events = deliveries.events();
        while let Some(event) = events.recv().await {
            on_event(event).await;
        }
    });
    axum::Router::new().route_service("/webhooks/twitter", Receiver::new(pipeline))
}

async fn on_event(event: Event) {
    println!("{}: {}", event.kind(), event.text().unwrap_or_default());
}

#[tokio::test]
async fn every_event_is_consumed_once() -> Result<(), Box<dyn std::error::Error>> {
    let x = MockX::start(MockSettings::local()).await?;
    let router = app(x.app().secret().clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/webhooks/twitter", listener.local_addr()?);
    tokio::spawn(axum::serve(listener, router).into_future());

    // X challenges the app before it registers the webhook.
    let webhook = x.register(&url).await?;
    x.subscribe(&webhook, "2001")?;

    // A user likes a post, and X delivers the event twice.
    x.deliver_duplicates(1);
    let like = x.emit(MockEventKind::Like, "2001");
    let event = x.ledger().expect(EventKind::Liked).await?;
    assert_eq!(event.text().as_deref(), like.text().as_deref());

    // Somebody writes a message.
    x.emit(MockEventKind::MessageReceived, "2001");
    x.ledger().expect(EventKind::MessageReceived).await?;

    // A stranger who does not know the secret is refused.
    let forged = WebhookPost::signed(&Secret::new("a-guess")?, r#"{"for_user_id":"2001","follow_events":[]}"#);
    let answer = Sender::new(std::time::Duration::from_secs(3))?.send(forged.request(&url)?).await?;
    assert_eq!(answer.status, 401);

    // Nothing that was answered 200 is lost, and nothing was consumed twice.
    x.settle().await;
    x.ledger().every_200_was_consumed().await?;
    x.ledger().none_consumed_twice()?;
    Ok(())
}
// guide: end

/// The guide shows the code above.
#[test]
fn the_guide_shows_this_test() {
    let here = include_str!("app.rs");
    let (_, shown) = here.split_once("// guide: begin\n").unwrap();
    let (shown, _) = shown.split_once("// guide: end\n").unwrap();
    let guide = include_str!("../../docs/guide/testing.md");
    assert!(guide.contains(&format!("```rust,ignore\n{shown}```\n")), "copy it into docs/guide/testing.md");
}
