//! The integration tests of birdhook-core, in one binary.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod activities;
mod activity_json;
mod allocations;
mod amplification;
mod apps;
mod both_apis;
mod challenges;
mod chunks;
mod codec;
mod conversations;
mod corpora;
mod debug_output;
mod every_field;
mod golden;
mod key_vectors;
mod keys;
mod lenient;
mod lookup;
mod messages;
mod nesting;
mod oracle;
mod privacy;
mod reading;
mod recursion;
mod refusals;
mod relations;
mod restore;
mod shapes;
mod support;
mod tweets;
mod undocumented;
mod unknown;
mod vectors;
mod xaa_lenient;
