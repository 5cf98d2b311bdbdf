//! The real code under a scheduler that chooses who runs next: run by `cargo xtask models`, with `--cfg birdhook_models`.
//!
//! Every lock, atomic, channel, timer and spawned task of this crate comes from `crate::sync`, which here is [`sync`]: shuttle's
//! locks and atomics, and tokio's own channel and `Notify` with a point before each call at which others may run. A task that
//! nobody wakes is a deadlock, which shuttle reports together with the schedule that leads there.
//!
//! What this does not show: orderings weaker than `SeqCst`, which the modelled files do not use, and what happens inside
//! one call of tokio's, which tokio itself holds against loom.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod bodies;
mod channel;
mod claims;
#[cfg(feature = "metrics")]
mod gauge;
mod once;
mod posts;
mod run;
mod shutdown;
pub(crate) mod sync;
mod tellings;
mod thinking;
mod wakes;
