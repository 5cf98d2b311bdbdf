//! A warp app that receives a webhook with one of its filters.
//!
//! warp cannot mount a tower service, so a filter builds a request and calls the service.

use birdhook::{Receiver, Webhook, sink::ChannelSink};
use bytes::{Buf, Bytes};
use example_support::{Error, PATH, address, apps};
use futures_util::{Stream, TryStreamExt};
use http_body_util::{BodyExt, StreamBody};
use tokio::net::TcpListener;
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
            println!("{}: {}", event.kind(), event.text().unwrap_or_default());
        }
    });

    let receiver = Receiver::new(pipeline);
    let webhook = warp::path!("webhooks" / "twitter")
        .map(move || receiver.clone())
        .and(warp::method())
        .and(warp::query::raw().or(warp::any().map(String::new)).unify())
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .then(receive);
    let listener = TcpListener::bind(address()?).await?;
    eprintln!("listening on http://{}{PATH}", listener.local_addr()?);
    warp::serve(webhook).incoming(listener).run().await;
    Ok(())
}

/// Calls the receiver with the parts of a request.
async fn receive(
    receiver: Receiver<ChannelSink>,
    method: Method,
    query: String,
    headers: HeaderMap,
    body: impl Stream<Item = Result<impl Buf + Send + 'static, warp::Error>> + Send + 'static,
) -> Response<Bytes> {
    let body = body.map_ok(|mut data| Frame::data(data.copy_to_bytes(data.remaining())));
    let mut request = Request::new(StreamBody::new(body));
    *request.method_mut() = method;
    // The query is already part of a valid URI.
    *request.uri_mut() = format!("{PATH}?{query}").parse().unwrap_or_default();
    *request.headers_mut() = headers;
    let Ok(response) = receiver.oneshot(request).await;
    let (head, body) = response.into_parts();
    let Ok(body) = body.collect().await;
    Response::from_parts(head, body.to_bytes())
}
