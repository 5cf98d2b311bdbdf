//! The project's own commands: `cargo xtask test` and others.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

mod attack;
mod bench;
mod counts;
mod coverage;
mod dates;
mod features;
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
mod testing;
mod timing;
mod tools;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::prelude::{Long, Short, Value, ValueExt};

const HELP: &str = "\
cargo xtask test [STEP]...     run the short suite, or these steps of it
cargo xtask ci [--skip-test] [STEP]...
                               run everything: the short suite, then the long one; with --skip-test
                               only the long one
cargo xtask fuzz [--seconds N | --minutes N] [--seed N] [TARGET]
                               fuzz one target, or each in turn, for N seconds (5) or minutes each
cargo xtask coverage           measure which lines of the core its tests and the fuzzing corpora run;
                               fails below 95 %
cargo xtask bench [--quick] [SECTION]
                               measure everything, or one section, for docs/performance.md; --quick
                               measures roughly and leaves the document as it is
cargo xtask attack [--quick] [--server NAME] [ROW]...
                               attack the example servers and `birdhook listen` with every row, or
                               with these; --quick uses smaller numbers
cargo xtask instructions [--write]
                               count the instructions of each path and compare them with
                               crates/benches/instructions.txt; --write replaces that file
cargo xtask supply [PART]...   check the dependencies and the public APIs: every part, or these
cargo xtask supply --write     replace the lists of public APIs
cargo xtask semver [REV] [-p PACKAGE]
                               report what breaks users of REV (the newest tag)
cargo xtask soak [--minutes N] [--sink NAME] [--seed N]
                               send mixed traffic with faults for N minutes (10) to each of channel
                               and inbox, or to one of channel, handler and inbox
cargo xtask timing [--quick]   test whether comparing signatures takes constant time
cargo xtask models [--minutes N] [--seed N] [MODEL]
                               run the pipeline's code under chosen schedules, N minutes in all;
                               --schedule S repeats one schedule, as a failure has printed it;
                               --mistakes [NAME] plants mistakes, which the models must notice
cargo xtask miri [TEST]        run tests of core and pipeline under Miri
cargo xtask mutants [FILE]...  plant mistakes in signatures, challenges, keys and deduplication, or
                               in these files, one at a time; a test must notice each (hours)
cargo xtask help               print this text and the steps
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
            steps::run(steps::SHORT.iter(), &names)
        }
        "ci" => {
            let (mut names, mut skipped) = (Vec::new(), 0);
            while let Some(arg) = args.next()? {
                match arg {
                    Long("skip-test") => skipped = steps::SHORT.len(),
                    Value(name) => names.push(name.string()?),
                    other => return Err(other.unexpected().into()),
                }
            }
            steps::run(steps::SHORT.iter().chain(steps::LONG).skip(skipped), &names)
        }
        "coverage" => coverage::check().map(|note| println!("{note}")),
        "fuzz" => fuzz::run(&fuzz::Options::parse(args)?).map(|counts| println!("\n{counts}")),
        "instructions" => match args.next()? {
            None => steps::run(steps::LONG.iter(), &[subcommand]),
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
            print!("{HELP}");
            for (command, steps) in [("test", steps::SHORT), ("ci, after those of test", steps::LONG)] {
                println!("\nSteps of cargo xtask {command}, with their minutes on two cores:");
                steps.iter().for_each(|step| println!("  {:12} {:4.1}  {}", step.name, step.minutes, step.about));
            }
            println!("\nParts of cargo xtask supply:");
            supply::ALL.iter().for_each(|part| println!("  {:12} {}", part.name, part.about));
            println!("\nSections of cargo xtask bench:");
            bench::ALL.iter().for_each(|section| println!("  {:12} {}", section.name, section.about));
            Ok(())
        }
        other => bail!("unknown command {other}\n\n{HELP}"),
    }
}
