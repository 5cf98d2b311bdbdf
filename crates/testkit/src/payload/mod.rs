//! Payloads of every kind, as both APIs write them, with content made up from a seed.
//!
//! A [`Happening`] holds what happened and to whom; the `story` has all its facts, the same whoever tells it; each API has a
//! folder that tells a story in its own form.

mod account_activity;
mod dates;
mod dice;
mod escape;
mod happening;
mod kind;
mod people;
mod phrases;
mod rendered;
mod scene;
mod snowflake;
mod story;
mod words;
mod x_activity;

pub use happening::Happening;
pub use kind::{Kind, UnknownKind};
pub use scene::Scene;
