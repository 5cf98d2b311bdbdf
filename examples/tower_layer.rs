//! A tower service of one's own behind `WebhookLayer`: its answer is the acknowledgement.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::convert::Infallible;

use axum::Router;
use birdhook::{Delivery, Webhook, WebhookLayer};
use birdhook_examples::{Error, PATH, PATIENCE, apps, asked_to_stop, line, listen, serve};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper_util::service::TowerToHyperService;
use tower::ServiceBuilder;

/// Prints the events. Had this failed, answering 500 would let X send the delivery again.
async fn handle(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::default();
    match request.extensions().get::<Delivery>() {
        Some(delivery) => delivery.events().iter().for_each(|event| println!("{}", line(event))),
        None => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    Ok(response)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let gate = Webhook::new(apps()?).gate();
    let service = ServiceBuilder::new().layer(WebhookLayer::new(gate.clone())).service_fn(handle);

    let app = Router::new().route_service(PATH, service);
    let listener = listen()?;
    eprintln!("listening on http://{}{PATH}", listener.local_addr()?);
    let stop = async move {
        asked_to_stop().await;
        gate.shutdown(PATIENCE).await;
    };
    serve(listener, TowerToHyperService::new(app), stop).await;
    Ok(())
}
