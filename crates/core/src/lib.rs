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

pub mod activity;
mod app;
mod apps;
mod body;
mod challenge;
pub mod codec;
pub mod crc;
mod delivery;
mod directory;
mod endpoint;
mod envelope;
mod event;
mod head;
mod key;
mod kind;
mod raw;
mod readable;
mod reply;
pub mod schema;
mod secret;
pub mod signature;
mod time;
mod window;

pub use activity::{Activity, PostRelation};
pub use app::App;
pub use apps::{Apps, AppsError};
pub use body::BodyReader;
pub use delivery::Delivery;
pub use endpoint::{AppSelector, ChallengeSignature, Endpoint, EndpointSettings, HeadResult};
pub use event::Event;
pub use head::RequestHead;
pub use key::{DedupeScope, EventKey};
pub use kind::{ApiSource, Direction, EventKind};
pub use raw::RawJson;
pub use reply::{Outcome, Reply};
pub use secret::{Secret, SecretError, SecretKind};
pub use time::Timestamp;
pub use window::DedupeWindow;
