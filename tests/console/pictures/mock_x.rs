//! A mock X that has sent deliveries to an app.

use std::ops::Deref;

use axum::Router;
use birdhook_pipeline::{Deliveries, Webhook};
use birdhook_testkit::MockEventKind;
use birdhook_testkit::mock::{MockSettings, MockX};
use birdhook_tower::Receiver;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const USER: &str = "2244994945";

pub(crate) struct Mock {
    x: MockX,
    _deliveries: Deliveries,
    _runtime: Runtime,
}

impl Deref for Mock {
    type Target = MockX;

    fn deref(&self) -> &MockX {
        &self.x
    }
}

pub(crate) fn start() -> Mock {
    let runtime = Runtime::new().unwrap();
    let (x, deliveries) = runtime.block_on(async {
        let x = MockX::start(MockSettings::local()).await.unwrap();
        let (pipeline, deliveries) = Webhook::new(x.app().to_app()).channel(1024);
        let router = Router::new().route_service("/webhooks/twitter", Receiver::new(pipeline));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks/twitter", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let webhook = x.register(&url).await.unwrap();
        x.subscribe(&webhook, USER).unwrap();
        for kind in [MockEventKind::Like, MockEventKind::Follow] {
            x.subscribe_to(&webhook, USER, kind).unwrap();
        }
        for kind in [MockEventKind::Like, MockEventKind::Follow, MockEventKind::Post] {
            x.emit(kind, USER);
        }
        x.settle().await;
        (x, deliveries)
    });
    Mock { x, _deliveries: deliveries, _runtime: runtime }
}
