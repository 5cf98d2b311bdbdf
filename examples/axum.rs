//! An axum app that receives a webhook on one of its routes, and stops without losing an event.
#![allow(clippy::print_stderr)]

use axum::Router;
use birdhook::{Receiver, Webhook};
use birdhook_examples::{Error, PATH, PATIENCE, apps, asked_to_stop, finish, listen, print_events, serve};
use hyper_util::service::TowerToHyperService;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let (pipeline, deliveries) = Webhook::new(apps()?).channel(1024);
    let printing = tokio::spawn(print_events(deliveries));

    let app = Router::new().route_service(PATH, Receiver::new(pipeline.clone()));
    let listener = listen()?;
    eprintln!("listening on http://{}{PATH}", listener.local_addr()?);
    let stop = async move {
        asked_to_stop().await;
        pipeline.shutdown(PATIENCE).await;
    };
    serve(listener, TowerToHyperService::new(app), stop).await;
    finish(printing).await
}
