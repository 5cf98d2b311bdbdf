//! Attacks the example servers and `birdhook listen` over real sockets.
//!
//! Each server is a process of its own. `cargo xtask attack` runs this program. It needs Linux,
//! which reports memory and open files.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test that is a program")]
#![allow(missing_docs, missing_debug_implementations, unreachable_pub, reason = "a test that is a program")]
#![allow(clippy::panic, clippy::print_stdout, clippy::print_stderr, reason = "a test that is a program")]

mod attacks;
mod frames;
mod journal;
mod outcome;
mod pulse;
mod row;
mod run;
mod server;
mod table;
mod target;
mod tools;

pub fn attack() -> anyhow::Result<std::process::ExitCode> {
    run::run(&clap::Parser::parse())
}
