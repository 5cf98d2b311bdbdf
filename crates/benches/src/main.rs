//! Measures birdhook beside what it stands on and beside its peers. `cargo xtask bench` runs it and keeps what it prints.
//!
//! ```text
//! cargo run --release -p birdhook-benches -- core|servers|growth|peers|timing [--quick]
//! ```
//!
//! Candidates are measured in turn, slice by slice, in one run: no machine is as fast as it was a second ago. What is told are
//! medians over rounds, of figures and of ratios within a round. A section of Markdown goes to the standard output, what it
//! is doing to the standard error.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that cannot go on")]
#![allow(clippy::indexing_slicing, clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

#[cfg(target_os = "linux")]
mod chart;
#[cfg(target_os = "linux")]
mod growth;
mod load;
mod machine;
mod path;
#[cfg(target_os = "linux")]
mod peers;
#[cfg(target_os = "linux")]
mod process;
mod report;
#[cfg(target_os = "linux")]
mod servers;
mod statistics;
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
        "servers" => servers::run(quick),
        #[cfg(target_os = "linux")]
        "peers" => peers::run(quick),
        #[cfg(target_os = "linux")]
        "growth" => growth::run(quick),
        #[cfg(target_os = "linux")]
        "timing" => return timing::run(quick),
        // What `growth` starts.
        #[cfg(target_os = "linux")]
        "hold" => growth::hold(arguments[1].parse().expect("a number of keys")),
        // What `servers` and `peers` start.
        #[cfg(target_os = "linux")]
        "serve" => servers::serve(&arguments[1], arguments[2].parse().expect("a processor")),
        _ => panic!("there is no section {section:?}"),
    }
    ExitCode::SUCCESS
}
