//! A warp app that receives a webhook with one of its filters.
//!
//! warp cannot mount a tower service, so a filter builds a request and calls the service.

use birdhook::{Receiver, Webhook};
use bytes::Buf;
use example_support::{Error, PATH, address, apps};
use futures_util::TryStreamExt;
use http_body_util::{BodyExt, StreamBody};
use tower::ServiceExt;
use warp::Filter;
use warp::http::{HeaderMap, Method, Request, Response};
use warp::hyper::body::Frame;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let (pipeline, deliveries) = Webhook::new(apps()?).channel(1024);
    tokio::spawn(async move {
        let mut events = deliveries.events();
        while let Some(event) = events.recv().await {
            println!("{}: {}", event.kind(), event.activity().text().unwrap_or_default());
        }
    });

    let receiver = Receiver::new(pipeline);
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let head = warp::path!("webhooks" / "twitter").and(warp::method()).and(query).and(warp::header::headers_cloned());
    let webhook = head.and(warp::body::stream()).then(move |method: Method, query: String, headers: HeaderMap, body| {
        let body = TryStreamExt::map_ok(body, |mut data| Frame::data(data.copy_to_bytes(data.remaining())));
        let mut request = Request::new(StreamBody::new(body));
        *request.method_mut() = method;
        // hyper has parsed this query as part of a URI.
        *request.uri_mut() = format!("{PATH}?{query}").parse().unwrap_or_default();
        *request.headers_mut() = headers;
        let receiver = receiver.clone();
        async {
            let Ok(response) = receiver.oneshot(request).await;
            let (head, body) = response.into_parts();
            let Ok(body) = body.collect().await;
            Response::from_parts(head, body.to_bytes())
        }
    });

    let address = address()?;
    eprintln!("listening on http://{address}{PATH}");
    warp::serve(webhook).run(address).await;
    Ok(())
}
