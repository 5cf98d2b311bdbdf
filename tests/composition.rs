//! birdhook with other middleware, in nested routers, over HTTP/2, and several times in one app.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::Ready;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::http::StatusCode;
use birdhook::axum::{Verified, webhook};
use birdhook::{
    Apps, Delivery, Receiver, Secret, Webhook, WebhookLayer, actix,
    adapter::Outcome,
    app::AppSelector,
    sink::{EventSink, SinkError},
};
use birdhook_test_harness::http_client::{PATH, get, post, sign};
use birdhook_tests::server::{Adapter, Behaviour, Server, serve_axum, serve_hyper};
use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tower::limit::ConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;
use tower::{ServiceBuilder, ServiceExt, service_fn};
use tower_http::trace::TraceLayer;

const SECRET: &str = "testsecret";
const DELETED: &str = r#"{"for_user_id":"1","tweet_delete_events":[{"status":{"id":"20","user_id":"1"}}]}"#;

fn hook() -> Webhook {
    Webhook::new(Secret::new(SECRET).unwrap())
}

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, app).into_future());
    address
}

/// Sends a challenge, a delivery, its copy and a forgery, and checks the responses.
async fn works(address: SocketAddr) {
    assert_eq!(get("crc_token=abc").send(address).await.status, 200);
    assert_eq!(post(DELETED).signed(SECRET).send(address).await.status, 200);
    assert_eq!(post(DELETED).signed(SECRET).send(address).await.status, 200);
    assert_eq!(post(DELETED).signed("guess").send(address).await.status, 401);
}

#[tokio::test]
async fn under_limits_timeouts_and_tracing() {
    let (pipeline, mut deliveries) = hook().channel(8);
    let around = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(|_| async { StatusCode::SERVICE_UNAVAILABLE }))
        .layer(TraceLayer::new_for_http())
        .layer(ConcurrencyLimitLayer::new(2))
        .layer(TimeoutLayer::new(Duration::from_secs(5)));
    works(serve(Router::new().route_service(PATH, Receiver::new(pipeline)).layer(around)).await).await;
    assert_eq!(deliveries.recv().await.unwrap().events().len(), 1);
}

/// The limit of a layer around the receiver is shorter than birdhook's own: the receiver's future is dropped in mid-delivery.
#[tokio::test]
async fn a_timeout_around_the_receiver_gives_the_claim_up() {
    let calls = Arc::new(AtomicUsize::new(0));
    let called = Arc::clone(&calls);
    let pipeline = hook().delivery_handler(move |_: Delivery| {
        let is_first = called.fetch_add(1, SeqCst) == 0;
        async move {
            if is_first {
                std::future::pending::<()>().await;
            }
            Ok::<_, Infallible>(())
        }
    });
    let around = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(|_| async { StatusCode::SERVICE_UNAVAILABLE }))
        .layer(TimeoutLayer::new(Duration::from_millis(100)));
    let app = Router::new().route_service(PATH, Receiver::new(pipeline.clone())).layer(around);
    let address = serve(app).await;
    assert_eq!(post(DELETED).signed(SECRET).send(address).await.status, 503);
    let health = pipeline.health();
    assert_eq!((health.in_flight, health.body_bytes, health.unanswered), (0, 0, 1));
    assert_eq!(post(DELETED).signed(SECRET).send(address).await.status, 200);
    assert_eq!(post(DELETED).signed(SECRET).send(address).await.status, 200);
    assert_eq!((calls.load(SeqCst), pipeline.health().duplicates), (2, 1));
}

/// On every adapter the connection stays open, and what else is on it is answered.
#[tokio::test]
async fn a_panic_of_the_app_costs_no_other_answer() {
    for adapter in Adapter::ALL {
        let server = Server::start(adapter, hook(), Behaviour::Panics).await;
        let delivery = post(DELETED).signed(SECRET);
        let answers = delivery.send_together(&[get("crc_token=abc"), delivery.clone()], server.address).await;
        assert_eq!(answers, [503, 200, 503], "{adapter:?}");
        let health = server.health();
        let panicked = (health.answered(Outcome::SinkPanicked), health.unanswered, health.in_flight);
        assert_eq!(panicked, (2, 0, 0), "{adapter:?}");
    }
}

/// An inner service at its limit must not delay a challenge: X would mark the webhook invalid.
#[tokio::test]
async fn a_challenge_does_not_wait_for_the_inner_service() {
    let inner = ServiceBuilder::new()
        .layer(WebhookLayer::new(hook().deadline(Duration::from_millis(100)).gate()))
        .layer(ConcurrencyLimitLayer::new(1))
        .service_fn(|_: Request<Full<Bytes>>| std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>());
    let address = serve_hyper(inner).await;
    let stuck = tokio::spawn(async move { post(DELETED).signed(SECRET).send(address).await });
    assert_eq!(get("crc_token=abc").send(address).await.status, 200);
    assert_eq!(stuck.await.unwrap().status, 503);
}

/// An error of the inner service becomes a 503, not a closed connection.
#[tokio::test]
async fn an_inner_service_that_errs() {
    let inner = ServiceBuilder::new()
        .layer(WebhookLayer::new(hook().gate()))
        .layer(TimeoutLayer::new(Duration::from_millis(10)))
        .service_fn(|_: Request<Full<Bytes>>| std::future::pending::<Result<Response<Full<Bytes>>, Infallible>>());
    let address = serve_hyper(inner).await;
    assert_eq!(post(DELETED).signed(SECRET).send(address).await.status, 503);
}

#[tokio::test]
async fn what_the_inner_service_answers_reaches_x() {
    let statuses = Arc::new(Mutex::new(vec![StatusCode::NO_CONTENT, StatusCode::FOUND, StatusCode::IM_A_TEAPOT]));
    let inner = service_fn(move |request: Request<Full<Bytes>>| {
        let status = statuses.lock().unwrap().pop().unwrap();
        async move {
            assert_eq!(request.extensions().get::<Delivery>().unwrap().events().len(), 1);
            assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), DELETED);
            let mut response = Response::new(Full::<Bytes>::default());
            *response.status_mut() = status;
            Ok::<_, Infallible>(response)
        }
    });
    let address = serve_hyper(ServiceBuilder::new().layer(WebhookLayer::new(hook().gate())).service(inner)).await;
    // The last request is a duplicate, so it does not reach the inner service.
    for expected in [418, 503, 200, 200] {
        assert_eq!(post(DELETED).signed(SECRET).send(address).await.status, expected);
    }
}

#[tokio::test]
async fn in_nested_routers() {
    let (pipeline, mut deliveries) = hook().channel(8);
    let inner = Router::new().route_service("/twitter", Receiver::new(pipeline));
    works(serve(Router::new().nest("/webhooks", inner)).await).await;
    assert_eq!(deliveries.recv().await.unwrap().events().len(), 1);
}

#[tokio::test]
async fn several_receivers_in_one_app() {
    let (first, mut of_first) = hook().channel(8);
    let (second, mut of_second) = Webhook::new(Secret::new("another").unwrap()).channel(8);
    let app = Router::new()
        .route_service(PATH, Receiver::new(first))
        .route_service("/webhooks/other", Receiver::new(second))
        .route("/webhooks/third", webhook(hook().gate(), |Verified(_): Verified| async {}));
    let address = serve(app.clone()).await;
    works(address).await;
    let deliver = |path: &str, secret: &str| {
        let request = Request::post(path).header("x-twitter-webhooks-signature", sign(secret, DELETED.as_bytes()));
        app.clone().oneshot(request.body(axum::body::Body::from(DELETED)).unwrap())
    };
    assert_eq!(deliver("/webhooks/other", "another").await.unwrap().status(), 200);
    assert_eq!(deliver("/webhooks/other", SECRET).await.unwrap().status(), 401);
    assert_eq!(deliver("/webhooks/third", SECRET).await.unwrap().status(), 200);
    assert_eq!(of_first.recv().await.unwrap().events().len(), 1);
    assert_eq!(of_second.recv().await.unwrap().events().len(), 1);
}

#[tokio::test]
async fn the_path_says_whose_challenge_it_is() {
    let apps: Apps = "shop=one,blog=two".parse().unwrap();
    let (pipeline, _deliveries) = Webhook::new(apps).app_selector(AppSelector::PathSegment).channel(8);
    let app = Router::new().route_service("/webhooks/{app}", Receiver::new(pipeline));
    for (path, secret) in [("/webhooks/shop", "one"), ("/webhooks/blog", "two")] {
        let request = Request::get(format!("{path}?crc_token=abc")).body(axum::body::Body::empty()).unwrap();
        let answer = app.clone().oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
        assert_eq!(answer, format!(r#"{{"response_token":"{}"}}"#, sign(secret, b"abc")));
    }
}

/// Without the layer nothing was verified, and the extractor must fail.
#[tokio::test]
async fn the_extractor_without_its_layer() {
    let address = serve_axum(axum::routing::any(|Verified(_): Verified| async {})).await;
    assert_eq!(post(DELETED).signed(SECRET).send(address).await.status, 500);
}

#[tokio::test]
async fn over_http2() {
    let (pipeline, deliveries) = hook().channel(64);
    let mut events = deliveries.events();
    let receiver = Receiver::new(pipeline);
    for address in [serve_hyper(receiver.clone()).await, serve(Router::new().route_service(PATH, receiver)).await] {
        let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let (client, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        let send = |body: String, secret| {
            let mut client = client.clone();
            let request = Request::post(format!("http://{address}{PATH}"))
                .header("x-twitter-webhooks-signature", sign(secret, body.as_bytes()))
                .body(Full::<Bytes>::from(body))
                .unwrap();
            tokio::spawn(async move { client.send_request(request).await.unwrap() })
        };
        // Concurrent streams of one connection, one of them rejected.
        let numbered = |number| DELETED.replace("20", &format!("{}{number}", address.port()));
        let answers: Vec<_> = (0..16).map(|number| send(numbered(number), SECRET)).collect();
        let refused = send("x".repeat(2 << 20), "guess");
        for answer in answers {
            let answer = answer.await.unwrap();
            assert_eq!((answer.status(), answer.version()), (StatusCode::OK, Version::HTTP_2));
            assert_eq!(events.recv().await.unwrap().name(), "tweet_delete_events");
        }
        assert_eq!(refused.await.unwrap().status(), 413);
    }
}

/// A sink that is not `Send`.
struct Local(Rc<RefCell<usize>>);

impl EventSink for Local {
    type Future = Ready<Result<(), SinkError>>;

    fn deliver(&self, delivery: Delivery) -> Self::Future {
        *self.0.borrow_mut() += delivery.events().len();
        std::future::ready(Ok(()))
    }
}

#[test]
fn actix_with_a_sink_that_is_not_send() {
    actix_web::rt::System::new().block_on(async {
        let count = Rc::new(RefCell::new(0));
        let receiver = actix::ActixReceiver::new(hook().sink(Local(Rc::clone(&count))));
        let app = actix_web::test::init_service(actix_web::App::new().service(receiver.at(PATH))).await;
        let request = actix_web::test::TestRequest::post()
            .uri(PATH)
            .insert_header(("x-twitter-webhooks-signature", sign(SECRET, DELETED.as_bytes())))
            .set_payload(DELETED);
        let answer = actix_web::test::call_service(&app, request.to_request()).await;
        assert_eq!((answer.status().as_u16(), *count.borrow()), (200, 1));
    });
}
