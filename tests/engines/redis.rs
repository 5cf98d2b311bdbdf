//! What Redis keeps of what it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "redis/bed.rs"]
mod bed;
#[path = "redis/connecting.rs"]
mod connecting;
#[path = "redis/consuming.rs"]
mod consuming;
#[path = "redis/groups.rs"]
mod groups;
#[path = "redis/publishing.rs"]
mod publishing;
#[path = "redis/room.rs"]
mod room;
#[path = "redis/settling.rs"]
mod settling;
#[path = "redis/tls.rs"]
mod tls;
