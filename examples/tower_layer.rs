//! A custom tower service behind `WebhookLayer`; its response acknowledges the delivery.

use std::convert::Infallible;

use axum::Router;
use birdhook::{Delivery, Webhook, WebhookLayer};
use birdhook_examples::{Error, PATH, PATIENCE, apps, asked_to_stop, line, print, serve};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper_util::service::TowerToHyperService;
use tower::ServiceBuilder;

/// Prints the events. If this fails, the 500 makes X send the delivery again; if it takes too long,
/// birdhook answers 503.
async fn handle(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::default();
    let printed = async {
        let delivery = request.extensions().get::<Delivery>().ok_or("there is no delivery")?;
        for event in delivery.events() {
            print(line(event)).await?;
        }
        Ok::<_, Error>(())
    };
    if printed.await.is_err() {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    Ok(response)
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let gate = Webhook::new(apps()?).gate();
    let service = ServiceBuilder::new().layer(WebhookLayer::new(gate.clone())).service_fn(handle);

    let app = Router::new().route_service(PATH, service);
    let stop = async move {
        asked_to_stop().await;
        gate.shutdown(PATIENCE).await;
    };
    serve(TowerToHyperService::new(app), stop).await
}
