//! Model tests: the real code under a scheduler that chooses which task runs next. Run with `cargo
//! xtask models`, which sets `--cfg birdhook_models`.
//!
//! The crate's unit test binary includes this module, because it uses private items.
//!
//! Every lock, atomic, channel, timer and spawned task of this crate comes from `crate::sync`,
//! which is [`sync`] here: shuttle's locks and atomics, and tokio's own channel and `Notify` with a
//! scheduling point before each call. A task that is never woken is a deadlock; shuttle reports it
//! with the schedule that leads to it.
//!
//! Not covered: orderings weaker than `SeqCst`, which the modelled files do not use, and
//! interleavings inside one call of tokio, which tokio itself tests with loom.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod channel;
mod claims;
mod delivered_once;
mod deliveries;
mod dual_mode;
#[cfg(feature = "metrics")]
mod gauge;
mod memory_budget;
mod run;
mod shutdown;
mod sink;
pub(crate) mod sync;
mod wakes;
