//! An axum app that receives a webhook on one of its routes, and stops without losing an event.

use axum::Router;
use birdhook::{Receiver, Webhook};
use birdhook_examples::{Error, PATH, PATIENCE, apps, asked_to_stop, finish, print_events, serve};
use hyper_util::service::TowerToHyperService;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let (pipeline, deliveries) = Webhook::new(apps()?).channel(1024);
    let printing = tokio::spawn(print_events(deliveries));

    let app = Router::new().route_service(PATH, Receiver::new(pipeline.clone()));
    let stop = async move {
        asked_to_stop().await;
        pipeline.shutdown(PATIENCE).await;
    };
    serve(TowerToHyperService::new(app), stop).await?;
    finish(printing).await
}
