//! Integration tests of birdhook-client, in one binary.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests"
)]

mod calls;
mod ensure;
mod login;
mod support;
mod validate;
mod watch;
