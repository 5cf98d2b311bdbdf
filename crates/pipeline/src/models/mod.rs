//! Model tests: the real code under a scheduler that chooses which task runs next. Run with `cargo
//! xtask models`, which sets `--cfg birdhook_models`.
//!
//! Every lock, atomic, channel, timer and spawned task of this crate comes from `crate::sync`,
//! which is [`sync`] here: shuttle's locks and atomics, and tokio's own channel and `Notify` with a
//! scheduling point before each call. A task that is never woken is a deadlock; shuttle reports it
//! with the schedule that leads to it.
//!
//! Not covered: orderings weaker than `SeqCst`, which the modelled files do not use, and
//! interleavings inside one call of tokio, which tokio itself tests with loom.
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
