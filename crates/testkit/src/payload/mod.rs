//! Generated payloads of every kind, in the format of each API.
//!
//! A [`MockEvent`] holds what happened and to whom. Its `story` has all the facts, which do not
//! depend on the API. Each API has a folder that renders a story in its own format.

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

pub use happening::MockEvent;
pub use kind::{Kind, UnknownKind};
pub use scene::PayloadGenerator;
