//! A Rocket app that receives a webhook on one of its routes.
//!
//! Rocket cannot mount a tower service, so a Rocket handler calls the pipeline.

use std::io::Cursor;

use birdhook::adapter::{HeadResult, RequestHead};
use birdhook::{Pipeline, Webhook, sink::ChannelSink};
use example_support::{Error, PATH, address, apps};
use rocket::data::ByteUnit;
use rocket::fairing::AdHoc;
use rocket::http::{Method, Status};
use rocket::route::{Handler, Outcome};
use rocket::{Config, Data, Request, Response, Route};
use tokio_util::io::ReaderStream;

const METHODS: [Method; 7] =
    [Method::Get, Method::Post, Method::Head, Method::Put, Method::Delete, Method::Patch, Method::Options];

#[rocket::main]
async fn main() -> Result<(), Error> {
    let (pipeline, deliveries) = Webhook::new(apps()?).channel(1024);
    rocket::tokio::spawn(async move {
        let mut events = deliveries.events();
        while let Some(event) = events.recv().await {
            println!("{}: {}", event.kind(), event.text().unwrap_or_default());
        }
    });

    let receiver = Receiver(pipeline);
    // Without a route, Rocket answers HEAD as GET, and other methods with 404.
    let routes = METHODS.map(|method| Route::new(method, "/", receiver.clone()));
    let address = address()?;
    let config = Config { address: address.ip(), port: address.port(), ..Config::default() };
    let listening = AdHoc::on_liftoff("address", |rocket| {
        Box::pin(async { eprintln!("listening on http://{}:{}{PATH}", rocket.config().address, rocket.config().port) })
    });
    rocket::custom(config).attach(listening).mount(PATH, routes).launch().await?;
    Ok(())
}

/// A handler that passes requests to a pipeline.
#[derive(Clone)]
struct Receiver(Pipeline<ChannelSink>);

#[rocket::async_trait]
impl Handler for Receiver {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let (uri, headers) = (request.uri(), request.headers().iter().collect::<Vec<_>>());
        let head =
            RequestHead::new(request.method().as_str(), uri.path().as_str(), uri.query().map(|query| query.as_str()))
                .with_headers(headers.iter().map(|header| (header.name().as_str(), header.value().as_bytes())));
        let reply = match self.0.begin(&head) {
            HeadResult::Reply(reply) => reply,
            // The pipeline limits the size of the body.
            HeadResult::Body(incoming) => {
                self.0.receive(incoming, ReaderStream::new(data.open(ByteUnit::max_value()))).await
            }
        };
        let mut response = Response::build();
        response.status(Status::new(reply.status()));
        for (name, value) in reply.headers() {
            response.raw_header(name, value);
        }
        let body = reply.into_body();
        Outcome::Success(response.sized_body(body.len(), Cursor::new(body)).finalize())
    }
}
