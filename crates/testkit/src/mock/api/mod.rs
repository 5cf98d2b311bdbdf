//! The HTTP endpoints of the management APIs: authentication, rate limits and handlers.

mod account_activity;
mod activity;
mod dashboard;
mod enterprise;
mod errors;
mod login;
mod premium;
mod rate_limit;
mod replay;
mod stream_links;
mod table;
mod webhooks;
mod writing;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use birdhook_core::Timestamp;
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::auth::Caller;
use super::{Inner, Refusal};
use errors::Fault;
use table::{Action, Row};

pub(crate) use login::Logins;
pub(crate) use rate_limit::RateWindows;

/// Returns the router of the server.
pub(crate) fn router(inner: Arc<Inner>) -> Router {
    Router::new()
        .route("/", get(dashboard::page))
        .route("/_mock/state", get(dashboard::state))
        .route("/_mock/ledger", get(dashboard::ledger))
        .route("/_mock/written", get(dashboard::written))
        .route("/_mock/fire", post(dashboard::fire))
        .route("/oauth2/token", post(token))
        .merge(login::routes())
        .fallback(handle_call)
        .with_state(inner)
}

/// An authenticated call.
pub(crate) struct Call<'a> {
    inner: &'a Inner,
    caller: Caller,
    /// The values of the path's `:name` parameters, in order.
    path: Vec<String>,
    query: Vec<(String, String)>,
    body: Bytes,
}

impl Call<'_> {
    fn path(&self, at: usize) -> &str {
        self.path.get(at).map(String::as_str).unwrap_or_default()
    }

    fn query(&self, wanted: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }

    fn app(&self) -> &str {
        &self.caller.app
    }

    /// Parses the body as JSON.
    fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body).map_err(|error| Refusal::Invalid(format!("invalid body: {error}")).into())
    }
}

/// Formats a time like v2, with milliseconds.
fn iso(time: Timestamp) -> String {
    let whole = time.to_string();
    let Some((seconds, rest)) = whole.trim_end_matches('Z').split_once('.') else {
        return format!("{}.000Z", whole.trim_end_matches('Z'));
    };
    format!("{seconds}.{rest:0<3}Z")
}

/// A status with an optional JSON body.
pub(crate) struct JsonReply(StatusCode, Option<Value>);

impl JsonReply {
    fn ok(body: Value) -> Self {
        Self(StatusCode::OK, Some(body))
    }

    fn nothing() -> Self {
        Self(StatusCode::NO_CONTENT, None)
    }
}

impl IntoResponse for JsonReply {
    fn into_response(self) -> Response {
        let Some(body) = self.1 else { return self.0.into_response() };
        let content_type = HeaderValue::from_static("application/json; charset=utf-8");
        (self.0, [(header::CONTENT_TYPE, content_type)], body.to_string()).into_response()
    }
}

async fn handle_call(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = read(body).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let path = head.uri.path();
    let is_v1 = path.starts_with("/1.1/");
    let found = table::find(&head.method, path, &inner.settings.contradictions);
    let (number, row, captured) = match found {
        Ok(found) => found,
        Err(fault) => return errors::respond(&fault, is_v1, None, &inner.settings),
    };
    let caller = inner.authenticate(&head, &body);
    let allowed = caller.ok_or(Fault::Unauthenticated).and_then(|caller| row.admit(caller, &inner.settings));
    let caller = match allowed {
        Ok(caller) => caller,
        Err(fault) => return errors::respond(&fault, is_v1, Some(row.action), &inner.settings),
    };
    let (rate, is_within) = inner.count(number, row, &caller);
    let outage = inner.state().outage;
    let reply = if !is_within {
        Err(Fault::RateLimited)
    } else if let Some(outage) = outage {
        Err(Fault::Down(outage))
    } else {
        let query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        perform(row, Call { inner: &inner, caller, path: captured, query, body }).await
    };
    let mut response = match reply {
        Ok(reply) => reply.into_response(),
        Err(fault) => errors::respond(&fault, is_v1, Some(row.action), &inner.settings),
    };
    rate.write(response.headers_mut());
    response
}

async fn read(body: Body) -> Result<Bytes, axum::Error> {
    axum::body::to_bytes(body, 1 << 20).await
}

async fn perform(row: &Row, call: Call<'_>) -> Result<JsonReply, Fault> {
    use Action as A;
    match row.action {
        A::EnterpriseRegister => enterprise::register(&call).await,
        A::EnterpriseList => Ok(enterprise::list(&call)),
        A::EnterpriseCheck => enterprise::check(&call, 0).await,
        A::EnterpriseDelete => enterprise::delete(&call, 0),
        A::EnterpriseSubscribe => enterprise::subscribe(&call),
        A::EnterpriseIsSubscribed => enterprise::is_subscribed(&call),
        A::EnterpriseSubscriptions => enterprise::subscriptions(&call),
        A::EnterpriseCount => Ok(enterprise::count(&call)),
        A::EnterpriseUnsubscribe => enterprise::unsubscribe(&call),
        A::EnterpriseUnsubscribeSelf => enterprise::unsubscribe_self(&call),
        A::EnterpriseReplay => replay::enterprise(&call).await,
        A::PremiumRegister => premium::register(&call).await,
        A::PremiumEnvironments => Ok(premium::environments(&call)),
        A::PremiumList => Ok(premium::list(&call)),
        A::PremiumCheck => enterprise::check(&call, 1).await,
        A::PremiumDelete => enterprise::delete(&call, 1),
        A::PremiumSubscribe => premium::subscribe(&call),
        A::PremiumIsSubscribed => premium::is_subscribed(&call),
        A::PremiumSubscriptions => premium::subscriptions(&call),
        A::PremiumCount => Ok(premium::count(&call)),
        A::PremiumUnsubscribe => premium::unsubscribe(&call),
        A::Register => webhooks::register(&call).await,
        A::List => webhooks::list(&call),
        A::Check => webhooks::check(&call).await,
        A::Delete => webhooks::delete(&call),
        A::Replay => replay::v2(&call).await,
        A::Subscribe => account_activity::subscribe(&call),
        A::IsSubscribed => account_activity::is_subscribed(&call),
        A::Subscriptions => account_activity::subscriptions(&call),
        A::Unsubscribe => account_activity::unsubscribe(&call),
        A::Count => Ok(account_activity::count(&call)),
        A::ActivityCreate => activity::create(&call),
        A::ActivityList => activity::list(&call),
        A::ActivityUpdate => activity::update(&call),
        A::ActivityDelete => activity::delete(&call),
        A::ActivityDeleteMany => activity::delete_many(&call),
        A::Link => stream_links::link(&call),
        A::Unlink => stream_links::unlink(&call),
        A::Links => Ok(stream_links::list(&call)),
        A::Message => writing::message(&call).await,
        A::Tweet => writing::post(&call).await,
    }
}

/// Handles `POST /oauth2/token`.
async fn token(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = read(body).await.unwrap_or_default();
    match inner.client_credentials(&head, &body) {
        Some(app) => {
            JsonReply::ok(json!({"token_type": "bearer", "access_token": app.bearer.as_str()})).into_response()
        }
        None => {
            let error = json!({"code": 99, "message": "Unable to verify your credentials", "label": "authenticity_token_error"});
            JsonReply(StatusCode::FORBIDDEN, Some(json!({"errors": [error]}))).into_response()
        }
    }
}

/// The matching call: its index, its row, and its path parameters.
type Found = (usize, &'static Row, Vec<String>);
