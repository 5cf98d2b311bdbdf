//! Publishing to JetStream and consuming from it.

pub(crate) mod bed;
mod connecting;
mod consuming;
mod duplicates;
mod ensuring;
mod lying;
mod publishing;
mod restarts;
mod room;
mod settling;
