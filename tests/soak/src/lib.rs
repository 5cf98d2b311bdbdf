//! A soak test: a receiver in its own process under mixed traffic, while its sink, its app and its
//! clients fail in turn.
//!
//! Checks that memory and open files do not grow, and that no event is lost, duplicated or changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on")]
#![allow(missing_docs, missing_debug_implementations, reason = "a test that cannot go on")]
#![allow(clippy::panic, clippy::print_stdout, clippy::print_stderr, reason = "a test that cannot go on")]

mod event;
mod gauge;
mod phase;
mod process;
pub mod receiver;
mod report;
mod run;
mod sender;
pub mod settings;
mod tally;
mod traffic;

pub use report::{Report, Verdict};
pub use run::run;
pub use settings::{Plant, Settings, Sink};

use birdhook_pipeline::Secret;

fn secret(number: u64) -> Secret {
    Secret::new(format!("consumer-secret-number-{number}")).unwrap()
}
