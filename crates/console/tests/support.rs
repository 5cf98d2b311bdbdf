//! A webhook with a console, and requests to both.

use birdhook_console::{Access, Console, ConsoleBody, HeaderLayer, History};
use birdhook_pipeline::{App, ChannelSink, Deliveries, Pipeline, Secret, SecretKind, Webhook, signature};
use birdhook_tower::Receiver;
use bytes::Bytes;
use http::header::{HOST, HeaderMap};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tower::{Layer, ServiceExt};

pub(crate) const SECRET: &str = "consumer-secret-of-the-tests";

pub(crate) struct Site {
    pub(crate) pipeline: Pipeline<ChannelSink>,
    pub(crate) deliveries: Deliveries,
    pub(crate) console: Console,
}

/// The text and head of a response.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Page {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }
}

impl Site {
    pub(crate) fn new(history: History) -> Self {
        Self::with(history, Access::hook(|_| true))
    }

    pub(crate) fn with(history: History, access: Access) -> Self {
        let app = App::new("bees", Secret::new(SECRET).unwrap());
        let (pipeline, deliveries) = Webhook::new(app).observer(history.clone()).channel(64);
        let console = Console::new(pipeline.handle(), history, access);
        Self { pipeline, deliveries, console }
    }

    /// Sends a request to the receiver.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> StatusCode {
        let receiver = HeaderLayer.layer(Receiver::new(self.pipeline.clone()));
        receiver.oneshot(request).await.unwrap().status()
    }

    /// Sends a signed delivery.
    pub(crate) async fn deliver(&self, body: &str) -> StatusCode {
        self.send(signed("/webhooks/twitter", body).body(Full::from(body.to_owned())).unwrap()).await
    }

    pub(crate) async fn respond(&self, request: http::request::Builder) -> Response<ConsoleBody> {
        self.console.clone().oneshot(request.body(String::new()).unwrap()).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        self.page(Request::get(path).header(HOST, "localhost:8080")).await
    }

    pub(crate) async fn page(&self, request: http::request::Builder) -> Page {
        self.page_with(request, "").await
    }

    pub(crate) async fn page_with(&self, request: http::request::Builder, body: &str) -> Page {
        let response = self.console.clone().oneshot(request.body(body.to_owned()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Page { status: parts.status, headers: parts.headers, text }
    }

    /// Returns the requests that the API lists, newest first.
    pub(crate) async fn list(&self, query: &str) -> Vec<Value> {
        let page = self.get(&format!("/api/deliveries?{query}")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        page.json()["deliveries"].as_array().unwrap().clone()
    }

    pub(crate) async fn outcomes(&self, query: &str) -> Vec<String> {
        let rows = self.list(query).await;
        rows.iter().map(|row| row["outcome"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns the id of the newest request.
    pub(crate) async fn newest(&self) -> String {
        self.list("limit=1").await[0]["id"].as_str().unwrap().to_owned()
    }
}

/// Returns a POST with the signature of this body.
pub(crate) fn signed(path: &str, body: &str) -> http::request::Builder {
    let value = signature::sign(&Secret::new(SECRET).unwrap(), body.as_bytes());
    Request::post(path).header(SecretKind::Consumer.header(), value)
}

pub(crate) fn deleted(id: &str) -> String {
    format!(r#"{{"for_user_id":"2244994945","tweet_delete_events":[{{"status":{{"id":"{id}","user_id":"9"}}}}]}}"#)
}

/// Returns a direct message with this text as JSON, in the X Activity API's form.
pub(crate) fn message(id: &str, text: &str) -> String {
    let text = serde_json::to_string(text).unwrap();
    format!(
        r#"{{"for_user_id":"2244994945","direct_message_events":[{{"type":"message_create","id":"{id}","created_timestamp":"1678000000001","message_create":{{"target":{{"recipient_id":"2244994945"}},"sender_id":"3001234567","message_data":{{"text":{text}}}}}}}]}}"#
    )
}

/// Returns an event of the X Activity API.
pub(crate) fn activity(id: &str, event_type: &str) -> String {
    format!(
        r#"{{"data":{{"event_uuid":"{id}","filter":{{"user_id":"5005"}},"event_type":"{event_type}","payload":{{"id":"{id}"}}}}}}"#
    )
}
