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

const NO_REPLAY: &str = "Account Activity API enterprise account with replay is required. Please confirm you have an \
                         enterprise account and replay is enabled.";

fn v1(fault: &Fault, action: Option<Action>) -> JsonReply {
    use Fault::*;
    let is_replay = action == Some(Action::EnterpriseReplay);
    let (status, code, message) = match fault {
        WrongAuth(kinds, _) if kinds.is_app_only => match action {
            Some(Action::EnterpriseList) => (403, 99, "You don't have access to this resource."),
            Some(Action::EnterpriseReplay) => {
                (401, 32, "Invalid authentication method. Please use application-only authentication.")
            }
            _ => (401, 32, "Could not authenticate you."),
        },
        WrongAuth(..) | CannotWrite => (403, 261, "Application cannot perform write actions."),
        Unauthenticated => (401, 32, "Could not authenticate you."),
        NoProduct if is_replay => (403, 200, NO_REPLAY),
        Forbidden | NoProduct => (403, 200, "Forbidden."),
        MethodNotAllowed(Action::EnterpriseReplay) => (401, 61, "Client is not permitted to request this method."),
        NoSuchPage | MethodNotAllowed(_) => (404, 34, "Sorry, that page does not exist."),
        RateLimited if is_replay => (429, 88, "Too many requests. Please back off your API request rate."),
        RateLimited => (429, 88, "Rate limit exceeded"),
        Down(Outage::Internal) => (500, 0, "Internal server error."),
        Down(Outage::Unavailable) => (503, 67, "Twitter server error. Retry using an exponential backoff pattern."),
        Refused(refusal) => {
            let (status, code, message) = v1_refusal(refusal, is_replay);
            return v1_error(status, code, &message);
        }
    };
    v1_error(status, code, message)
}

pub(super) fn v1_error(status: u16, code: u16, message: &str) -> JsonReply {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    JsonReply(status, Some(json!({"errors": [{"code": code, "message": message}]})))
}

fn v1_refusal(refusal: &Refusal, is_replay: bool) -> (u16, u16, String) {
    use Refusal::*;
    let url = "Webhook URL does not meet the requirements.";
    let (status, code, text) = match refusal {
        Challenge(_) | WebhookInvalid if is_replay => (400, 214, "Webhook is marked invalid and requires a CRC check."),
        Url(_) | Challenge(ChallengeFailure::Tls(_)) | WebhookInvalid => (403, 214, url),
        Challenge(ChallengeFailure::WrongToken(_) | ChallengeFailure::Encoding) => {
            (403, 214, "Webhook URL does not meet the requirements. Invalid CRC token or json response format.")
        }
        Challenge(ChallengeFailure::Timeout) => {
            (403, 214, "High latency on CRC GET request. Your webhook should respond in less than 3 seconds.")
        }
        Challenge(_) => (403, 214, "Non-200 response code during CRC GET request (i.e. 404, 500, etc)."),
        DuplicateUrl | TooManyWebhooks | TooManySubscriptions => (403, 214, "Too many resources already created."),
        NoSuchWebhook => (404, 34, "Webhook does not exist or is associated with a different twitter application."),
        NotPermitted | Private(_) => {
            (403, 348, "Client application is not permitted to access this user's webhook subscriptions.")
        }
        AlreadySubscribed => (409, 355, "Subscription already exists."),
        ReplayUnderWay => (409, 355, "A replay job is already in progress for this webhook."),
        NoSuchSubscription | NoActivitySubscription(_) => (404, 34, "Sorry, that page does not exist."),
        ReplayDates(fault) => {
            let code = match fault {
                DateFault::Missing(_) => 357,
                DateFault::Malformed(_) => 358,
                DateFault::NotInThePast(..) => 368,
                DateFault::Order | DateFault::TooOld(_) => 356,
            };
            return (400, code, fault.to_string());
        }
        NegativeId(_) => return (400, 360, refusal.to_string()),
        Unparsable(_) => return (400, 358, refusal.to_string()),
        Invalid(_) | UnknownEventType(_) => return (400, 38, refusal.to_string()),
    };
    (status, code, text.into())
}

fn v2(fault: &Fault, settings: &MockSettings) -> Response {
    let plain = |status: u16, title: &'static str| (status, "", title, title.to_owned());
    let mut further = Value::Null;
    let (status, kind, title, detail) = match fault {
        Fault::Unauthenticated => plain(401, "Unauthorized"),
        Fault::Forbidden | Fault::CannotWrite | Fault::Refused(Refusal::NotPermitted) => plain(403, "Forbidden"),
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
            (403, "unsupported-authentication", "Unsupported Authentication", detail)
        }
        Fault::NoProduct => {
            further = json!({"reason": "client-not-enrolled"});
            let detail = "When authenticating requests to this endpoint, you must use credentials of an app whose account has access to it.";
            (403, "client-forbidden", "Client Forbidden", detail.to_owned())
        }
        Fault::Refused(refusal @ Refusal::Private(_)) => (403, "", "Forbidden", refusal.to_string()),
        Fault::Refused(Refusal::NoActivitySubscription(id)) => {
            further = json!({"resource_type": "subscription", "resource_id": id, "parameter": "subscription_id", "value": id});
            let detail = format!("Could not find subscription with subscription_id: [{id}].");
            (404, "resource-not-found", "Not Found Error", detail)
        }
        Fault::Refused(refusal) => {
            let (status, reason, text) = v2_refusal(refusal);
            further = json!({"errors": [{"title": reason, "message": format!("{reason}: {text}")}]});
            let title = if status == 409 { "Conflict" } else { "Invalid Request" };
            let detail = format!("One or more parameters to your request was invalid. {reason}: {text}");
            (status, "invalid-request", title, detail)
        }
    };
    let status_code = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    if settings.contradictions.errors == ErrorForm::Code {
        let body = json!({"code": status, "message": detail});
        return JsonReply(status_code, Some(body)).into_response();
    }
    let kind = if kind.is_empty() { "about:blank" } else { &format!("https://api.x.com/2/problems/{kind}") };
    let body = with(json!({"type": kind, "title": title, "status": status, "detail": detail}), further);
    let content_type = HeaderValue::from_static("application/problem+json");
    (status_code, [(header::CONTENT_TYPE, content_type)], body.to_string()).into_response()
}

/// Returns the status, X's reason, and a message.
fn v2_refusal(refusal: &Refusal) -> (u16, &'static str, String) {
    use Refusal::*;
    let (reason, text) = match refusal {
        Url(why) => ("UrlValidationFailed", format!("URL does not meet the requirements: {why}")),
        DuplicateUrl => ("DuplicateUrlFailed", "Webhook URL already exists".to_owned()),
        TooManyWebhooks => ("WebhookLimitExceeded", "Webhook limit exceeded".to_owned()),
        Challenge(failure) => {
            let error = match failure {
                ChallengeFailure::WrongToken(_) => "Invalid `response_token`".to_owned(),
                other => other.to_string(),
            };
            ("CrcValidationFailed", format!("URL returned bad response during CRC with error: {error}"))
        }
        NoSuchWebhook => {
            ("WebhookIdInvalid", "Webhook does not exist or is associated with a different application".to_owned())
        }
        WebhookInvalid => ("CrcValidationFailed", "Webhook is marked invalid and requires a CRC check".to_owned()),
        AlreadySubscribed => ("DuplicateSubscriptionFailed", "Subscription already exists".to_owned()),
        TooManySubscriptions => ("SubscriptionLimitExceeded", "Subscription limit exceeded".to_owned()),
        NoSuchSubscription => ("SubscriptionNotFound", "Subscription does not exist".to_owned()),
        ReplayUnderWay => {
            return (409, "ReplayConflictError", "A replay job is already in progress for this webhook".to_owned());
        }
        other => ("InvalidParameter", other.to_string()),
    };
    (400, reason, text)
}
