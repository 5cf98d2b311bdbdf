//! Publishing to JetStream and consuming from it.

mod connecting;
mod consuming;
mod duplicates;
mod ensuring;
pub(crate) mod fixture;
mod lying;
mod publishing;
mod restarts;
mod settling;
