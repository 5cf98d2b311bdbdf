//! Publishing to Redis and consuming from it.

pub(crate) mod bed;
mod connecting;
mod consuming;
mod groups;
mod lying;
mod publishing;
mod room;
mod settling;
mod tls;
