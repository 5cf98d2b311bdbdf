//! Publishing to Redis and consuming from it.

mod connecting;
mod consuming;
pub(crate) mod fixture;
mod groups;
mod lying;
mod publishing;
mod settling;
