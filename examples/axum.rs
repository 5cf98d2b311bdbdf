//! An axum app that receives a webhook on one of its routes, and stops without losing an event.
#![allow(clippy::print_stderr)]

use axum::Router;
use birdhook::{Receiver, Webhook};
use birdhook_examples::{Error, PATH, PATIENCE, address, apps, asked_to_stop, print_events};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let (pipeline, deliveries) = Webhook::new(apps()?).channel(1024);
    let printing = tokio::spawn(print_events(deliveries.events()));

    let app = Router::new().route_service(PATH, Receiver::new(pipeline.clone()));
    let listener = tokio::net::TcpListener::bind(address()?).await?;
    eprintln!("listening on http://{}{PATH}", listener.local_addr()?);
    let stop = async move {
        asked_to_stop().await;
        pipeline.shutdown(PATIENCE).await;
    };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    printing.await?;
    Ok(())
}
