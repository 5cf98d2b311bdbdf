//! `ensure` and `migrate`, against a mock X and a real receiver over HTTP.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod converge;
mod interrupted;
mod migrate;
mod receiver;
mod world;
