//! A Cloudflare Worker that answers challenges and verifies deliveries.
//!
//! Workers have no tokio runtime, so this example uses `birdhook-core`, which performs no I/O. It
//! remembers no events: pass them to a queue, and recognise duplicates there by
//! `event.delivery_key()`.

use birdhook_core::{App, Delivery, Endpoint, EndpointSettings, HeadResult, Outcome, Reply, RequestHead, Secret};
use futures_util::TryStreamExt;
use worker::{Context, Env, Error, Request, Response, Result, console_log, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> Result<Response> {
    let secret = Secret::new(env.secret("BIRDHOOK_CLIENT_SECRET")?.to_string());
    let app = App::with_client_secret("default", secret.map_err(|why| Error::RustError(why.to_string()))?);
    let reply = match receive(&Endpoint::new(app, EndpointSettings::default()), request).await? {
        Ok(delivery) => {
            for event in delivery.events() {
                console_log!("{}: {}", event.kind(), event.text().unwrap_or_default());
            }
            Outcome::Accepted.into()
        }
        Err(reply) => reply,
    };
    let mut response = Response::builder().with_status(reply.status());
    for (name, value) in reply.headers() {
        response = response.with_header(name, value)?;
    }
    Ok(response.fixed(reply.into_body().into()))
}

/// Answers a challenge, or reads and verifies a delivery.
async fn receive(endpoint: &Endpoint, mut request: Request) -> Result<Result<Delivery, Reply>> {
    let (method, url, headers) = (request.method(), request.url()?, request.headers().entries().collect::<Vec<_>>());
    let head = RequestHead::new(method.as_ref(), url.path(), url.query())
        .with_headers(headers.iter().map(|(name, value)| (name, value.as_bytes())));
    let mut reader = match endpoint.begin(&head) {
        HeadResult::Reply(reply) => return Ok(Err(reply)),
        HeadResult::Body(reader) => reader,
    };
    let mut body = request.stream()?;
    while let Some(chunk) = body.try_next().await? {
        if let Err(reply) = reader.push(chunk.into()) {
            return Ok(Err(reply));
        }
    }
    Ok(reader.finish())
}
