//! Runs tests of core and pipeline under Miri, which detects undefined behaviour and data races,
//! including those in dependencies.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::counts::Counts;
use crate::process::{run as run_command, succeeds};
use crate::testing::count;

/// The integration tests to run, in addition to all unit tests.
///
/// Others read fixtures, count allocations, measure, or are too slow for an interpreter.
const CHOSEN: &[(&str, &[&str])] = &[
    ("birdhook-core", &["challenges::", "keys::", "refusals::", "vectors::"]),
    ("birdhook-pipeline", &["channel::", "dedupe::", "send::", "shutdown::"]),
];

/// Tests to skip: a part of the name, and the reason.
const LEFT_OUT: &[(&str, &str)] = &[
    ("a_key_rests_on_its_identity_and_on_nothing_else", "it reads thousands of bodies, which takes hours"),
    ("the_way_of_writing_changes_no_key", "it reads every fixture in three ways, which takes hours too"),
    ("memory_is_reserved_and_bounded", "it remembers hundreds of thousands of keys"),
    ("the_window_holds_100_000_events_by_default", "it remembers as many"),
];

/// Runs the tests whose names contain the argument. Defaults to all.
pub(crate) fn run(filter: Option<&str>) -> Result<()> {
    if !succeeds(&mut miri(&["--version"])) {
        let install = ["component", "add", "miri", "rust-src", "--toolchain", "nightly"];
        run_command(Command::new("rustup").args(install)).context(
            "!!! NOTHING RUN UNDER MIRI: it is missing; run `rustup component add miri rust-src --toolchain nightly`",
        )?;
    }
    LEFT_OUT.iter().for_each(|(name, why)| println!("left out: {name}, because {why}"));
    let (mut counts, mut failed) = (Counts::default(), Vec::new());
    for (package, modules) in CHOSEN {
        let mut tests = miri(&["test", "-p", package, "--target-dir", "target/miri", "--no-fail-fast", "--lib"]);
        tests.args(["--test=integration", "--"]);
        match filter {
            Some(filter) => _ = tests.arg(filter),
            // All modules of unit tests have this name.
            None => _ = tests.arg("tests::").args(*modules),
        }
        match count(tests.args(LEFT_OUT.iter().flat_map(|(name, _)| ["--skip", name]))) {
            Ok(more) => counts = counts + more,
            Err(error) => failed.push(format!("{package}: {error:#}")),
        }
    }
    println!("\n{counts}");
    if failed.is_empty() { Ok(()) } else { bail!("{}", failed.join("; ")) }
}

fn miri(args: &[&str]) -> Command {
    // rustup's cargo: the cargo that runs this program belongs to another toolchain.
    let mut command = Command::new("cargo");
    command.args(["+nightly", "miri"]).args(args);
    // proptest reads the clock and the current folder, so isolation is off. A case takes seconds,
    // so few cases run.
    command.env("MIRIFLAGS", "-Zmiri-disable-isolation").env("PROPTEST_CASES", "2");
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("RUSTC");
    command
}
