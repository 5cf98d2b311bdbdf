//! Plays X for tests of Twitter/X webhooks, offline.
//!
//! - [`Challenge`] and [`Post`] are requests as X makes them, for a `tower::Service` without sockets or for bytes on a
//!   wire; [`sign`] is the signature alone.
//! - [`Scene`] makes up happenings of every [`Kind`] and tells them as either API does.
//! - [`Sender`] sends them over real HTTP, and [`read`] reads bodies that nobody has signed.
//! - [`Doctor`] examines a receiver at a URL as X would, and as an attacker would.
//! - [`MockX`] is a server that plays X: webhooks are registered, challenged and delivered to, and a [`Ledger`] has it all.
//! - [`Recording`] reads and writes deliveries as lines of JSON.

mod doctor;
mod http_client;
pub mod mock;
mod payload;
mod reading;
mod recording;
mod request;
mod sender;

pub use birdhook_core::signature::sign;
#[cfg(fuzzing)]
#[doc(hidden)]
pub use doctor::fuzzing;
pub use doctor::{Diagnosis, Doctor, DoctorError, Finding, Side, Verdict};
pub use mock::{Clock, Ledger, MockX};
pub use payload::{Happening, Kind, Scene, UnknownKind};
pub use reading::read;
pub use recording::{Recorded, Recording, RecordingError};
pub use request::{Challenge, Post, WrongAnswer, now};
pub use sender::{Answer, SendError, Sender};

/// The crate whose requests these are.
pub use ::http;
