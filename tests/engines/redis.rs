//! Publishing to Redis and consuming from it.

mod bed;
mod connecting;
mod consuming;
mod groups;
mod publishing;
mod room;
mod settling;
mod tls;
