//! An axum app that answers 200 once an event is on disk, and handles events at its own pace. It
//! also handles the events from before a restart.

use axum::Router;
use birdhook::inbox::Inbox;
use birdhook::{Event, Receiver, Webhook};
use birdhook_examples::{Error, PATH, PATIENCE, apps, asked_to_stop, finish, line, print, serve};
use hyper_util::service::TowerToHyperService;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let inbox = Inbox::open(std::env::var("BIRDHOOK_INBOX").unwrap_or_else(|_| "inbox".to_owned())).await?;
    let pipeline = Webhook::new(apps()?).sink(inbox.clone());
    let consumer = inbox.clone();
    let handling = tokio::spawn(async move {
        consumer.run(handle, 8).await;
        Ok(())
    });

    let app = Router::new().route_service(PATH, Receiver::new(pipeline.clone()));
    let stop = async move {
        asked_to_stop().await;
        pipeline.shutdown(PATIENCE).await;
        inbox.close(PATIENCE).await;
    };
    serve(TowerToHyperService::new(app), stop).await?;
    finish(handling).await
}

/// Handles an event. If this fails, the event is retried later.
async fn handle(event: Event) -> Result<(), Error> {
    Ok(print(line(&event)).await?)
}
