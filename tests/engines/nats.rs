//! Publishing to JetStream and consuming from it.

mod bed;
mod connecting;
mod consuming;
mod duplicates;
mod ensuring;
mod publishing;
mod restarts;
mod room;
mod settling;
