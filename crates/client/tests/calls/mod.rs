//! Calls to the mock X, which checks signatures, and to transports with scripted responses.

mod answers;
mod contradictions;
mod credentials;
mod enterprise;
mod errors_v1;
mod errors_v2;
mod openapi;
mod openapi_schema;
mod own;
mod premium;
mod rates;
mod receiver;
mod refusals;
mod retries;
mod secrets;
mod signatures;
mod stated;
mod subscribing;
pub(crate) mod transport;
mod v2;
mod wire;
pub(crate) mod world;
mod x_activity;
