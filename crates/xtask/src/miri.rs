//! Runs tests of core and pipeline under Miri, which detects undefined behaviour and data races,
//! including those in dependencies.

use std::process::Command;

use anyhow::{Context, Result, bail};
use lexopt::prelude::{Value, ValueExt};

use crate::counts::Counts;
use crate::process::{run as run_command, succeeds, watch};

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
    ("a_hundred_thousand_events_are_remembered_unless_set", "it remembers as many"),
];

/// Runs the tests whose names contain the argument. Defaults to all.
pub(crate) fn run(mut args: lexopt::Parser) -> Result<()> {
    let filter = args.next()?.map(|arg| match arg {
        Value(test) => test.string().map_err(Into::into),
        other => Err(anyhow::Error::from(other.unexpected())),
    });
    let filter = filter.transpose()?;
    component()?;
    LEFT_OUT.iter().for_each(|(name, why)| println!("left out: {name}, since {why}"));
    let (mut counts, mut failed) = (Counts::default(), Vec::new());
    for (package, modules) in CHOSEN {
        let result = watch(&mut tests(package, modules, filter.as_deref()), |line| {
            counts.read(line);
            true
        });
        failed.extend(result.err().map(|error| format!("{package}: {error}")));
    }
    println!("\n{counts}");
    if failed.is_empty() { Ok(()) } else { bail!("{}", failed.join("; ")) }
}

fn tests(package: &str, modules: &[&str], filter: Option<&str>) -> Command {
    // rustup's cargo: the cargo that runs this program belongs to another toolchain.
    let mut command = Command::new("cargo");
    command.args(["+nightly", "miri", "test", "-p", package, "--target-dir", "target/miri", "--no-fail-fast"]);
    command.args(["--lib", "--test=integration", "--"]);
    match filter {
        Some(filter) => _ = command.arg(filter),
        // All modules of unit tests have this name.
        None => _ = command.arg("tests::").args(modules),
    }
    command.args(LEFT_OUT.iter().flat_map(|(name, _)| ["--skip", name]));
    // proptest reads the clock and the current folder, so isolation is off. A case takes seconds,
    // so few cases run.
    command.env("MIRIFLAGS", "-Zmiri-disable-isolation").env("PROPTEST_CASES", "2");
    command.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("RUSTC");
    command
}

/// Installs Miri if it is missing and the toolchain provides it.
fn component() -> Result<()> {
    let is_there = || {
        let mut miri = Command::new("cargo");
        succeeds(miri.args(["+nightly", "miri", "--version"]).env_remove("RUSTUP_TOOLCHAIN"))
    };
    if is_there() {
        return Ok(());
    }
    let install = ["component", "add", "miri", "rust-src", "--toolchain", "nightly"];
    run_command(Command::new("rustup").args(install)).ok().filter(|()| is_there()).context(
        "!!! NOTHING RUN UNDER MIRI: it is missing; run `rustup component add miri rust-src --toolchain nightly`",
    )
}
