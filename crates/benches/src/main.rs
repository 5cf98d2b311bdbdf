//! Measures birdhook, the libraries it builds on, and comparable receivers. `cargo xtask bench`
//! runs it and stores its output.
//!
//! ```text
//! cargo run --release -p birdhook-benches -- core|handlers|cores|servers|growth|peers|engines|postgres|timing [--quick]
//! ```
//!
//! Candidates are measured in turn, slice by slice, in one run, because a machine's speed changes
//! from second to second. Results are medians over rounds, both of values and of ratios within a
//! round. The standard output is a section of Markdown; progress goes to the standard error.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that cannot go on")]
#![allow(clippy::indexing_slicing, clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

#[cfg(target_os = "linux")]
mod cores;
#[cfg(target_os = "linux")]
mod engines;
#[cfg(target_os = "linux")]
mod growth;
#[cfg(target_os = "linux")]
mod handlers;
#[cfg(target_os = "linux")]
mod load;
mod machine;
mod path;
#[cfg(target_os = "linux")]
mod peers;
#[cfg(target_os = "linux")]
mod postgres;
#[cfg(target_os = "linux")]
mod process;
mod report;
mod rounds;
#[cfg(target_os = "linux")]
mod server;
#[cfg(target_os = "linux")]
mod servers;
mod statistics;
#[cfg(target_os = "linux")]
mod throughput;
#[cfg(target_os = "linux")]
mod timing;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let section = arguments.first().map_or("", String::as_str);
    let quick = arguments.iter().any(|argument| argument == "--quick");
    match section {
        "core" => path::run(quick),
        #[cfg(target_os = "linux")]
        "handlers" => handlers::run(quick),
        #[cfg(target_os = "linux")]
        "cores" => cores::run(quick),
        #[cfg(target_os = "linux")]
        "servers" => servers::run(quick),
        #[cfg(target_os = "linux")]
        "peers" => peers::run(quick),
        #[cfg(target_os = "linux")]
        "growth" => growth::run(quick),
        #[cfg(target_os = "linux")]
        "engines" => engines::run(quick),
        #[cfg(target_os = "linux")]
        "postgres" => postgres::run(quick),
        #[cfg(target_os = "linux")]
        "timing" => return timing::run(quick),
        // Started by `growth`.
        #[cfg(target_os = "linux")]
        "hold" => growth::hold(arguments[1].parse().expect("a number of keys")),
        // Started by `servers` and `peers`.
        #[cfg(target_os = "linux")]
        "serve" => servers::serve(&arguments[1]),
        _ => panic!("there is no section {section:?}"),
    }
    ExitCode::SUCCESS
}
