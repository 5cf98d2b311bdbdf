//! The project's own commands: `cargo xtask test` and others.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

mod attack;
mod bench;
mod book;
mod build_cost;
mod capacity;
mod counts;
mod coverage;
mod dates;
mod deb;
mod deploy;
mod features;
mod frameworks;
mod fuzz;
mod guides;
mod instructions;
mod links;
mod miri;
mod models;
mod monitoring;
mod mutants;
mod package;
mod platforms;
mod process;
mod release;
mod rules;
mod screenshots;
mod step;
mod steps;
mod supply;
mod testing;
mod tools;
mod workflows;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use process::{cargo, run as run_command};

/// The commands of the project.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", after_help = lists())]
enum Command {
    /// Run the short suite, or these steps of it.
    Test { steps: Vec<String> },
    /// Run the short suite, then the long one.
    Ci {
        /// Run the long suite only.
        #[arg(long)]
        skip_test: bool,
        steps: Vec<String>,
    },
    /// Fuzz one target, or each in turn.
    Fuzz(fuzz::Options),
    /// Measure which lines of the core its tests run; fails below 95 %.
    Coverage,
    /// Measure everything, or one section, for docs/performance.md.
    Bench(bench::Options),
    /// Attack the example servers and `birdhook listen` with every row, or with these:
    /// `[--quick] [--server NAME] [ROW]...`
    #[command(disable_help_flag = true)]
    Attack {
        #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
        args: Vec<OsString>,
    },
    /// Count the instructions of each path and compare them with crates/benches/instructions.txt.
    Instructions {
        /// Replace that file.
        #[arg(long)]
        write: bool,
    },
    /// Check the dependencies and the public APIs: every part, or these.
    Supply {
        /// Replace the lists of public APIs.
        #[arg(long, conflicts_with = "parts")]
        write: bool,
        parts: Vec<String>,
    },
    /// Build the site from docs/ into target/book/html.
    Book,
    /// Build the Debian package of the tool into target/deb.
    Deb(deb::Options),
    /// Replace the pictures of the README and the guide, in docs/guide.
    Screenshots,
    /// Make the rules of Prometheus and the dashboard of Grafana in deploy/ from operations.md.
    Monitoring,
    /// Compute the table of capacity in docs/guide/scale.md from the measured figures.
    Capacity,
    /// Print what a release would do, and what it lacks.
    Release(release::Options),
    /// Report what breaks users of a revision.
    Semver(supply::Semver),
    /// Send mixed traffic with faults to receivers:
    /// [--minutes N] [--quick] [--sink channel|handler|inbox] [--seed N]
    #[command(disable_help_flag = true)]
    Soak {
        #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
        args: Vec<OsString>,
    },
    /// Test whether comparing signatures takes constant time.
    // Not a step of `ci`: on a shared machine it can miss a leak or report one that does not exist.
    Timing {
        /// Measure roughly.
        #[arg(long)]
        quick: bool,
    },
    /// Run the pipeline's code under chosen schedules.
    Models(models::Options),
    /// Run tests of core and pipeline under Miri.
    Miri { test: Option<String> },
    /// Plant mistakes in signatures, challenges, keys and deduplication, or in these files, one at
    /// a time; a test must notice each (hours).
    Mutants { files: Vec<String> },
}

/// Returns what the steps, parts and sections are named.
fn lists() -> String {
    let mut text = String::new();
    for (command, steps) in [
        ("test", steps::SHORT),
        ("ci, after those of test", steps::LONG),
        ("ci, only if they are named", steps::RELEASE),
    ] {
        _ = writeln!(text, "Steps of cargo xtask {command}, with their minutes on two cores:");
        steps.iter().for_each(|step| _ = writeln!(text, "  {:12} {:4.1}  {}", step.name, step.minutes, step.about));
    }
    text += "Parts of cargo xtask supply:\n";
    supply::PARTS.iter().for_each(|part| _ = writeln!(text, "  {:12} {}", part.name, part.about));
    text += "Sections of cargo xtask bench:\n";
    bench::SECTIONS.iter().for_each(|section| _ = writeln!(text, "  {:12} {}", section.name, section.about));
    text
}

fn main() -> ExitCode {
    match run(Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::set_current_dir(&root).with_context(|| format!("no project in {}", root.display()))?;
    match command {
        Command::Test { steps } => step::run(steps::SHORT.iter(), &steps),
        Command::Ci { skip_test, steps } => {
            let skipped = if skip_test { steps::SHORT.len() } else { 0 };
            let named = if steps.is_empty() { &[] } else { steps::RELEASE };
            step::run(steps::SHORT.iter().chain(steps::LONG).chain(named).skip(skipped), &steps)
        }
        Command::Fuzz(options) => fuzz::run(&options).map(|counts| println!("\n{counts}")),
        Command::Coverage => coverage::check().map(drop),
        Command::Bench(options) => bench::run(&options),
        Command::Attack { args } => attack::run(&args),
        Command::Instructions { write: true } => instructions::write(),
        Command::Instructions { write: false } => step::run(steps::LONG.iter(), &["instructions".to_owned()]),
        Command::Supply { write: true, .. } => supply::write(),
        Command::Supply { write: false, parts } => step::run(supply::PARTS.iter(), &parts),
        Command::Book => book::build().map(drop),
        Command::Deb(options) => deb::build(&options).map(drop),
        Command::Screenshots => screenshots::make(),
        Command::Monitoring => monitoring::write(),
        Command::Capacity => capacity::write(),
        Command::Release(options) => release::run(&options),
        Command::Semver(options) => supply::semver(&options),
        // Optimised, like an app in production.
        Command::Soak { args } => run_command(
            cargo(["run", "--release", "--quiet", "-p", "birdhook-soak", "--bin", "birdhook-soak", "--"]).args(args),
        ),
        Command::Timing { quick } => run_command(
            cargo(["run", "--release", "--quiet", "-p", "birdhook-benches", "--", "timing"])
                .args(quick.then_some("--quick")),
        ),
        Command::Models(options) => models::run(&options).map(|told| println!("\n{told}")),
        Command::Miri { test } => miri::run(test.as_deref()),
        Command::Mutants { files } => mutants::run(&files),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_other_programs_pass_unread() {
        let words = ["--quick", "--server", "axum", "--help", "row"];
        for name in ["attack", "soak"] {
            let command = Command::try_parse_from(["xtask", name].into_iter().chain(words)).ok();
            let Some(Command::Attack { args } | Command::Soak { args }) = command else { panic!("{name}") };
            assert_eq!(args, words);
        }
    }
}
