//! An axum app that receives a webhook on one of its routes, and stops without losing an event.
#![allow(clippy::print_stderr)]

use std::time::Duration;

use axum::Router;
use birdhook::{Receiver, Webhook};
use birdhook_examples::{Error, PATH, address, apps, print_events};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let (pipeline, deliveries) = Webhook::new(apps()?).channel(1024);
    let printing = tokio::spawn(print_events(deliveries.events()));

    let app = Router::new().route_service(PATH, Receiver::new(pipeline.clone()));
    let listener = tokio::net::TcpListener::bind(address()?).await?;
    eprintln!("listening on http://{}{PATH}", listener.local_addr()?);

    let stop = async move {
        let _ = tokio::signal::ctrl_c().await;
        let left = pipeline.shutdown(Duration::from_secs(10)).await;
        eprintln!("stopping; left behind: {} deliveries in flight, {} events", left.in_flight, left.unconsumed.events);
    };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    printing.await?;
    Ok(())
}
