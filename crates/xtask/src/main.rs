//! What CI and people run: `cargo xtask test`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

mod attack;
mod bench;
mod counts;
mod coverage;
mod fuzz;
mod instructions;
mod miri;
mod models;
mod mutants;
mod process;
mod rules;
mod sizes;
mod soak;
mod steps;
mod supply;
mod timing;
mod tools;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::prelude::{Long, Short, Value, ValueExt};

const HELP: &str = "\
cargo xtask test [STEP]...     run every step that CI runs, or only these
cargo xtask fuzz [--seconds N | --minutes N] [--seed N] [TARGET]
                               fuzz one target, or each in turn, for N seconds (5) or minutes for each
cargo xtask coverage           how many lines of the core its tests run, fuzzing's corpora among them; fails
                               below 95 %
cargo xtask bench [--quick] [SECTION]
                               measure all, or one section, for docs/performance.md; with
                               --quick roughly, and the document stays as it is
cargo xtask attack [--quick] [--server NAME] [ROW]...
                               attack the example servers and `birdhook listen` in every way, or in these; with --quick
                               in smaller numbers
cargo xtask instructions [--write]
                               count what paths cost, and compare with crates/benches/instructions.txt;
                               with --write, write that file anew
cargo xtask supply [PART]...   where what we build on comes from, and what of it we pass on: all, or
                               these parts
cargo xtask supply --write     write the lists of public APIs anew
cargo xtask semver [REV] [-p PACKAGE]
                               what breaks those who use REV (the newest tag)
cargo xtask soak [--minutes N] [--sink NAME] [--seed N]
                               mixed traffic and faults for N minutes (10) with each of channel and inbox,
                               or with this one of channel, handler and inbox
cargo xtask timing [--quick]   whether comparing signatures tells by its time what it must not
cargo xtask models [--minutes N] [--seed N] [MODEL]
                               the pipeline's real code under chosen schedules, N minutes in all;
                               with --schedule S one schedule again, as a failure has printed it;
                               with --mistakes [NAME] plant mistakes, which the models must notice
cargo xtask miri [TEST]        tests of core and pipeline under Miri
cargo xtask mutants [FILE]...  plant mistakes in signatures, challenges, keys and duplicates, or only
                               in these files, one at a time, and see that a test notices each (hours)
cargo xtask help               this text and the steps
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut args = lexopt::Parser::from_env();
    let subcommand = match args.next()? {
        Some(Value(name)) => name.string()?,
        None | Some(Long("help") | Short('h')) => "help".to_owned(),
        Some(other) => return Err(other.unexpected().into()),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::set_current_dir(&root).with_context(|| format!("no project in {}", root.display()))?;
    match subcommand.as_str() {
        "test" => {
            let mut names = Vec::new();
            while let Some(arg) = args.next()? {
                match arg {
                    Value(name) => names.push(name.string()?),
                    other => return Err(other.unexpected().into()),
                }
            }
            steps::run(&names)
        }
        "coverage" => coverage::check().map(|note| println!("{note}")),
        "fuzz" => fuzz::run(&fuzz::Options::parse(args)?).map(|counts| println!("\n{counts}")),
        "instructions" => match args.next()? {
            None => steps::run(&[subcommand]),
            Some(Long("write")) => instructions::write(),
            Some(other) => Err(other.unexpected().into()),
        },
        "supply" => supply::run(&supply::Options::parse(args)?),
        "semver" => supply::semver::run_with(&supply::semver::Options::parse(args)?),
        "attack" => attack::run(args),
        "models" => models::run(&models::Options::parse(args)?).map(|told| println!("\n{told}")),
        "miri" => miri::run(args),
        "mutants" => mutants::run(args),
        "bench" => bench::run(&bench::Options::parse(args)?),
        "soak" => soak::run(&soak::Options::parse(args)?),
        "timing" => timing::run(args),
        "help" => {
            println!("{HELP}\nSteps of cargo xtask test:");
            steps::ALL.iter().for_each(|step| println!("  {:12} {}", step.name, step.about));
            println!("\nParts of cargo xtask supply:");
            supply::ALL.iter().for_each(|part| println!("  {:12} {}", part.name, part.about));
            println!("\nSections of cargo xtask bench:");
            bench::ALL.iter().for_each(|section| println!("  {:12} {}", section.name, section.about));
            Ok(())
        }
        other => bail!("there is no {other}\n\n{HELP}"),
    }
}
