//! Servers for every adapter.
#![allow(
    missing_debug_implementations,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

pub mod server;

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/testing.md")]
struct TestingGuide;
