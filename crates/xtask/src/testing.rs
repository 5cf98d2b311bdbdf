//! Runs tests with `cargo nextest` if it is installed, otherwise with `cargo test`.

use std::process::Command;

use anyhow::Result;

use crate::counts::Counts;
use crate::process::{cargo, run as run_command, succeeds, watch};
use crate::steps::Outcome;
use crate::tools;

/// The package whose tests need servers.
const ENGINES: &str = "birdhook-engines-proof";
/// The package whose tests are compiled with `--cfg birdhook_faults`.
const INBOX: &str = "birdhook-inbox-proof";
const TOOL: &str = "birdhook-cli";

/// The packages and features that the short suite is built from. Every step that uses its programs
/// names the same ones, so that nothing is compiled twice.
pub(crate) const BUILT: &[&str] = &["--workspace", "--all-features", "--exclude", ENGINES, "--exclude", INBOX];

pub(crate) fn short() -> Result<Outcome> {
    run(Tests::Short, &[]).map(Outcome::Counted)
}

/// Runs the ignored, slow tests, without those of the tool that need servers.
pub(crate) fn long() -> Result<Outcome> {
    run(Tests::Long, &[]).map(|counts| Outcome::Counted(counts.of_a_selection()))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tests {
    Short,
    Long,
}

/// Runs tests of the packages in [`BUILT`]. `runner` starts each test program.
fn run(tests: Tests, runner: &[String]) -> Result<Counts> {
    if has_nextest() {
        let mut command = cargo(["nextest", "run"]);
        // One more than the number of cores, because some tests mostly wait.
        let threads = std::thread::available_parallelism().map_or(2, |cores| cores.get() + 1);
        command.args(BUILT).args(runner).arg(format!("--test-threads={threads}"));
        if tests == Tests::Long {
            command.args(["--run-ignored=only", "-E", &format!("not (package({TOOL}) & test(/^engines::/))")]);
        }
        return count(command);
    }
    // Some tests start the examples, which `cargo test` builds only as tests.
    run_command(cargo(["build", "--examples"]).args(BUILT))?;
    let mut command = cargo(["test", "--no-fail-fast", "--lib", "--bins", "--tests", "--examples"]);
    command.args(BUILT).args(runner);
    if tests == Tests::Long {
        command.args(["--", "--ignored", "--skip", "engines::"]);
    }
    count(command)
}

/// Runs the tests of the short suite. `runner`, a program and its arguments, starts each test
/// program.
pub(crate) fn short_started_by(runner: &[String]) -> Result<Counts> {
    run(Tests::Short, &config(runner)?)
}

/// Runs the inbox's tests, which are compiled with injected faults and therefore in a separate
/// folder.
pub(crate) fn inbox() -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::Skipped("it looks at system calls, with strace".to_owned()));
    }
    tools::strace()?;
    counted(proof(&[]))
}

/// Runs the test that opens an inbox under another clock than it was written with. `runner` starts
/// it.
pub(crate) fn power_started_by(runner: &[String]) -> Result<Counts> {
    let mut command = proof(&config(runner)?);
    command.args(["--test=nothing_is_lost", "--", "a_loss_of_power"]);
    count(command)
}

fn proof(more: &[String]) -> Command {
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let mut command = cargo(["test", "-p", INBOX, "--target-dir", "target/faults", "--no-fail-fast"]);
    command.args(more).env("RUSTFLAGS", format!("{flags} --cfg birdhook_faults").trim());
    command
}

pub(crate) fn engines() -> Result<Outcome> {
    if !cfg!(unix) {
        return Ok(Outcome::Skipped("it ends and suspends servers by signals".to_owned()));
    }
    if let Err(error) = tools::engines() {
        if std::env::var_os("CI").is_some() {
            return Err(error);
        }
        eprintln!("\n!!! {error:#}\n!!! NOT TESTED: JetStream and Redis\n");
        return Ok(Outcome::Skipped(format!("{error:#}")));
    }
    if has_nextest() {
        // The whole workspace: with fewer packages some features are off, and much is compiled
        // again.
        let mut command = cargo(["nextest", "run", "--workspace", "--all-features", "--exclude", INBOX]);
        command.arg("--run-ignored=all");
        // From the tool, runs only the tests that the step `tests` skips.
        command.args(["-E", &format!("package({ENGINES}) | (package({TOOL}) & test(/^engines::/))")]);
        return count(command).map(|counts| Outcome::Counted(counts.of_a_selection()));
    }
    let tool = cargo(["test", "-p", TOOL, "--all-features", "--test=integration", "--", "--ignored", "engines::"]);
    let proofs = cargo(["test", "-p", ENGINES, "--all-features", "--no-fail-fast"]);
    Ok(Outcome::Counted(count(tool)? + count(proofs)?))
}

pub(crate) fn doctests() -> Result<Outcome> {
    counted(cargo(["test", "--no-fail-fast", "--doc"].iter().chain(BUILT)))
}

fn has_nextest() -> bool {
    succeeds(&mut cargo(["nextest", "--version"]))
}

/// Returns the arguments that make cargo start each test program with `runner`.
fn config(runner: &[String]) -> Result<[String; 2]> {
    let words: Vec<_> = runner.iter().map(|word| format!("{word:?}")).collect();
    Ok(["--config".to_owned(), format!("target.{}.runner=[{}]", tools::host()?, words.join(", "))])
}

fn counted(command: Command) -> Result<Outcome> {
    count(command).map(Outcome::Counted)
}

fn count(mut command: Command) -> Result<Counts> {
    let mut counts = Counts::default();
    let result = watch(&mut command, |line| {
        counts.read(line);
        true
    });
    match result {
        Ok(()) => Ok(counts),
        Err(error) => Err(error.context(counts.to_string())),
    }
}
