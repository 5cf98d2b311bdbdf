//! The HTTP endpoints of the management APIs: authentication, rate limits and handlers.

mod account_activity;
mod activity;
mod body;
mod call;
mod controls;
mod dashboard;
mod enterprise;
mod errors;
mod login;
mod page;
mod premium;
mod rate_limit;
mod replay;
mod stream_links;
mod table;
mod webhooks;
mod writing;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use serde_json::json;

use super::inner::Inner;
use super::settings::MockApi;
use body::{JsonReply, read};
use call::Call;
use enterprise::owned;
use errors::Fault;
use login::{oauth1, oauth2};
use table::{Action, Row};

pub(crate) fn router(inner: Arc<Inner>) -> Router {
    Router::new()
        .route("/", get(page::index))
        .route("/_mock/page.css", get(page::shared_style))
        .route("/_mock/mock.css", get(page::own_style))
        .route("/_mock/mock.js", get(page::script))
        .route("/_mock/icon.svg", get(page::icon))
        .route("/_mock/state", get(dashboard::state))
        .route("/_mock/ledger", get(dashboard::ledger))
        .route("/_mock/written", get(dashboard::written))
        .route("/_mock/fire", post(controls::fire))
        .route("/_mock/hold", post(controls::hold))
        .route("/_mock/duplicates", post(controls::duplicates))
        .route("/_mock/invalidate", post(controls::invalidate))
        .route("/_mock/validate", post(controls::validate))
        .route("/_mock/subscribe", post(controls::subscribe))
        .route("/_mock/secret", post(controls::secret))
        .route("/oauth2/token", post(token))
        .route("/oauth/request_token", post(oauth1::request_token))
        .route("/oauth/authorize", get(oauth1::authorize))
        .route("/oauth/access_token", post(oauth1::access_token))
        .route("/i/oauth2/authorize", get(oauth2::authorize))
        .route("/2/oauth2/token", post(oauth2::token))
        .route("/2/oauth2/revoke", post(oauth2::revoke))
        .route("/2/users/me", get(login::me))
        .fallback(handle_call)
        .with_state(inner)
}

async fn handle_call(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = read(body).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let path = head.uri.path();
    let is_v1 = path.starts_with("/1.1/");
    let found = call::find(&head.method, path, &inner.settings.contradictions);
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

async fn perform(row: &Row, call: Call<'_>) -> Result<JsonReply, Fault> {
    use Action as A;
    match row.action {
        A::EnterpriseRegister => enterprise::register(&call, MockApi::Enterprise, None).await,
        A::EnterpriseList => Ok(enterprise::list(&call)),
        A::EnterpriseCheck => enterprise::check(&call, 0).await,
        A::EnterpriseDelete => enterprise::delete(&call, 0),
        A::EnterpriseSubscribe => enterprise::subscribe(&call, &owned(&call, 0)?),
        A::EnterpriseIsSubscribed => enterprise::is_subscribed(&call, &owned(&call, 0)?),
        A::EnterpriseSubscriptions => enterprise::subscriptions(&call),
        A::EnterpriseCount => Ok(enterprise::count(&call)),
        A::EnterpriseUnsubscribe => enterprise::unsubscribe(&call, &owned(&call, 0)?, call.path(1)),
        A::EnterpriseUnsubscribeSelf => enterprise::unsubscribe(&call, &owned(&call, 0)?, call.user()?),
        A::EnterpriseReplay => replay::enterprise(&call).await,
        A::PremiumRegister => enterprise::register(&call, MockApi::Premium, Some(call.path(0))).await,
        A::PremiumEnvironments => Ok(premium::environments(&call)),
        A::PremiumList => Ok(premium::list(&call)),
        A::PremiumCheck => enterprise::check(&call, 1).await,
        A::PremiumDelete => enterprise::delete(&call, 1),
        A::PremiumSubscribe => enterprise::subscribe(&call, &premium::webhook(&call)?),
        A::PremiumIsSubscribed => enterprise::is_subscribed(&call, &premium::webhook(&call)?),
        A::PremiumSubscriptions => premium::subscriptions(&call),
        A::PremiumCount => Ok(premium::count(&call)),
        A::PremiumUnsubscribe => enterprise::unsubscribe(&call, &premium::webhook(&call)?, call.path(1)),
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
