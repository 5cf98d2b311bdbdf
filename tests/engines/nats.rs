//! What a JetStream keeps of what it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "nats/bed.rs"]
mod bed;
#[path = "nats/connecting.rs"]
mod connecting;
#[path = "nats/consuming.rs"]
mod consuming;
#[path = "nats/duplicates.rs"]
mod duplicates;
#[path = "nats/ensuring.rs"]
mod ensuring;
#[path = "nats/publishing.rs"]
mod publishing;
#[path = "nats/restarts.rs"]
mod restarts;
#[path = "nats/room.rs"]
mod room;
#[path = "nats/settling.rs"]
mod settling;
