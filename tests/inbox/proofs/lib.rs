//! The proof that the inbox loses nothing. Each module holds one kind of failure: a function that
//! causes it and returns what was violated. The tests run them all, and again with planted bugs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test that cannot go on")]
#![allow(missing_docs, missing_debug_implementations, reason = "a test that cannot go on")]
#![allow(clippy::panic, clippy::print_stdout, clippy::print_stderr, reason = "a test that cannot go on")]

pub mod aborts;
#[path = "../../../crates/inbox/tests/support/clock.rs"]
mod clock;
pub mod clocks;
#[cfg(birdhook_faults)]
pub mod compaction;
#[cfg(birdhook_faults)]
pub mod damage;
#[cfg(birdhook_faults)]
pub mod failed_sync;
#[cfg(birdhook_faults)]
pub mod faults;
pub mod fixture;
pub mod full_disk;
pub mod kills;
#[cfg(birdhook_faults)]
pub mod openers;
#[cfg(birdhook_faults)]
pub mod power;
pub mod prefetch;
mod receiver;
pub mod syscalls;

use std::time::Duration;

use birdhook_pipeline::Webhook;

/// Declares a test for each proof.
#[macro_export]
macro_rules! proofs {
    ($($name:ident: $proof:expr;)*) => {
        $(
            #[test]
            fn $name() -> Result<(), birdhook_test_harness::violation::Violation> {
                $proof
            }
        )*
    };
}

/// Runs a proof, on two threads.
pub fn wait<T>(proof: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(proof)
}

/// Returns a webhook whose deadline is longer than any commit takes.
pub fn webhook() -> Webhook {
    birdhook_test_harness::fixture::webhook().deadline(Duration::from_secs(30))
}
