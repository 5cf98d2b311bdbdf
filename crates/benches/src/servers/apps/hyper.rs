//! hyper 1, as in examples/hyper.rs.

use birdhook::Receiver;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::ServiceExt;

use super::{App, PATH, consuming, listening, webhook};

#[tokio::main]
pub(super) async fn serve(app: App) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listening(listener.local_addr().expect("an address"));
    if app == App::Bare {
        return accept(listener, service_fn(bare)).await;
    }
    let (pipeline, deliveries) = webhook(app).channel(1024);
    let receiver = Receiver::new(pipeline);
    let service = TowerToHyperService::new(tower::service_fn(move |request: Request<Incoming>| {
        let receiver = receiver.clone();
        async move {
            if request.uri().path() == PATH {
                return receiver.oneshot(request).await;
            }
            Ok(nothing_here())
        }
    }));
    consuming(app, deliveries, accept(listener, service)).await;
}

async fn accept<S>(listener: TcpListener, service: S)
where
    S: Service<Request<Incoming>, Response = Response<Full<Bytes>>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let service = service.clone();
        tokio::spawn(async move {
            let mut server = Builder::new(TokioExecutor::new());
            server.http1().timer(TokioTimer::new());
            // Connection errors are ignored: the client went away.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn bare(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    if request.uri().path() != PATH {
        return Ok(nothing_here());
    }
    request.into_body().collect().await?.to_bytes();
    Ok(Response::default())
}

fn nothing_here() -> Response<Full<Bytes>> {
    let mut nothing_here = Response::default();
    *nothing_here.status_mut() = StatusCode::NOT_FOUND;
    nothing_here
}
