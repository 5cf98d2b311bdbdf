//! Watches over webhooks of a mock X, by a clock that goes on when told.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod faults;
mod health;
mod replays;
mod silences;
mod world;
