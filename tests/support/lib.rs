//! Servers for every adapter, and a client that sends raw bytes.
#![allow(
    missing_debug_implementations,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

pub mod client;
pub mod server;

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/testing.md")]
struct TestingGuide;
