//! Calls to the mock X, which checks signatures, and to transports with scripted responses.

mod app_requests;
mod contradictions;
mod credentials;
mod enterprise;
mod errors_v1;
mod errors_v2;
mod every_call;
mod expected;
pub(crate) mod fixture;
mod openapi;
mod openapi_schema;
mod premium;
mod rate_limits;
mod refusals;
mod responses;
mod retries;
mod secrets;
mod signatures;
mod sockets;
mod subscribing;
mod v2;
mod x_activity;
