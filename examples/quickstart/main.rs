//! Starts an axum app with a webhook, plays X against it on loopback, and prints what the app gets to see: a challenge,
//! one signed event of every kind of the Account Activity API and some of the X Activity API, a duplicate and a forgery. Needs no credentials and ends by
//! itself.
#![allow(clippy::print_stdout)]

mod events;
mod x;

use std::time::Duration;

use birdhook::activity::User;
use birdhook::{Activity, Event, Receiver, Secret, Webhook};
use birdhook_examples::{Error, PATH};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let secret = Secret::new("quickstart-consumer-secret")?;

    // The app: a webhook on one route. Here X waits for it to consume each event, so that the output is in order.
    let (pipeline, deliveries) = Webhook::new(secret.clone()).channel(1024);
    let app = axum::Router::new().route_service(PATH, Receiver::new(pipeline.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let x = x::X::new(secret, format!("http://{}{PATH}", listener.local_addr()?));
    tokio::spawn(axum::serve(listener, app).into_future());
    let mut events = deliveries.events();

    // X: challenges the app, delivers, delivers again, and is impersonated.
    println!("X asks:     GET ?crc_token=...");
    println!("    app -> {}", x.challenge().await?);
    for (what, body) in events::EVENTS {
        println!("X delivers: {what}");
        println!("    app -> {}", x.deliver(body).await?);
        if let Some(event) = events.recv().await {
            println!("    app <- {}: {}", event.kind(), describe(&event));
        }
    }
    let [(_, mention), ..] = events::EVENTS;
    println!("X delivers the mention again");
    println!("    app -> {}", x.deliver(mention).await?);
    println!("A stranger delivers it with a made-up signature");
    println!("    app -> {}", x.forge(mention).await?);

    let left = pipeline.shutdown(Duration::from_secs(5)).await;
    let health = pipeline.health();
    println!("\n{} events, {} duplicate, {} left behind.", health.events, health.duplicates, left.unconsumed.events);
    Ok(())
}

/// One sentence for each kind of event, whichever of X's APIs told it.
fn describe(event: &Event) -> String {
    let activity = event.activity();
    let name = |user: Option<&User<'_>>| {
        let handle = user.and_then(|user| user.handle.as_deref());
        let id = || user.and_then(|user| user.id.as_deref()).unwrap_or("somebody").to_owned();
        handle.map_or_else(id, |handle| format!("@{handle}"))
    };
    let (actor, target) = (name(activity.actor()), name(activity.target()));
    let text = activity.post().and_then(|post| post.text.as_deref()).unwrap_or_default();
    match &activity {
        Activity::PostCreated(_) => format!("{actor} posted {text:?}"),
        Activity::PostDeleted(deleted) => format!("post {} is gone", deleted.post_id.as_deref().unwrap_or("?")),
        Activity::Liked(_) => format!("{actor} liked {text:?}"),
        Activity::MessageSent(message) | Activity::MessageReceived(message) => {
            let answer = message.quick_reply_response.as_ref().and_then(|response| response.metadata.as_deref());
            let answer = answer.map(|metadata| format!(", choosing {metadata:?}")).unwrap_or_default();
            format!("{actor} wrote to {target}: {:?}{answer}", message.text.as_deref().unwrap_or_default())
        }
        Activity::AccessRevoked(_) => format!("{actor} took our access away"),
        Activity::Unknown { raw } => format!("{} bytes of JSON", raw.as_str().len()),
        _ if activity.target().is_some() => format!("{actor} -> {target}"),
        _ => actor,
    }
}
