//! Attacks the example servers and `birdhook listen`, each a process of its own, over real sockets: `cargo xtask attack` runs this.
//!
//! Memory and open files are told by Linux alone.
#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    missing_debug_implementations,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test that is a program"
)]

mod attacks;
mod book;
mod frames;
mod options;
mod pulse;
mod row;
mod run;
mod server;
mod table;
mod target;
mod tools;
mod wire;

/// Does what the command line says.
pub fn attack() -> anyhow::Result<std::process::ExitCode> {
    run::run(&options::Options::parse()?)
}
