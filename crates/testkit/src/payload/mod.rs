//! Generated payloads of every kind, in the format of each API.
//!
//! A [`MockEvent`] says what happened and to whom. Its `Facts` do not depend on the API. Each API
//! has a folder that renders the facts in its own format.

mod account_activity;
pub(crate) mod dates;
mod event;
mod facts;
mod generator;
mod inputs;
pub(crate) mod json;
mod kind;
mod post;
mod rng;
mod text;
mod user;
mod x_activity;

pub use event::MockEvent;
pub use generator::PayloadGenerator;
pub use kind::{MockEventKind, UnknownKind};
