//! Receives Twitter/X webhooks without I/O: no sockets, no clock, no runtime.
//!
//! This crate is the core of [birdhook](https://docs.rs/birdhook), for authors of adapters and for
//! apps that need a single function of it.
//! A request passes through these types in order: [`RequestHead`] → [`Endpoint::begin`] → [`HeadResult`]
//! → [`BodyReader`] → [`Delivery`] → [`Event`]s. A challenge is answered at the first step. A body
//! is verified before any of it is parsed.
//!
//! The same work is available as plain functions: [`crc::respond`], [`signature::verify`],
//! [`signature::sign`].

// A delivery passes through `http` (with `auth`), `parse` (with `json`), `event`, `schema`, `activity`
// and `codec`. A file imports only from files that do not depend on it.
pub mod activity;
mod auth;
pub mod codec;
#[doc(hidden)]
pub mod consumption;
mod event;
mod http;
mod json;
mod parse;
pub mod schema;
mod traits;

pub use activity::{Activity, PostRelation};
pub use auth::app::App;
pub use auth::apps::{Apps, AppsError};
pub use auth::secret::{Secret, SecretError};
pub use auth::secret_kind::{ParseSecretKindError, SecretKind};
pub use auth::{crc, signature};
pub use event::delivery::Delivery;
pub use event::event::Event;
pub use event::key::{DedupeScope, EventKey, ParseEventKeyError};
pub use event::kind::{ApiSource, Direction, EventKind, ParseApiSourceError, ParseEventKindError};
pub use event::time::{ParseTimestampError, Timestamp};
pub use event::window::DedupeWindow;
pub use http::body::BodyReader;
pub use http::endpoint::{Endpoint, HeadResult};
pub use http::head::RequestHead;
pub use http::outcome::Outcome;
pub use http::reply::Reply;
pub use http::settings::{AppSelector, ChallengeSignature, EndpointSettings};
pub use json::raw::RawJson;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
