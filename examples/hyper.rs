//! A hyper 1 server for HTTP/1 and HTTP/2 that receives a webhook at one path.

use birdhook::{Receiver, Webhook};
use birdhook_examples::{Error, PATH, PATIENCE, apps, asked_to_stop, finish, print_events, serve};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::service::TowerToHyperService;
use tower::{ServiceExt, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let (pipeline, deliveries) = Webhook::new(apps()?).channel(1024);
    let printing = tokio::spawn(print_events(deliveries));

    let receiver = Receiver::new(pipeline.clone());
    let service = TowerToHyperService::new(service_fn(move |request: Request<Incoming>| {
        let receiver = receiver.clone();
        async move {
            if request.uri().path() == PATH {
                return receiver.oneshot(request).await;
            }
            let mut nothing_here = Response::default();
            *nothing_here.status_mut() = StatusCode::NOT_FOUND;
            Ok(nothing_here)
        }
    }));

    let stop = async move {
        asked_to_stop().await;
        pipeline.shutdown(PATIENCE).await;
    };
    serve(service, stop).await?;
    finish(printing).await
}
