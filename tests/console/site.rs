//! A webhook and its console on a loopback port.

use std::net::SocketAddr;

use axum::Router;
use birdhook_console::{Access, Console, HeaderLayer, History};
use birdhook_pipeline::{ChannelSink, Deliveries, Pipeline, Secret, SecretKind, Webhook, signature};
use birdhook_tower::Receiver;
use http::Request;
use http_body_util::Full;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tower::{Layer, ServiceExt};

const SECRET: &str = "consumer-secret-of-the-tests";

pub(crate) struct Site {
    runtime: Runtime,
    address: SocketAddr,
    pipeline: Pipeline<ChannelSink>,
    _deliveries: Deliveries,
}

impl Site {
    pub(crate) fn start() -> Self {
        Self::start_with(|console| console)
    }

    pub(crate) fn start_with(change: impl FnOnce(Console) -> Console) -> Self {
        let runtime = Runtime::new().unwrap();
        let history = History::new().keep(50, 64 << 10);
        let webhook = Webhook::new(Secret::new(SECRET).unwrap());
        let (pipeline, deliveries) = webhook.observer(history.clone()).channel(1024);
        let console = change(Console::new(pipeline.handle(), history, Access::hook(|_| true)));
        let app = Router::new().nest_service("/birdhook", console);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, app).await });
        Self { runtime, address, pipeline, _deliveries: deliveries }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/birdhook{path}", self.address)
    }

    pub(crate) fn send(&self, request: Request<Full<axum::body::Bytes>>) -> u16 {
        let receiver = HeaderLayer.layer(Receiver::new(self.pipeline.clone()));
        self.runtime.block_on(receiver.oneshot(request)).unwrap().status().as_u16()
    }

    pub(crate) fn deliver(&self, body: &str) -> u16 {
        let value = signature::sign(&Secret::new(SECRET).unwrap(), body.as_bytes());
        let request = Request::post("/webhooks/twitter")
            .header(SecretKind::Consumer.header(), value)
            .header("user-agent", "TwitterBot/1.0")
            .header("content-type", "application/json");
        self.send(request.body(Full::from(body.to_owned())).unwrap())
    }

    /// Sends one request of each sort: a challenge, accepted, duplicate and refused deliveries.
    pub(crate) fn fill(&self) {
        let query = "crc_token=test&nonce=n";
        let by_x = signature::sign(&Secret::new(SECRET).unwrap(), query.as_bytes());
        let challenge = Request::get(format!("/webhooks/twitter?{query}")).header(SecretKind::Consumer.header(), by_x);
        self.send(challenge.body(Full::default()).unwrap());
        self.deliver(&message("1", "See you at noon"));
        self.deliver(&message("1", "See you at noon"));
        for (id, kind) in [("5", "like.create"), ("6", "follow.follow"), ("7", "post.create"), ("8", "dm.received")] {
            self.deliver(&activity(id, kind));
        }
        let forged = Request::post("/webhooks/twitter").header(SecretKind::Consumer.header(), "sha256=AAAA");
        self.send(forged.body(Full::from("{}")).unwrap());
        self.send(Request::post("/webhooks/twitter").body(Full::from("{}")).unwrap());
    }
}

/// Returns a direct message with this text.
pub(crate) fn message(id: &str, text: &str) -> String {
    let text = serde_json::Value::from(text);
    format!(
        r#"{{"for_user_id":"2244994945","direct_message_events":[{{"type":"message_create","id":"{id}","created_timestamp":"1678000000001","message_create":{{"target":{{"recipient_id":"2244994945"}},"sender_id":"3001234567","message_data":{{"text":{text}}}}}}}]}}"#
    )
}

pub(crate) fn activity(id: &str, event_type: &str) -> String {
    format!(
        r#"{{"data":{{"event_uuid":"{id}","filter":{{"user_id":"2244994945"}},"event_type":"{event_type}","payload":{{"id":"{id}"}}}}}}"#
    )
}
