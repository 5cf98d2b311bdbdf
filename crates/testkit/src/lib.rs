//! Test tools that simulate X for receivers of Twitter/X webhooks, offline.
//!
//! - [`Challenge`] and [`WebhookPost`] build requests as X sends them, for a `tower::Service` without
//!   sockets or as raw bytes; [`sign`] computes the signature alone.
//! - [`event()`] builds one event, for a unit test of a function that processes events.
//! - [`PayloadGenerator`] generates events of every [`MockEventKind`], in the payload format of any source API.
//! - [`Sender`] sends requests over real HTTP, and [`read`] parses bodies without checking a
//!   signature.
//! - [`MockX`] is a server that simulates X: it registers, challenges and delivers to webhooks, and
//!   records everything in a [`Ledger`].
//! - [`Recording`] reads and writes deliveries as lines of JSON.
//!
//! The crate `birdhook-doctor` checks a receiver at a URL.

mod event;
pub mod mock;
mod payload;
mod reading;
mod recording;
mod request;
mod sender;

pub use birdhook_core::signature::sign;
pub use event::{BuildEventError, EventBuilder, event};
pub use mock::{Clock, Ledger, MockX};
pub use payload::{MockEvent, MockEventKind, PayloadGenerator, UnknownKind};
pub use reading::read;
pub use recording::{Recorded, Recording, RecordingError};
pub use request::{Challenge, WebhookPost, WrongResponse, now};
pub use sender::{Answer, SendError, Sender};

/// Re-export of the `http` crate, whose request types the public API uses.
pub use ::http;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
