//! The steps of `cargo xtask test`, in order. A new step is a line of [`ALL`] and a function.

use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::counts::Counts;
use crate::process::{cargo, run as run_command, succeeds, watch};
use crate::{attack, coverage, fuzz, instructions, models, rules, sizes, soak, supply, tools};

pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    run: fn() -> Result<Outcome>,
}

/// How a step ended that did not fail, and what is worth telling of it.
pub(crate) enum Outcome {
    Passed(String),
    Skipped(String),
}

const fn step(name: &'static str, about: &'static str, run: fn() -> Result<Outcome>) -> Step {
    Step { name, about, run }
}

pub(crate) const ALL: &[Step] = &[
    step("fmt", "the code is formatted", fmt),
    step("clippy", "no warnings, with all features", clippy),
    step("features", "no warnings, without features, with each alone and with every two", features),
    step("tests", "unit and integration tests", tests),
    step("inbox", "the inbox loses nothing, and its tests notice planted mistakes", inbox),
    step("engines", "events cross JetStream and Redis once each, whatever fails", engines),
    step("models", "the pipeline under chosen schedules loses, doubles and holds up nothing", models::step),
    step("doctests", "the examples in the documentation", doctests),
    step("quickstart", "the quickstart of the README runs to its end", quickstart),
    step("soak", "a receiver keeps its memory and its book under faults, for some seconds", soak::step),
    step("attack", "the example servers and `birdhook listen` stand every attack, in small numbers", attack),
    step("docs", "the documentation builds without warnings", docs),
    step("wasm", "the core builds for wasm32-unknown-unknown", wasm),
    step("rules", "who may depend on whom; every package inherits the lints", rules::check),
    step("sizes", "no source file is overlong", sizes::check),
    step("supply", "what we build on, and what of it we pass on: licences, versions, public APIs", supply::check),
    step("instructions", "no path of core and pipeline costs more than before", instructions::check),
    step("coverage", "tests run 95 % of the lines of the core", || coverage::check().map(Outcome::Passed)),
    step("fuzz", "each fuzz target runs for five seconds", || fuzz::run(&fuzz::Options::step()).map(Outcome::Passed)),
];

/// Runs the steps of these names, or all; a failing one does not keep the others from running.
pub(crate) fn run(names: &[String]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| !ALL.iter().any(|step| step.name == **name)) {
        bail!("there is no step {unknown}; `cargo xtask help` names them");
    }
    let chosen: Vec<_> = ALL.iter().filter(|step| names.is_empty() || names.iter().any(|n| n == step.name)).collect();
    let (mut table, mut tested) = (String::new(), String::new());
    let (mut skipped, mut failed) = (Vec::new(), Vec::new());
    for (step, number) in chosen.iter().zip(1..) {
        println!("\n=== {number}/{} {}: {}", chosen.len(), step.name, step.about);
        let start = Instant::now();
        let (result, note) = match (step.run)() {
            Ok(Outcome::Passed(note)) => ("ok", note),
            Ok(Outcome::Skipped(note)) => {
                skipped.push(step.name);
                ("SKIPPED", note)
            }
            Err(error) => {
                failed.push(step.name);
                ("FAILED", format!("{error:#}"))
            }
        };
        let seconds = start.elapsed().as_secs_f64();
        println!("--- {}: {result} after {seconds:.1} s {note}", step.name);
        table += format!("{:12} {result:8} {seconds:7.1}  {note}", step.name).trim_end();
        table += "\n";
        if step.name.ends_with("tests") || ["inbox", "engines"].contains(&step.name) {
            tested += &format!("; {}: {}", step.name, note.split(": ").next().unwrap_or_default());
        }
    }
    println!("\n{:12} {:8} {:>7}\n{table}", "step", "result", "seconds");
    let skipped = if skipped.is_empty() { String::new() } else { format!("; skipped: {}", skipped.join(", ")) };
    if !failed.is_empty() {
        bail!("failed: {}{skipped}{tested}", failed.join(", "));
    }
    println!("xtask: no step failed{skipped}{tested}");
    Ok(())
}

fn passed() -> Outcome {
    Outcome::Passed(String::new())
}

/// Runs all of them even if one fails.
fn each(commands: impl IntoIterator<Item = Command>) -> Result<Outcome> {
    let (mut count, mut failed) = (0, Vec::new());
    for mut command in commands {
        count += 1;
        failed.extend(run_command(&mut command).err().map(|error| error.to_string()));
    }
    match failed.first() {
        None => Ok(Outcome::Passed(format!("{count} commands"))),
        Some(first) => bail!("{} of {count} commands failed, the first: {first}", failed.len()),
    }
}

fn fmt() -> Result<Outcome> {
    tools::component("rustfmt", "fmt")?;
    each([cargo(["fmt", "--all", "--check"]), cargo(["fmt", "--check", "--manifest-path", "fuzz/Cargo.toml"])])
}

fn clippy() -> Result<Outcome> {
    tools::component("clippy", "clippy")?;
    run_command(&mut cargo(["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]))?;
    Ok(passed())
}

fn features() -> Result<Outcome> {
    tools::component("clippy", "clippy")?;
    supply::features::check()
}

/// The step `engines` runs them: they need servers.
const ENGINES: &str = "birdhook-engines-proof";
const TOOL: &str = "birdhook-cli";

fn tests() -> Result<Outcome> {
    if succeeds(&mut cargo(["nextest", "--version"])) {
        let mut command = cargo(["nextest", "run", "--workspace", "--all-features", "--no-fail-fast"]);
        command.args(["--exclude", ENGINES]);
        return counted(command);
    }
    // Tests start the examples, which cargo then does not build as programs by itself.
    run_command(&mut cargo(["build", "--workspace", "--all-features", "--examples", "--exclude", ENGINES]))?;
    let mut command = cargo(["test", "--workspace", "--all-features", "--no-fail-fast", "--lib", "--bins", "--tests"]);
    command.args(["--examples", "--exclude", ENGINES]);
    counted(command)
}

/// Compiled with faults, and so apart from everything else.
fn inbox() -> Result<Outcome> {
    if !cfg!(target_os = "linux") {
        return Ok(Outcome::Skipped("it looks at system calls, with strace".to_owned()));
    }
    tools::strace()?;
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let mut command = cargo(["test", "-p", "birdhook-inbox-proof", "--target-dir", "target/faults", "--no-fail-fast"]);
    command.env("RUSTFLAGS", format!("{flags} --cfg birdhook_faults").trim());
    counted(command)
}

fn engines() -> Result<Outcome> {
    if !cfg!(unix) {
        return Ok(Outcome::Skipped("it ends and holds up servers by signals".to_owned()));
    }
    if let Err(error) = tools::engines() {
        if std::env::var_os("CI").is_some() {
            return Err(error);
        }
        eprintln!("\n!!! {error:#}\n!!! NOT TESTED: nothing is known of how events cross JetStream and Redis\n");
        return Ok(Outcome::Skipped(format!("{error:#}")));
    }
    if succeeds(&mut cargo(["nextest", "--version"])) {
        let mut command = cargo(["nextest", "run", "-p", ENGINES, "-p", TOOL, "--all-features", "--no-fail-fast"]);
        // Of the tool's tests those that the step `tests` leaves out.
        command.args(["--run-ignored", "all", "-E", &format!("package({ENGINES}) | binary_id({TOOL}::engines)")]);
        return counted(command);
    }
    run_command(&mut cargo(["test", "-p", TOOL, "--test", "engines", "--", "--include-ignored"]))?;
    counted(cargo(["test", "-p", ENGINES, "--all-features", "--no-fail-fast"]))
}

fn doctests() -> Result<Outcome> {
    counted(cargo(["test", "--workspace", "--all-features", "--no-fail-fast", "--doc"]))
}

fn quickstart() -> Result<Outcome> {
    run_command(&mut cargo(["run", "--quiet", "--example", "quickstart"]))?;
    Ok(passed())
}

/// On what the step `tests` has built.
fn attack() -> Result<Outcome> {
    attack::quick(&["--workspace", "--all-features", "--exclude", ENGINES])
}

fn counted(mut command: Command) -> Result<Outcome> {
    let mut counts = Counts::default();
    let result = watch(&mut command, |line| {
        counts.read(line);
        true
    });
    match result {
        Ok(()) => Ok(Outcome::Passed(counts.to_string())),
        Err(error) => Err(error.context(counts.to_string())),
    }
}

fn docs() -> Result<Outcome> {
    run_command(cargo(["doc", "--workspace", "--all-features", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(passed())
}

fn wasm() -> Result<Outcome> {
    const TARGET: &str = "wasm32-unknown-unknown";
    if let Err(error) = tools::target(TARGET) {
        eprintln!("\n!!! {error:#}\n!!! NOT BUILT FOR {TARGET}: only the step `rules` keeps I/O out of the core\n");
        return Ok(Outcome::Skipped(format!("{error:#}")));
    }
    run_command(&mut cargo(["build", "-p", "birdhook-core", "--target", TARGET]))?;
    Ok(passed())
}
