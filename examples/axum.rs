//! An axum app that receives a webhook on one of its routes, and stops without losing an event.
#![allow(clippy::print_stderr)]

use axum::Router;
use birdhook::{Receiver, Webhook};
use birdhook_examples::{Error, PATH, address, apps, print_events, stopped};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let (pipeline, deliveries) = Webhook::new(apps()?).channel(1024);
    tokio::spawn(print_events(deliveries.events()));

    let app = Router::new().route_service(PATH, Receiver::new(pipeline.clone()));
    let listener = tokio::net::TcpListener::bind(address()?).await?;
    eprintln!("listening on http://{}{PATH}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(stopped(pipeline)).await?;
    Ok(())
}
