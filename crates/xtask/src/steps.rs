//! The steps of `cargo xtask test` and `cargo xtask ci`, in order. A new step is a line of
//! [`SHORT`] or [`LONG`] and a function.

use std::process::Command;

use anyhow::Result;

use crate::process::{cargo, printed, run as run_command};
use crate::step::{Outcome, Step, run_all, step};
use crate::{
    attack, book, coverage, dates, deb, deploy, features, frameworks, fuzz, guides, instructions, models, package,
    platforms, rules, screenshots, supply, testing, tools, workflows,
};

/// The steps of `cargo xtask test`: they need no server and no second build configuration.
pub(crate) const SHORT: &[Step] = &[
    step("fmt", 0.1, "the code is formatted", fmt),
    step("clippy", 2.3, "no warnings, with all features", clippy),
    step("tests", 5.5, "unit and integration tests", testing::short),
    step("doctests", 0.3, "the examples in the documentation", testing::doctests),
    step("quickstart", 0.2, "the quickstart of the README runs to its end", quickstart),
];

/// The steps that `cargo xtask ci` adds.
pub(crate) const LONG: &[Step] = &[
    step(
        "features",
        2.5,
        "no warnings without features, with each alone, with all, and with those that interact",
        features::check,
    ),
    step("long", 1.3, "the long forms of tests, on what `tests` has built", testing::long),
    step("inbox", 2.0, "the inbox loses nothing, and its tests notice planted mistakes", testing::inbox),
    step("engines", 4.0, "events cross JetStream and Redis once each, whatever fails", testing::engines),
    step("postgres", 2.5, "an inbox in PostgreSQL loses and doubles nothing, whatever is killed", testing::postgres),
    step("console", 1.0, "the console works in a real browser", testing::console),
    step("models", 2.2, "the pipeline under chosen schedules loses, doubles and delays nothing", models::step),
    step("soak", 1.2, "a receiver keeps its memory and its journal under faults, for some seconds", soak),
    step(
        "attack",
        7.0,
        "the example servers and `birdhook listen` withstand every attack, in small numbers",
        attack::quick,
    ),
    step(
        "frameworks",
        4.0,
        "the examples of other frameworks build, and their servers pass the scenarios",
        frameworks::check,
    ),
    step("docs", 0.7, "the documentation builds without warnings", docs),
    step("guides", 2.0, "the code of the guides compiles with the dependencies that they state", guides::check),
    step("deploy", 0.2, "promtool and systemd accept the files of deploy/; nothing is built", deploy::check),
    step("wasm", 0.3, "the core builds for wasm32-unknown-unknown", wasm),
    step("rules", 0.1, "dependencies between packages, lints, and tests that are compiled", rules::check),
    step("sizes", 0.1, "the longest source files, as a report", sizes),
    step("supply", 3.0, "dependencies: licences, versions, advisories; public APIs", || {
        run_all(supply::PARTS.iter(), &[]).map(|(skipped, _)| Outcome::Passed(skipped))
    }),
    step("instructions", 1.5, "no path of core and pipeline costs more than before", instructions::check),
    step("coverage", 2.2, "tests run 95 % of the lines of the core", coverage::check),
    step("fuzz", 6.0, "each fuzz target runs for five seconds", fuzz::step),
    step("dates", 7.0, "the tests pass on other dates, and over the turn of a year", dates::check),
    step("book", 0.1, "the site builds from docs/, and its links lead somewhere", book::check),
    step("workflows", 0.1, "actionlint accepts the workflows of .github", workflows::check),
];

/// The steps that `cargo xtask ci` runs only if they are named, as the nightly workflow does. They
/// compile everything with another compiler or for another system, and what they check changes
/// rarely.
pub(crate) const RELEASE: &[Step] = &[
    step(
        "package",
        6.0,
        "the packages compile on their own, a new app and the tool build from a registry of them",
        package::check,
    ),
    step("deb", 0.3, "the tool's Debian package installs, runs, and leaves nothing behind", deb::check),
    step("screenshots", 0.4, "the pictures of the guide can be made", screenshots::check),
    step("msrv", 2.0, "the published crates compile with the oldest Rust that they promise", platforms::msrv),
    step("windows", 4.0, "crates and tests of the short suite compile for Windows", platforms::windows),
    step("macos", 1.0, "the published crates without C code compile for macOS", platforms::macos),
];

fn fmt() -> Result<Outcome> {
    tools::component("rustfmt", "fmt")?;
    run_command(&mut cargo(["fmt", "--all", "--check"]))?;
    run_command(&mut cargo(["fmt", "--check", "--manifest-path", "fuzz/Cargo.toml"])).map(passed)
}

fn clippy() -> Result<Outcome> {
    tools::component("clippy", "clippy")?;
    run_command(&mut cargo(["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]))
        .map(passed)
}

/// Uses the build of the step `tests`. `cargo run` would compile the libraries again with fewer
/// features.
fn quickstart() -> Result<Outcome> {
    run_command(cargo(["build", "--example=quickstart"]).args(testing::BUILT))?;
    run_command(&mut Command::new(tools::target_folder()?.join("debug/examples/quickstart"))).map(passed)
}

fn docs() -> Result<Outcome> {
    run_command(cargo(["doc", "--workspace", "--all-features", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
        .map(passed)
}

fn wasm() -> Result<Outcome> {
    const TARGET: &str = "wasm32-unknown-unknown";
    if let Err(error) = tools::target(TARGET) {
        eprintln!("\n!!! {error:#}\n!!! NOT BUILT FOR {TARGET}: only the step `rules` keeps I/O out of the core\n");
        return Ok(Outcome::Skipped(format!("{error:#}")));
    }
    run_command(&mut cargo(["build", "-p", "birdhook-core", "--target", TARGET])).map(passed)
}

/// Runs a short soak test, with the program that the step `tests` built.
fn soak() -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::Skipped("it reads what a process holds in /proc".to_owned()));
    }
    run_command(cargo(["build", "--bin=birdhook-soak"]).args(testing::BUILT))?;
    run_command(Command::new(tools::target_folder()?.join("debug/birdhook-soak")).arg("--quick"))?;
    Ok(Outcome::Passed("channel and inbox".to_owned()))
}

/// Prints the longest source files, so that an outlier is noticed. Fails for none.
fn sizes() -> Result<Outcome> {
    let names = printed(Command::new("git").args(["ls-files", "*.rs"]))?;
    let lines = |name: &str| std::fs::read_to_string(name).map_or(0, |text| text.lines().count());
    let mut files: Vec<_> = names.lines().map(|name| (lines(name), name)).collect();
    files.sort_unstable_by(|one, other| other.cmp(one));
    files.iter().take(10).for_each(|(lines, name)| println!("{lines:5}  {name}"));
    let total: usize = files.iter().map(|(lines, _)| lines).sum();
    Ok(Outcome::Passed(format!("{} files, {total} lines", files.len())))
}

fn passed(_: ()) -> Outcome {
    Outcome::Passed(String::new())
}
