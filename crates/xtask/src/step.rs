//! A step, its result, and the function that runs steps.

use std::fmt;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::counts::Counts;

pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// Minutes on two cores, with an empty target folder and all downloads and tools present.
    pub(crate) minutes: f32,
    pub(crate) about: &'static str,
    run: fn() -> Result<Outcome>,
}

/// The result of a step that did not fail, with a note for the table.
pub(crate) enum Outcome {
    Passed(String),
    Skipped(String),
    /// The counts of the tests that ran.
    Counted(Counts),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed(note) | Self::Skipped(note) => f.write_str(note),
            Self::Counted(counts) => counts.fmt(f),
        }
    }
}

pub(crate) const fn step(name: &'static str, minutes: f32, about: &'static str, run: fn() -> Result<Outcome>) -> Step {
    Step { name, minutes, about, run }
}

/// Runs the named steps, or all.
pub(crate) fn run(steps: impl Iterator<Item = &'static Step>, names: &[String]) -> Result<()> {
    let (skipped, tested) = run_all(steps, names)?;
    if !skipped.is_empty() {
        println!("\n{skipped}");
    }
    if tested != Counts::default() {
        println!("\ntests: {tested}");
    }
    Ok(())
}

/// Runs the named steps, or all. A step that fails does not prevent the others from running.
/// Returns a text about skipped steps, and the counts of tests.
pub(crate) fn run_all(steps: impl Iterator<Item = &'static Step>, names: &[String]) -> Result<(String, Counts)> {
    let steps: Vec<_> = steps.collect();
    if let Some(name) = names.iter().find(|name| !steps.iter().any(|step| step.name == **name)) {
        bail!("unknown step {name}: `cargo xtask help` lists the steps, and the command that runs each");
    }
    let chosen: Vec<_> = steps.iter().filter(|step| names.is_empty() || names.iter().any(|n| n == step.name)).collect();
    let start = Instant::now();
    let (mut table, mut tested) = (String::new(), Counts::default());
    let (mut skipped, mut failed) = (Vec::new(), Vec::new());
    for (step, number) in chosen.iter().zip(1..) {
        println!("\n=== {number}/{} {}: {}", chosen.len(), step.name, step.about);
        let start = Instant::now();
        let (result, note) = match (step.run)() {
            Ok(Outcome::Skipped(note)) => {
                eprintln!("\n!!! NOT CHECKED, {}: {note}\n", step.name);
                skipped.push(step.name);
                ("SKIPPED", note)
            }
            Ok(outcome) => {
                if let Outcome::Counted(counts) = outcome {
                    tested = tested + counts;
                }
                ("ok", outcome.to_string())
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
    }
    let total = start.elapsed().as_secs_f64();
    println!("\n{:12} {:8} {:>7}\n{table}{:12} {:8} {total:7.1}", "step", "result", "seconds", "all", "");
    let skipped = if skipped.is_empty() { String::new() } else { format!("NOT CHECKED: {}", skipped.join(", ")) };
    match failed.len() {
        0 => Ok((skipped, tested)),
        _ => bail!("failed: {}; {tested}; {skipped}", failed.join(", ")),
    }
}
