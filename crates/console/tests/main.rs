//! The integration tests of birdhook-console, in one binary.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod access;
mod api;
#[cfg(feature = "client")]
mod at_x;
mod hostile;
#[cfg(feature = "inbox")]
mod inbox;
mod privacy;
mod resend;
mod stream;
mod support;
