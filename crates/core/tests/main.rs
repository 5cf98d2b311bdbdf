//! The integration tests of birdhook-core, in one binary.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod activity_json;
mod allocations;
mod amplification;
mod apps;
mod challenges;
mod chunks;
mod conversations;
mod corpora;
mod every_field;
mod golden;
mod key_vectors;
mod keys;
mod lenient;
mod looked_up;
mod messages;
mod messages_out;
mod nesting;
mod oracle;
mod printed;
mod privacy;
mod quoting;
mod refusals;
mod relations;
mod reported;
mod restored;
mod shapes;
mod support;
mod tweets;
mod twins;
mod unknown;
mod unpublished;
mod vectors;
mod xaa_lenient;
