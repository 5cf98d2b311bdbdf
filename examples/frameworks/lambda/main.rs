//! An AWS Lambda function that receives a webhook, behind a function URL, an API gateway or a load
//! balancer.
//!
//! Lambda suspends the process once it has answered, so a task that reads a channel would not run.
//! Use `.handler` or a message broker as sink: then the events are safe before the answer. Each
//! instance of the function has its own memory of duplicates.

use std::convert::Infallible;

use birdhook::{Event, Receiver, Webhook};
use example_support::apps;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let pipeline = Webhook::new(apps()?).handler(on_event);
    lambda_http::run(Receiver::new(pipeline)).await
}

/// An error is answered 503, and X may deliver the event again.
async fn on_event(event: Event) -> Result<(), Infallible> {
    println!("{}: {}", event.kind(), event.text().unwrap_or_default());
    Ok(())
}
