//! Tests of birdhook over real sockets, on every adapter.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "tests")]

mod composition;
mod doctor;
mod dual_mode;
#[cfg(unix)]
mod frameworks;
mod observed;
mod scenarios;
