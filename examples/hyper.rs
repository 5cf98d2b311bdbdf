//! A hyper 1 server, HTTP/1 and HTTP/2, that receives a webhook at one path.
#![allow(clippy::print_stderr)]

use birdhook::{Receiver, Webhook};
use birdhook_examples::{Error, PATH, PATIENCE, address, apps, asked_to_stop, print_events};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tower::{ServiceExt, service_fn};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let (pipeline, deliveries) = Webhook::new(apps()?).channel(1024);
    let printing = tokio::spawn(print_events(deliveries.events()));

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

    let listener = tokio::net::TcpListener::bind(address()?).await?;
    eprintln!("listening on http://{}{PATH}", listener.local_addr()?);
    let mut stopped = std::pin::pin!(async {
        asked_to_stop().await;
        pipeline.shutdown(PATIENCE).await;
    });
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted?.0,
            () = &mut stopped => break,
        };
        let service = service.clone();
        tokio::spawn(async move {
            let mut server = Builder::new(TokioExecutor::new());
            server.http1().timer(TokioTimer::new());
            // An error here is the connection's: the client went away.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
    printing.await?;
    Ok(())
}
