//! Servers for each adapter, all with the same sink.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::MethodRouter;
use birdhook::axum::{Verified, webhook};
use birdhook::{
    Apps, Delivery, Gate, Health, Pipeline, Receiver, Webhook, WebhookLayer, actix,
    sink::{EventSink, SinkError},
};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tower::ServiceBuilder;

use birdhook_test_harness::http_client::PATH;

/// The adapters under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adapter {
    /// axum: `route_service` with a `Receiver`.
    Axum,
    /// axum: a handler with the `Verified` extractor.
    AxumVerified,
    /// hyper 1: `TowerToHyperService` around a `Receiver`.
    Hyper,
    /// hyper 1: `WebhookLayer` around a tower service.
    TowerLayer,
    /// actix-web 4.
    Actix,
}

impl Adapter {
    /// All adapters.
    pub const ALL: [Self; 5] = [Self::Axum, Self::AxumVerified, Self::Hyper, Self::TowerLayer, Self::Actix];
}

/// The behaviour of the app's sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Accepts every delivery.
    Takes,
    /// Accepts a delivery for each permit of [`Server::release`].
    TakesWhenReleased,
    /// Reports that it is full.
    IsFull,
    /// Reports that it is closed.
    IsClosed,
    /// Reports a failure.
    Fails,
    /// Never completes.
    NeverEnds,
    /// Panics.
    Panics,
}

/// A sink that passes deliveries to the test.
#[derive(Clone, Debug)]
pub struct Sink {
    behaviour: Behaviour,
    taken: mpsc::UnboundedSender<Delivery>,
    permits: Arc<Semaphore>,
}

impl EventSink for Sink {
    type Future = Pin<Box<dyn Future<Output = Result<(), SinkError>> + Send>>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        let Self { behaviour, taken, permits } = self.clone();
        Box::pin(async move {
            match behaviour {
                Behaviour::Takes => {}
                Behaviour::TakesWhenReleased => permits.acquire().await.map_err(SinkError::failed)?.forget(),
                Behaviour::IsFull => return Err(SinkError::Full),
                Behaviour::IsClosed => return Err(SinkError::Closed),
                Behaviour::Fails => return Err(SinkError::failed("out of order")),
                Behaviour::NeverEnds => std::future::pending().await,
                Behaviour::Panics => panic!("the panic of the test"),
            }
            taken.send(delivery).map_err(|_| SinkError::Closed)
        })
    }
}

/// A running server.
pub struct Server {
    /// The address that the server listens on.
    pub address: SocketAddr,
    taken: mpsc::UnboundedReceiver<Delivery>,
    permits: Arc<Semaphore>,
    gate: Gate,
    /// For the adapters that deliver to a sink.
    pipeline: Option<Pipeline<Sink>>,
}

impl Server {
    /// Starts a server on a free loopback port.
    pub async fn start(adapter: Adapter, webhook: Webhook, behaviour: Behaviour) -> Self {
        let (sender, taken) = mpsc::unbounded_channel();
        let permits = Arc::new(Semaphore::new(0));
        let sink = Sink { behaviour, taken: sender, permits: Arc::clone(&permits) };
        let (address, gate, pipeline) = match adapter {
            Adapter::Axum | Adapter::Hyper | Adapter::Actix => {
                let pipeline = webhook.sink(sink);
                let address = match adapter {
                    Adapter::Actix => serve_actix(actix::ActixReceiver::new(pipeline.clone())).await,
                    Adapter::Hyper => serve_hyper(Receiver::new(pipeline.clone())).await,
                    _ => serve_axum(axum::routing::any_service(Receiver::new(pipeline.clone()))).await,
                };
                (address, pipeline.gate().clone(), Some(pipeline))
            }
            Adapter::AxumVerified | Adapter::TowerLayer => {
                let gate = webhook.gate();
                (serve_gate(adapter, gate.clone(), sink).await, gate, None)
            }
        };
        Self { address, taken, permits, gate, pipeline }
    }

    /// Returns the deliveries that the app received since the last call.
    pub fn taken(&mut self) -> Vec<Delivery> {
        std::iter::from_fn(|| self.taken.try_recv().ok()).collect()
    }

    /// Lets a sink with [`Behaviour::TakesWhenReleased`] accept this number of deliveries.
    pub fn release(&self, deliveries: usize) {
        self.permits.add_permits(deliveries);
    }

    /// Returns the receiver's health.
    pub fn health(&self) -> Health {
        self.pipeline.as_ref().map_or_else(|| self.gate.health(), Pipeline::health)
    }

    /// Starts the shutdown, and returns once deliveries are rejected.
    pub async fn stop(&self) {
        match self.pipeline.clone() {
            Some(pipeline) => drop(tokio::spawn(async move { pipeline.shutdown(Duration::from_secs(5)).await })),
            None => self.gate.stop(),
        }
        while self.health().ready {
            tokio::task::yield_now().await;
        }
    }

    /// Replaces the apps.
    pub fn replace_apps(&self, apps: Apps) {
        self.gate.replace_apps(apps);
    }
}

/// Serves a gate whose handler or inner service calls the sink. Returns the address.
async fn serve_gate(adapter: Adapter, gate: Gate, sink: Sink) -> SocketAddr {
    if adapter == Adapter::AxumVerified {
        let handle = move |Verified(delivery): Verified| {
            let delivered = sink.deliver(delivery);
            async {
                match delivered.await {
                    // Not 200, but a success: X must receive 200.
                    Ok(()) => StatusCode::CREATED.into_response(),
                    Err(_) => (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "3")]).into_response(),
                }
            }
        };
        return serve_axum(webhook(gate, handle)).await;
    }
    let sink = Arc::new(sink);
    let handle = move |request: Request<Full<Bytes>>| {
        let delivery = request.extensions().get::<Delivery>().cloned().unwrap();
        let delivered = sink.deliver(delivery);
        async {
            let mut response = Response::new(Full::<Bytes>::default());
            if delivered.await.is_err() {
                // The layer must not forward a redirect: X would mark the webhook invalid.
                *response.status_mut() = StatusCode::FOUND;
            }
            Ok::<_, Infallible>(response)
        }
    };
    serve_hyper(ServiceBuilder::new().layer(WebhookLayer::new(gate)).service_fn(handle)).await
}

/// Serves one axum route. Returns the address.
pub async fn serve_axum(route: MethodRouter) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, Router::new().route(PATH, route)).into_future());
    address
}

/// Serves a tower service with hyper, over HTTP/1 and HTTP/2. Returns the address.
pub async fn serve_hyper<S, B>(service: S) -> SocketAddr
where
    S: tower::Service<Request<hyper::body::Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: hyper::body::Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = TowerToHyperService::new(service);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = service.clone();
            tokio::spawn(async move {
                // Connection errors are ignored: the client went away.
                let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

/// Serves with actix-web on its own thread. Returns the address.
pub async fn serve_actix<S: EventSink + Send + Sync + 'static>(receiver: actix::ActixReceiver<S>) -> SocketAddr {
    let (sender, address) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async {
            let app = move || actix_web::App::new().service(receiver.at(PATH));
            let server = actix_web::HttpServer::new(app).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
            sender.send(server.addrs()[0]).unwrap();
            server.run().await.unwrap();
        });
    });
    address.await.unwrap()
}
