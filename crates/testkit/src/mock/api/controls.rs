//! The requests of the dashboard that change something. They accept only JSON, because HTML forms of
//! other sites cannot send it. Tests in other languages may use them too.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use birdhook_core::SecretKind;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::body::JsonReply;
use crate::mock::credentials::MockToken;
use crate::mock::inner::{Inner, wake};
use crate::mock::ledger::Occasion;
use crate::mock::manage::NewActivity;
use crate::mock::refusal::Refusal;
use crate::mock::settings::DeliveryOrder;
use crate::mock::state::MockFilter;
use crate::payload::MockEventKind;

/// Maximum number of copies of a delivery, and of concurrent deliveries to a webhook.
const MAX_COPIES: usize = 100;

/// The reply to a request that changes nothing.
pub(super) struct Refused(StatusCode, String);

impl Refused {
    fn bad(why: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, why.into())
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::NoSuchWebhook => StatusCode::NOT_FOUND,
            Refusal::AlreadySubscribed => StatusCode::CONFLICT,
            _ => StatusCode::BAD_REQUEST,
        };
        Self(status, refusal.to_string())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        JsonReply(self.0, Some(json!({"error": self.1}))).into_response()
    }
}

pub(super) type Reply = Result<JsonReply, Refused>;

/// Reads a JSON body. `example` is shown if it cannot be read.
fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes, example: &str) -> Result<T, Refused> {
    let is_json =
        headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    if !is_json {
        return Err(Refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/json".to_owned()));
    }
    serde_json::from_slice(body).map_err(|_| Refused::bad(format!("send {example}")))
}

#[derive(Deserialize)]
struct Fire {
    kind: String,
    user_id: String,
}

/// Generates an event.
pub(super) async fn fire(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Reply {
    let Fire { kind, user_id } = read(&headers, &body, r#"{"kind":"like.create","user_id":"2001"}"#)?;
    let kind: MockEventKind = kind.parse().map_err(|error| Refused::bad(format!("{error}")))?;
    let deliveries = inner.deliver_event(&inner.generate(kind, &user_id));
    Ok(JsonReply::ok(json!({"kind": kind.as_str(), "user_id": user_id, "deliveries": deliveries})))
}

#[derive(Deserialize)]
struct Hold {
    held: bool,
    order: Option<String>,
    at_once: Option<usize>,
}

/// Holds deliveries back, or releases them in this order.
pub(super) async fn hold(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Reply {
    let Hold { held, order, at_once } = read(&headers, &body, r#"{"held":false,"order":"reversed","at_once":8}"#)?;
    let order = order.map(|name| order_named(&name)).transpose()?;
    if at_once.is_some_and(|number| !(1..=MAX_COPIES).contains(&number)) {
        return Err(Refused::bad(format!("at_once must be 1 to {MAX_COPIES}")));
    }
    {
        let mut state = inner.state();
        state.is_held = held;
        state.chaos.order = order.unwrap_or(state.chaos.order);
        state.chaos.at_once = at_once.unwrap_or(state.chaos.at_once);
    }
    wake(&inner);
    Ok(controls(&inner))
}

#[derive(Deserialize)]
struct Duplicates {
    copies: usize,
}

/// Sends this many copies of each later delivery.
pub(super) async fn duplicates(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Reply {
    let Duplicates { copies } = read(&headers, &body, r#"{"copies":1}"#)?;
    if copies > MAX_COPIES {
        return Err(Refused::bad(format!("copies must be 0 to {MAX_COPIES}")));
    }
    inner.state().chaos.duplicates = copies;
    Ok(controls(&inner))
}

#[derive(Deserialize)]
struct OfWebhook {
    webhook_id: String,
}

const OF_WEBHOOK: &str = r#"{"webhook_id":"..."}"#;

/// Marks a webhook as invalid.
pub(super) async fn invalidate(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Reply {
    let OfWebhook { webhook_id } = read(&headers, &body, OF_WEBHOOK)?;
    inner.invalidate(&webhook_id)?;
    Ok(webhook(&inner, &webhook_id))
}

/// Challenges a webhook, which is valid afterwards if it passes.
pub(super) async fn validate(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Reply {
    let OfWebhook { webhook_id } = read(&headers, &body, OF_WEBHOOK)?;
    inner.revalidate(&webhook_id, Occasion::Revalidation).await?;
    Ok(webhook(&inner, &webhook_id))
}

#[derive(Deserialize)]
struct Subscribe {
    webhook_id: String,
    user_id: String,
    event_type: Option<String>,
}

/// Subscribes a user to an event type of the X Activity API, or to the Account Activity API.
pub(super) async fn subscribe(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Reply {
    const EXAMPLE: &str = r#"{"webhook_id":"...","user_id":"2001","event_type":"like.create"}"#;
    let Subscribe { webhook_id, user_id, event_type } = read(&headers, &body, EXAMPLE)?;
    if !(1..=19).contains(&user_id.len()) || !user_id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refused::bad("user_id must be 1 to 19 digits"));
    }
    let app = inner.state().webhook(&webhook_id).map(|webhook| webhook.app.clone()).ok_or(Refusal::NoSuchWebhook)?;
    let Some(event_type) = event_type else {
        inner.subscribe(&app, &webhook_id, &user_id)?;
        return Ok(JsonReply::ok(json!({"webhook_id": webhook_id, "user_id": user_id})));
    };
    let filter = MockFilter { user_id: Some(user_id.clone()), ..MockFilter::default() };
    let new = NewActivity { event_type, filter, tag: None, webhook_id: Some(webhook_id), expires_at: None };
    let subscription = inner.subscribe_activity(&app, Some(&user_id), new)?;
    Ok(JsonReply::ok(json!(subscription)))
}

#[derive(Deserialize)]
struct NewSecret {
    kind: String,
    secret: String,
}

/// Replaces a secret of the first app. The reply does not repeat it.
pub(super) async fn secret(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Reply {
    let NewSecret { kind, secret } = read(&headers, &body, r#"{"kind":"consumer","secret":"..."}"#)?;
    let kind: SecretKind = kind.parse().map_err(|_| Refused::bad("kind must be consumer or client"))?;
    let app = inner.state().apps.first().map(|app| app.name.clone()).unwrap_or_default();
    inner.set_secret(&app, kind, MockToken::new(secret)).map_err(|error| Refused::bad(error.to_string()))?;
    Ok(JsonReply::ok(json!({"app": app, "kind": kind.as_str()})))
}

const ORDERS: [(&str, DeliveryOrder); 3] = [
    ("as_happened", DeliveryOrder::AsHappened),
    ("reversed", DeliveryOrder::Reversed),
    ("shuffled", DeliveryOrder::Shuffled),
];

fn order_named(name: &str) -> Result<DeliveryOrder, Refused> {
    let order = ORDERS.iter().find(|(known, _)| *known == name).map(|(_, order)| *order);
    order.ok_or_else(|| Refused::bad("order must be as_happened, reversed or shuffled"))
}

/// Returns the settings that the dashboard changes, and the number of deliveries that wait.
pub(super) fn controls_of(inner: &Inner) -> Value {
    let state = inner.state();
    let order = ORDERS.iter().find(|(_, order)| *order == state.chaos.order).map(|(name, _)| *name);
    json!({
        "held": state.is_held,
        "order": order,
        "at_once": state.chaos.at_once,
        "duplicates": state.chaos.duplicates,
        "waiting": state.waiting.values().map(std::collections::VecDeque::len).sum::<usize>(),
    })
}

fn controls(inner: &Inner) -> JsonReply {
    JsonReply::ok(controls_of(inner))
}

fn webhook(inner: &Inner, id: &str) -> JsonReply {
    JsonReply::ok(json!(inner.state().webhook(id)))
}
