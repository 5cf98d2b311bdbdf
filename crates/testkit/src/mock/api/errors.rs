//! Error responses in the formats of 1.1 and v2.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::body::JsonReply;
use super::table::{Action, Auth};
use crate::mock::auth::Who;
use crate::mock::contradictions::ErrorForm;
use crate::mock::refusal::{ChallengeFailure, DateFault, Refusal};
use crate::mock::settings::MockSettings;
use crate::mock::state::Outage;
use crate::payload::json::with;

#[derive(Debug)]
pub(crate) enum Fault {
    /// The credentials are missing or unknown.
    Unauthenticated,
    /// The call needs other credentials: the supported kinds, and the kind that was used.
    WrongAuth(Kinds, &'static str),
    Forbidden,
    /// The account's plan does not include this call.
    NoProduct,
    /// The token is read-only.
    CannotWrite,
    NoSuchPage,
    /// The path exists, but not with this method.
    MethodNotAllowed(Action),
    RateLimited,
    Down(Outage),
    Refused(Refusal),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The kinds of credentials that a call supports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kinds {
    names: &'static str,
    is_app_only: bool,
}

impl Kinds {
    pub(crate) fn of(auth: Auth, owner_may: bool) -> Self {
        let (names, is_app_only) = match auth {
            Auth::Owner | Auth::User => ("OAuth 1.0a User Context", false),
            Auth::AppOrOwner if owner_may => ("OAuth 1.0a User Context, OAuth 2.0 Application-Only", false),
            Auth::App | Auth::AppOrOwner => ("OAuth 2.0 Application-Only", true),
            Auth::AnyUser(_) => ("OAuth 1.0a User Context, OAuth 2.0 User Context", false),
            Auth::Anyone(_) => ("OAuth 1.0a User Context, OAuth 2.0 Application-Only, OAuth 2.0 User Context", false),
        };
        Self { names, is_app_only }
    }

    pub(crate) fn name(who: &Who) -> &'static str {
        match who {
            Who::App => "OAuth 2.0 Application-Only",
            Who::User { .. } => "OAuth 1.0a User Context",
            Who::User2 { .. } => "OAuth 2.0 User Context",
        }
    }
}

pub(crate) fn respond(fault: &Fault, is_v1: bool, action: Option<Action>, settings: &MockSettings) -> Response {
    if is_v1 { v1(fault, action).into_response() } else { v2(fault, settings) }
}

fn v1(fault: &Fault, action: Option<Action>) -> JsonReply {
    let is_replay = action == Some(Action::EnterpriseReplay);
    let (status, code, message) = match fault {
        Fault::WrongAuth(kinds, _) if kinds.is_app_only => match action {
            Some(Action::EnterpriseList) => (403, 99, "You don't have access to this resource.".into()),
            Some(Action::EnterpriseReplay) => {
                (401, 32, "Invalid authentication method. Please use application-only authentication.".into())
            }
            _ => (401, 32, "Could not authenticate you.".into()),
        },
        Fault::WrongAuth(..) | Fault::CannotWrite => (403, 261, "Application cannot perform write actions.".into()),
        Fault::Unauthenticated => (401, 32, "Could not authenticate you.".into()),
        Fault::NoProduct if is_replay => {
            let text = "Account Activity API enterprise account with replay is required. Please confirm you have an enterprise account and replay is enabled.";
            (403, 200, text.into())
        }
        Fault::Forbidden | Fault::NoProduct => (403, 200, "Forbidden.".into()),
        Fault::MethodNotAllowed(Action::EnterpriseReplay) => {
            (401, 61, "Client is not permitted to request this method.".into())
        }
        Fault::NoSuchPage | Fault::MethodNotAllowed(_) => (404, 34, "Sorry, that page does not exist.".into()),
        Fault::RateLimited if is_replay => {
            (429, 88, "Too many requests. Please back off your API request rate.".into())
        }
        Fault::RateLimited => (429, 88, "Rate limit exceeded".into()),
        Fault::Down(Outage::Internal) => (500, 0, "Internal server error.".into()),
        Fault::Down(Outage::Unavailable) => {
            (503, 67, "Twitter server error. Retry using an exponential backoff pattern.".into())
        }
        Fault::Refused(refusal) => v1_refusal(refusal, is_replay),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    JsonReply(status, Some(json!({"errors": [{"code": code, "message": message}]})))
}

fn v1_refusal(refusal: &Refusal, is_replay: bool) -> (u16, u16, String) {
    let url = "Webhook URL does not meet the requirements.";
    let (status, code, text) = match refusal {
        Refusal::Challenge(_) | Refusal::WebhookInvalid if is_replay => {
            (400, 214, "Webhook is marked invalid and requires a CRC check.")
        }
        Refusal::Url(_) | Refusal::Challenge(ChallengeFailure::Tls(_)) | Refusal::WebhookInvalid => (403, 214, url),
        Refusal::Challenge(ChallengeFailure::WrongToken(_) | ChallengeFailure::Encoding) => {
            (403, 214, "Webhook URL does not meet the requirements. Invalid CRC token or json response format.")
        }
        Refusal::Challenge(ChallengeFailure::Timeout) => {
            (403, 214, "High latency on CRC GET request. Your webhook should respond in less than 3 seconds.")
        }
        Refusal::Challenge(_) => (403, 214, "Non-200 response code during CRC GET request (i.e. 404, 500, etc)."),
        Refusal::DuplicateUrl | Refusal::TooManyWebhooks | Refusal::TooManySubscriptions => {
            (403, 214, "Too many resources already created.")
        }
        Refusal::NoSuchWebhook => {
            (404, 34, "Webhook does not exist or is associated with a different twitter application.")
        }
        Refusal::NotPermitted | Refusal::Private(_) => {
            (403, 348, "Client application is not permitted to access this user's webhook subscriptions.")
        }
        Refusal::AlreadySubscribed => (409, 355, "Subscription already exists."),
        Refusal::ReplayUnderWay => (409, 355, "A replay job is already in progress for this webhook."),
        Refusal::NoSuchSubscription | Refusal::NoActivitySubscription(_) => {
            (404, 34, "Sorry, that page does not exist.")
        }
        Refusal::ReplayDates(fault) => {
            let code = match fault {
                DateFault::Missing(_) => 357,
                DateFault::Malformed(_) => 358,
                DateFault::NotInThePast(..) => 368,
                DateFault::Order | DateFault::TooOld(_) => 356,
            };
            return (400, code, fault.to_string());
        }
        Refusal::NegativeId(_) => return (400, 360, refusal.to_string()),
        Refusal::Unparsable(_) => return (400, 358, refusal.to_string()),
        Refusal::Invalid(_) | Refusal::UnknownEventType(_) => return (400, 38, refusal.to_string()),
    };
    (status, code, text.into())
}

fn v2(fault: &Fault, settings: &MockSettings) -> Response {
    const PROBLEMS: &str = "https://api.x.com/2/problems/";
    let plain = |status: u16, title: &str| (status, "about:blank".to_owned(), title.to_owned(), title.to_owned());
    let forbidden = || plain(403, "Forbidden");
    let mut further = Value::Null;
    let (status, kind, title, detail) = match fault {
        Fault::Unauthenticated => plain(401, "Unauthorized"),
        Fault::Forbidden | Fault::CannotWrite => forbidden(),
        Fault::NoSuchPage => plain(404, "Not Found"),
        Fault::MethodNotAllowed(_) => plain(405, "Method Not Allowed"),
        Fault::RateLimited => plain(429, "Too Many Requests"),
        Fault::Down(Outage::Internal) => plain(500, "Internal Server Error"),
        Fault::Down(Outage::Unavailable) => plain(503, "Service Unavailable"),
        Fault::WrongAuth(kinds, used) => {
            let detail = format!(
                "Authenticating with {used} is forbidden for this endpoint.  Supported authentication types are [{}].",
                kinds.names
            );
            (403, format!("{PROBLEMS}unsupported-authentication"), "Unsupported Authentication".to_owned(), detail)
        }
        Fault::NoProduct => {
            further = json!({"reason": "client-not-enrolled"});
            let detail = "When authenticating requests to this endpoint, you must use credentials of an app whose account has access to it.";
            (403, format!("{PROBLEMS}client-forbidden"), "Client Forbidden".to_owned(), detail.to_owned())
        }
        Fault::Refused(Refusal::NotPermitted) => forbidden(),
        Fault::Refused(refusal @ Refusal::Private(_)) => {
            (403, "about:blank".to_owned(), "Forbidden".to_owned(), refusal.to_string())
        }
        Fault::Refused(Refusal::NoActivitySubscription(id)) => {
            further = json!({"resource_type": "subscription", "resource_id": id, "parameter": "subscription_id", "value": id});
            let detail = format!("Could not find subscription with subscription_id: [{id}].");
            (404, format!("{PROBLEMS}resource-not-found"), "Not Found Error".to_owned(), detail)
        }
        Fault::Refused(refusal) => {
            let (status, reason, text) = v2_refusal(refusal);
            further = json!({"errors": [{"title": reason, "message": format!("{reason}: {text}")}]});
            let title = if status == 409 { "Conflict" } else { "Invalid Request" };
            let detail = format!("One or more parameters to your request was invalid. {reason}: {text}");
            (status, format!("{PROBLEMS}invalid-request"), title.to_owned(), detail)
        }
    };
    let status_code = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    if settings.contradictions.errors == ErrorForm::Code {
        let body = json!({"code": status, "message": detail});
        return JsonReply(status_code, Some(body)).into_response();
    }
    let body = with(json!({"type": kind, "title": title, "status": status, "detail": detail}), further);
    let content_type = HeaderValue::from_static("application/problem+json");
    (status_code, [(header::CONTENT_TYPE, content_type)], body.to_string()).into_response()
}

/// Returns the status, X's reason, and a message.
fn v2_refusal(refusal: &Refusal) -> (u16, &'static str, String) {
    let (reason, text) = match refusal {
        Refusal::Url(why) => ("UrlValidationFailed", format!("URL does not meet the requirements: {why}")),
        Refusal::DuplicateUrl => ("DuplicateUrlFailed", "Webhook URL already exists".to_owned()),
        Refusal::TooManyWebhooks => ("WebhookLimitExceeded", "Webhook limit exceeded".to_owned()),
        Refusal::Challenge(failure) => {
            let error = match failure {
                ChallengeFailure::WrongToken(_) => "Invalid `response_token`".to_owned(),
                other => other.to_string(),
            };
            ("CrcValidationFailed", format!("URL returned bad response during CRC with error: {error}"))
        }
        Refusal::NoSuchWebhook => {
            ("WebhookIdInvalid", "Webhook does not exist or is associated with a different application".to_owned())
        }
        Refusal::WebhookInvalid => {
            ("CrcValidationFailed", "Webhook is marked invalid and requires a CRC check".to_owned())
        }
        Refusal::AlreadySubscribed => ("DuplicateSubscriptionFailed", "Subscription already exists".to_owned()),
        Refusal::TooManySubscriptions => ("SubscriptionLimitExceeded", "Subscription limit exceeded".to_owned()),
        Refusal::NoSuchSubscription => ("SubscriptionNotFound", "Subscription does not exist".to_owned()),
        Refusal::ReplayUnderWay => {
            return (409, "ReplayConflictError", "A replay job is already in progress for this webhook".to_owned());
        }
        other => ("InvalidParameter", other.to_string()),
    };
    (400, reason, text)
}
