//! Starts an axum app with a webhook, plays X against it on loopback, and prints what the app gets to see: a challenge,
//! one signed event of every kind of the Account Activity API, a duplicate and a forgery. Needs no credentials and ends by
//! itself.
#![allow(clippy::print_stdout)]

mod events;
mod x;

use std::time::Duration;

use birdhook::wire::v1::{Payload, Tweet, User};
use birdhook::{Direction, Event, Receiver, Secret, Webhook};
use birdhook_examples::{Error, PATH};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let secret = Secret::new("quickstart-consumer-secret")?;

    // The app: a webhook on one route, and a task that consumes its events.
    let (pipeline, deliveries) = Webhook::new(secret.clone()).channel(1024);
    let app = axum::Router::new().route_service(PATH, Receiver::new(pipeline.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let x = x::X::new(secret, format!("http://{}{PATH}", listener.local_addr()?));
    tokio::spawn(axum::serve(listener, app).into_future());
    let consumer = tokio::spawn(async move {
        let mut events = deliveries.events();
        while let Some(event) = events.recv().await {
            println!("    app <- {}: {}", event.kind(), describe(&event));
        }
    });

    // X: challenges the app, delivers, delivers again, and is impersonated.
    println!("X asks:     GET ?crc_token=...");
    println!("    app -> {}", x.challenge().await?);
    for (what, body) in events::EVENTS {
        println!("X delivers: {what}");
        println!("    app -> {}", x.deliver(body).await?);
    }
    let [(_, mention), ..] = events::EVENTS;
    println!("X delivers the mention again");
    println!("    app -> {}", x.deliver(mention).await?);
    println!("A stranger delivers it with a made-up signature");
    println!("    app -> {}", x.forge(mention).await?);

    let left = pipeline.shutdown(Duration::from_secs(5)).await;
    consumer.await?;
    let health = pipeline.health();
    println!("\n{} events, {} duplicate, {} left behind.", health.events, health.duplicates, left.unconsumed.events);
    Ok(())
}

/// One sentence for each kind of event, from its typed values.
fn describe(event: &Event) -> String {
    let name = |id: Option<&str>| {
        let user = id.and_then(|id| event.user(id));
        user.and_then(|user| user.screen_name).map_or_else(|| "somebody".into(), |name| format!("@{}", &*name))
    };
    let handle = |user: &Option<User<'_>>| {
        let name = user.as_ref().and_then(|user| user.screen_name.as_deref());
        name.map_or_else(|| "somebody".into(), |name| format!("@{name}"))
    };
    match event.v1() {
        Payload::TweetCreate(post) => {
            format!("{} posted {:?}", handle(&post.user), post.full_text().unwrap_or_default())
        }
        Payload::TweetDelete(deleted) => {
            format!("post {} is gone", deleted.status.and_then(|status| status.id).as_deref().unwrap_or("?"))
        }
        Payload::Favorite(like) => {
            let post = like.favorited_status.as_ref().and_then(Tweet::full_text).unwrap_or_default();
            format!("{} liked {post:?}", handle(&like.user))
        }
        Payload::Follow(follow) => format!("{} followed {}", handle(&follow.source), handle(&follow.target)),
        Payload::Unfollow(unfollow) => format!("{} unfollowed {}", handle(&unfollow.source), handle(&unfollow.target)),
        Payload::Block(block) => format!("{} blocked {}", handle(&block.source), handle(&block.target)),
        Payload::Unblock(unblock) => format!("{} unblocked {}", handle(&unblock.source), handle(&unblock.target)),
        Payload::Mute(mute) => format!("{} muted {}", handle(&mute.source), handle(&mute.target)),
        Payload::Unmute(unmute) => format!("{} unmuted {}", handle(&unmute.source), handle(&unmute.target)),
        Payload::DirectMessage(message) => {
            let what = match event.direction() {
                Some(Direction::Sent) => "we wrote to",
                _ => "we hear from",
            };
            let other = match event.direction() {
                Some(Direction::Sent) => message.recipient_id(),
                _ => message.sender_id(),
            };
            let chose = message.quick_reply_response().and_then(|response| response.metadata.as_deref());
            let chose = chose.map(|metadata| format!(", choosing {metadata:?}")).unwrap_or_default();
            format!("{what} {}: {:?}{chose}", name(other), message.text().unwrap_or_default())
        }
        Payload::IndicateTyping(typing) => format!("{} is typing", name(typing.sender_id.as_deref())),
        Payload::MarkRead(read) => format!("{} has read", name(read.sender_id.as_deref())),
        Payload::Revoke(_) => "took our access away".into(),
        _ => format!("{} bytes of JSON", event.raw().as_str().len()),
    }
}
