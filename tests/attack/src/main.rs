//! Attacks the example servers, each a process of its own, over real sockets: `cargo xtask attack` runs this.
#![cfg_attr(not(target_os = "linux"), allow(unused, reason = "memory is read from /proc"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test that is a program"
)]

#[cfg(target_os = "linux")]
mod attacks;
#[cfg(target_os = "linux")]
mod book;
#[cfg(target_os = "linux")]
mod frames;
#[cfg(target_os = "linux")]
mod options;
#[cfg(target_os = "linux")]
mod pulse;
#[cfg(target_os = "linux")]
mod row;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod server;
#[cfg(target_os = "linux")]
mod table;
#[cfg(target_os = "linux")]
mod target;
#[cfg(target_os = "linux")]
mod tools;
#[cfg(target_os = "linux")]
mod wire;

#[cfg(target_os = "linux")]
fn main() -> anyhow::Result<std::process::ExitCode> {
    run::run(&options::Options::parse()?)
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("\n!!! NOT ATTACKED: memory and open files are told by Linux alone\n");
}
