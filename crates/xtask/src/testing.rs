//! Runs tests with `cargo nextest` if it is installed, otherwise with `cargo test`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::counts::Counts;
use crate::process::{cargo, run as run_command, succeeds, watch};
use crate::step::Outcome;
use crate::tools;

/// The package whose tests need servers.
const ENGINES: &str = "birdhook-engines-proof";
/// The package whose tests are compiled with `--cfg birdhook_faults`.
const INBOX: &str = "birdhook-inbox-proof";
/// The package whose tests need PostgreSQL.
const POSTGRES: &str = "birdhook-postgres-proof";
/// The package whose tests need a browser.
pub(crate) const CONSOLE: &str = "birdhook-console-proof";
const TOOL: &str = "birdhook-cli";
const SOCKETS: &str = "birdhook-tests";

/// The packages and features that the short suite is built from. Every step that uses its programs
/// names the same ones, so that nothing is compiled twice.
pub(crate) const BUILT: &[&str] = &[
    "--workspace",
    "--all-features",
    "--exclude",
    ENGINES,
    "--exclude",
    INBOX,
    "--exclude",
    CONSOLE,
    "--exclude",
    POSTGRES,
];

pub(crate) fn short() -> Result<Outcome> {
    run(false, &[]).map(Outcome::Counted)
}

/// Runs the ignored, slow tests, without those that need servers.
pub(crate) fn long() -> Result<Outcome> {
    run(true, &[]).map(|counts| Outcome::Counted(counts.of_a_selection()))
}

/// Runs tests of the packages in [`BUILT`]: the ignored ones, or the others. `runner` starts each
/// test program.
fn run(ignored: bool, runner: &[String]) -> Result<Counts> {
    if has_nextest() {
        let mut command = cargo(["nextest", "run"]);
        // One more than the number of cores, because some tests mostly wait.
        let threads = std::thread::available_parallelism().map_or(2, |cores| cores.get() + 1);
        command.args(BUILT).args(runner).arg(format!("--test-threads={threads}"));
        if ignored {
            let elsewhere = format!(
                "(package({TOOL}) & test(/^(engines|postgres)::/)) | (package({SOCKETS}) & test(/^frameworks::/))"
            );
            command.args(["--run-ignored=only", "-E", &format!("not ({elsewhere})")]);
        }
        return count(&mut command);
    }
    // Some tests start the examples, which `cargo test` builds only as tests.
    run_command(cargo(["build", "--examples"]).args(BUILT))?;
    let mut command = cargo(["test", "--no-fail-fast", "--lib", "--bins", "--tests", "--examples"]);
    command.args(BUILT).args(runner);
    if ignored {
        command.args(["--", "--ignored", "--skip", "engines::", "--skip", "postgres::", "--skip", "frameworks::"]);
    }
    count(&mut command)
}

/// Runs the tests of the short suite. `runner`, a program and its arguments, starts each test
/// program.
pub(crate) fn short_started_by(runner: &[String]) -> Result<Counts> {
    run(false, &config(runner)?)
}

/// Runs the inbox's tests, which are compiled with injected faults and therefore in a separate
/// folder.
pub(crate) fn inbox() -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::Skipped("it looks at system calls, with strace".to_owned()));
    }
    tools::program("strace", "strace")?;
    count(&mut proof(&[])).map(Outcome::Counted)
}

/// Runs the test that opens an inbox under another clock than it was written with. `runner` starts
/// it.
pub(crate) fn power_started_by(runner: &[String]) -> Result<Counts> {
    let mut command = proof(&config(runner)?);
    command.args(["--test=nothing_is_lost", "--", "a_loss_of_power"]);
    count(&mut command)
}

fn proof(more: &[String]) -> Command {
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let mut command = cargo(["test", "-p", INBOX, "--target-dir", "target/faults", "--no-fail-fast"]);
    command.args(more).env("RUSTFLAGS", format!("{flags} --cfg birdhook_faults").trim());
    command
}

/// Runs the tests of the engines, against servers that they start.
pub(crate) fn engines() -> Result<Outcome> {
    with_servers(&[("nats-server", "nats-server"), ("redis-server", "redis-server")], ENGINES, "engines")
}

/// Runs the tests of the inbox in PostgreSQL, against servers that they start.
pub(crate) fn postgres() -> Result<Outcome> {
    // The server's own programs are in no folder of a `PATH`.
    with_servers(&[("pg_createcluster", "postgresql")], POSTGRES, "postgres")
}

/// Runs the tests of a package, and those of this module of the tool, which the step `tests` skips.
fn with_servers(programs: &[(&str, &str)], package: &str, module: &str) -> Result<Outcome> {
    if !cfg!(unix) {
        return Ok(Outcome::Skipped("it ends and suspends servers by signals".to_owned()));
    }
    if let Some(skipped) = without(programs)? {
        return Ok(skipped);
    }
    if has_nextest() {
        // The whole workspace: with fewer packages some features are off, and much is compiled
        // again.
        let mut command = cargo(["nextest", "run", "--workspace", "--all-features", "--exclude", INBOX]);
        command.arg("--run-ignored=all");
        command.args(["-E", &format!("package({package}) | (package({TOOL}) & test(/^{module}::/))")]);
        return count(&mut command).map(|counts| Outcome::Counted(counts.of_a_selection()));
    }
    let mut tool = cargo(["test", "-p", TOOL, "--all-features", "--test=integration", "--", "--ignored"]);
    let mut proofs = cargo(["test", "-p", package, "--all-features", "--no-fail-fast"]);
    Ok(Outcome::Counted(count(tool.arg(format!("{module}::")))? + count(&mut proofs)?))
}

/// Installs these programs, each from its Debian package. Returns the outcome of a step that is
/// skipped because one is missing, which fails in CI.
fn without(programs: &[(&str, &str)]) -> Result<Option<Outcome>> {
    match programs.iter().try_for_each(|(name, package)| tools::program(name, package)) {
        Err(error) if std::env::var_os("CI").is_some() => Err(error),
        Err(error) => Ok(Some(Outcome::Skipped(format!("{error:#}")))),
        Ok(()) => Ok(None),
    }
}

/// Runs the tests of the console in Chromium.
pub(crate) fn console() -> Result<Outcome> {
    if !cfg!(unix) {
        return Ok(Outcome::Skipped("it controls the browser through named pipes".to_owned()));
    }
    if let Some(skipped) = without(&[("chromium", "chromium")])? {
        return Ok(skipped);
    }
    count(&mut cargo(["test", "-p", CONSOLE, "--no-fail-fast"])).map(Outcome::Counted)
}

/// Runs the scenarios on the example servers of other frameworks. `folder` holds the servers.
pub(crate) fn frameworks(folder: &Path) -> Result<Counts> {
    let mut command = if has_nextest() {
        // With the features of the short suite, which has compiled this test.
        let mut command = cargo(["nextest", "run"]);
        command.args(BUILT).args(["--run-ignored=only", "-E", &format!("package({SOCKETS}) & test(/^frameworks::/)")]);
        command
    } else {
        let mut command = cargo(["test", "--no-fail-fast", "--test=integration"]);
        command.args(BUILT).args(["--", "--ignored", "frameworks::"]);
        command
    };
    count(command.env("BIRDHOOK_FRAMEWORKS", folder)).map(Counts::of_a_selection)
}

pub(crate) fn doctests() -> Result<Outcome> {
    count(cargo(["test", "--no-fail-fast", "--doc"]).args(BUILT)).map(Outcome::Counted)
}

fn has_nextest() -> bool {
    succeeds(&mut cargo(["nextest", "--version"]))
}

/// Returns the arguments that make cargo start each test program with `runner`.
fn config(runner: &[String]) -> Result<[String; 2]> {
    let words: Vec<_> = runner.iter().map(|word| format!("{word:?}")).collect();
    Ok(["--config".to_owned(), format!("target.{}.runner=[{}]", tools::rustc("host: ")?, words.join(", "))])
}

/// Runs tests, and returns their counts.
pub(crate) fn count(command: &mut Command) -> Result<Counts> {
    let mut counts = Counts::default();
    let result = watch(command, |line| {
        counts.read(line);
        true
    });
    result.map(|()| counts).with_context(|| counts.to_string())
}
