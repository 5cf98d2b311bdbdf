//! The test kit observes what an unchanged app consumes, whichever way the app gets its events.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::time::Duration;

use axum::Router;
use birdhook::axum::{Verified, webhook};
use birdhook::handler::{Dispatch, with_state};
use birdhook::sink::{EventSink, SinkError};
use birdhook::{Delivery, Event, EventKind, Receiver, Secret, Webhook};
use birdhook_inbox::{Inbox, InboxSettings};
use birdhook_test_harness::http_client::PATH;
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{LedgerError, MockSettings, MockX};
use tokio::net::TcpListener;

/// How the app gets its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum App {
    Events,
    Deliveries,
    RecvMany,
    Handler,
    Dispatch,
    DeliveryHandler,
    OwnSink,
    Verified,
    InboxRun,
    InboxLeases,
    // And apps that are broken.
    NeverReceives,
    HandlerFails,
    NeverAcknowledges,
    ReceivesTwice,
}

async fn process(_: Event) -> Result<(), Infallible> {
    Ok(())
}

struct OwnSink;

impl EventSink for OwnSink {
    type Future = Ready<Result<(), SinkError>>;

    fn deliver(&self, _: Delivery) -> Self::Future {
        ready(Ok(()))
    }
}

impl App {
    async fn start(self, secret: &Secret, inbox: Option<Inbox>) -> String {
        let hook = Webhook::new(secret.clone());
        let router = match self {
            Self::Events | Self::Deliveries | Self::RecvMany | Self::NeverReceives | Self::ReceivesTwice => {
                // An app that deduplicates nothing consumes a copy as another event.
                let hook = if self == Self::ReceivesTwice { hook.dedupe_window(0, Duration::ZERO) } else { hook };
                let (pipeline, mut deliveries) = hook.channel(64);
                tokio::spawn(async move {
                    let mut many = Vec::new();
                    match self {
                        Self::Events | Self::ReceivesTwice => {
                            let mut events = deliveries.events();
                            while events.recv().await.is_some() {}
                        }
                        Self::Deliveries => while deliveries.recv().await.is_some() {},
                        Self::RecvMany => while deliveries.recv_many(&mut many, 8).await > 0 {},
                        _ => std::future::pending().await,
                    }
                });
                Router::new().route_service(PATH, Receiver::new(pipeline))
            }
            Self::Handler => Router::new().route_service(PATH, Receiver::new(hook.handler(process))),
            Self::HandlerFails => {
                let pipeline = hook.handler(|_: Event| ready(Err::<(), _>("no database")));
                Router::new().route_service(PATH, Receiver::new(pipeline))
            }
            Self::Dispatch => {
                let pipeline = hook.handler(Dispatch::new(()).otherwise(|(), event| process(event)));
                Router::new().route_service(PATH, Receiver::new(pipeline))
            }
            Self::DeliveryHandler => {
                let pipeline = hook.delivery_handler(|_| ready(Ok::<(), Infallible>(())));
                Router::new().route_service(PATH, Receiver::new(pipeline))
            }
            Self::OwnSink => Router::new().route_service(PATH, Receiver::new(hook.sink(OwnSink))),
            Self::Verified => {
                Router::new().route(PATH, webhook(hook.gate(), async |Verified(_): Verified| http::StatusCode::OK))
            }
            Self::InboxRun | Self::InboxLeases | Self::NeverAcknowledges => {
                let inbox = inbox.unwrap();
                let pipeline = hook.sink(inbox.clone());
                tokio::spawn(async move {
                    match self {
                        Self::InboxRun => inbox.run(with_state((), |(), event| process(event)), 4).await,
                        Self::InboxLeases => {
                            while let Some(lease) = inbox.recv().await {
                                lease.ack().await.unwrap();
                            }
                        }
                        _ => std::mem::forget(inbox.recv().await),
                    }
                });
                Router::new().route_service(PATH, Receiver::new(pipeline))
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}{PATH}", listener.local_addr().unwrap());
        tokio::spawn(axum::serve(listener, router).into_future());
        url
    }
}

/// Starts a mock X and the app, and delivers a like and a message, each twice.
async fn world(app: App, wait: Duration) -> (MockX, tempfile::TempDir) {
    let mut settings = MockSettings::local();
    settings.expect_timeout = wait;
    let x = MockX::start(settings).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let inbox = match app {
        App::InboxRun | App::InboxLeases | App::NeverAcknowledges => {
            Some(InboxSettings::new().free_space(0).open(folder.path()).await.unwrap())
        }
        _ => None,
    };
    let url = app.start(x.app().secret(), inbox).await;
    let registered = x.register(&url).await.unwrap();
    x.subscribe(&registered, "2001").unwrap();
    x.deliver_duplicates(1);
    x.emit(MockEventKind::Like, "2001");
    x.emit(MockEventKind::MessageReceived, "2001");
    x.settle().await;
    (x, folder)
}

const PATIENT: Duration = Duration::from_secs(20);
const IMPATIENT: Duration = Duration::from_millis(50);

#[tokio::test]
async fn each_way_to_consume_is_observed_once() {
    for app in [
        App::Events,
        App::Deliveries,
        App::RecvMany,
        App::Handler,
        App::Dispatch,
        App::DeliveryHandler,
        App::OwnSink,
        App::Verified,
        App::InboxRun,
        App::InboxLeases,
    ] {
        let (x, _folder) = world(app, PATIENT).await;
        let ledger = x.ledger();
        for kind in [EventKind::Liked, EventKind::MessageReceived] {
            let event = ledger.expect(kind).await.unwrap_or_else(|why| panic!("{app:?}: {why}"));
            assert_eq!(event.kind(), kind, "{app:?}");
        }
        ledger.every_200_was_consumed().await.unwrap_or_else(|why| panic!("{app:?}: {why}"));
        ledger.none_consumed_twice().unwrap_or_else(|why| panic!("{app:?}: {why}"));
        assert_eq!(ledger.count_consumed(), 2, "{app:?}");
    }
}

#[tokio::test]
async fn an_app_that_does_not_consume_is_noticed() {
    for app in [App::NeverReceives, App::HandlerFails, App::NeverAcknowledges] {
        let (x, _folder) = world(app, IMPATIENT).await;
        let error = x.ledger().expect(EventKind::Liked).await.unwrap_err();
        assert!(matches!(error, LedgerError::NotConsumed(_)), "{app:?}: {error}");
        let lost = x.ledger().every_200_was_consumed().await;
        // Nothing is lost that was answered 503.
        assert_eq!(lost.is_err(), app != App::HandlerFails, "{app:?}: {lost:?}");
    }
}

#[tokio::test]
async fn an_app_that_consumes_copies_is_noticed() {
    let (x, _folder) = world(App::ReceivesTwice, PATIENT).await;
    x.ledger().every_200_was_consumed().await.unwrap();
    let error = x.ledger().none_consumed_twice().unwrap_err();
    assert!(matches!(error, LedgerError::Doubled(_)), "{error}");
}

#[tokio::test]
async fn two_mocks_in_one_process_observe_their_own_events() {
    let ((one, _one), (other, _other)) = tokio::join!(world(App::Events, PATIENT), world(App::Handler, PATIENT));
    for x in [&one, &other] {
        x.ledger().every_200_was_consumed().await.unwrap();
        x.ledger().none_consumed_twice().unwrap();
        assert_eq!(x.ledger().count_consumed(), 2);
    }
}

/// A test may count consumption itself, for work that ends later than birdhook sees.
#[tokio::test]
async fn what_a_test_reports_takes_precedence() {
    let (x, _folder) = world(App::Events, PATIENT).await;
    let event = x.ledger().expect(EventKind::Liked).await.unwrap();
    x.ledger().consumed(&event);
    assert_eq!(x.ledger().count_consumed(), 1);
    x.ledger().consumed(&event);
    assert!(x.ledger().none_consumed_twice().is_err());
}
