//! Runs the fuzz targets of `fuzz/`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use cargo_metadata::{MetadataCommand, TargetKind};
use lexopt::prelude::{Long, Value, ValueExt};

use crate::process::{cargo, run as run_command, watch};
use crate::tools;

const MANIFEST: &str = "fuzz/Cargo.toml";

pub(crate) struct Options {
    pub(crate) target: Option<String>,
    pub(crate) time: Duration,
    /// Defaults to a new seed for each run, and to 1 in the step.
    pub(crate) seed: u32,
}

impl Default for Options {
    fn default() -> Self {
        let clock = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        // With zero, libFuzzer would choose a seed itself.
        Self { target: None, time: Duration::from_secs(5), seed: clock.subsec_nanos().max(1) }
    }
}

impl Options {
    /// Returns the options of the step. The seed is fixed, so that a change fails only for its own
    /// mistakes and not for older ones found by chance.
    pub(crate) fn step() -> Self {
        Self { seed: 1, ..Self::default() }
    }

    pub(crate) fn parse(mut args: lexopt::Parser) -> Result<Self> {
        let mut options = Self::default();
        while let Some(arg) = args.next()? {
            match arg {
                Long("seconds") => options.time = Duration::from_secs(args.value()?.parse()?),
                Long("minutes") => options.time = Duration::from_secs(60 * args.value()?.parse::<u64>()?),
                Long("seed") => options.seed = args.value()?.parse()?,
                Value(target) if options.target.is_none() => options.target = Some(target.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }
}

/// Builds and runs the targets, all of them even if one fails. Returns how often each was
/// executed.
pub(crate) fn run(options: &Options) -> Result<String> {
    let (targets, folder) = targets(options.target.as_deref())?;
    tools::subcommand("fuzz")?;
    tools::cxx()?;
    run_command(&mut cargo(["fuzz", "build", "-s", "none"]))?;
    let (mut told, mut failed) = (String::new(), Vec::new());
    for target in &targets {
        let corpus = format!("{folder}/fuzz-corpus/{target}");
        fs::create_dir_all(&corpus).with_context(|| format!("cannot make {corpus}"))?;
        let (seconds, seed) = (options.time.as_secs(), options.seed);
        println!("\nfuzzing {target} for {seconds} s; seed {seed}");
        let mut executed = None;
        // libFuzzer writes new inputs to the first folder.
        let result = watch(
            cargo(["fuzz", "run", "-s", "none", target, &corpus, &format!("fuzz/corpus/{target}"), "--"])
                .args([format!("-max_total_time={seconds}"), format!("-seed={seed}")])
                .args([format!("-dict={}", dictionary(target)), "-timeout=10".to_owned()]),
            |line| {
                executed = executed.or(executions(line));
                is_worth_printing(line)
            },
        );
        let _ = match (result, executed) {
            (Ok(()), Some(count)) => write!(told, "{target} {count}, "),
            (Ok(()), None) => write!(told, "{target} ?, "),
            (Err(_), _) => {
                failed.push(&**target);
                write!(told, "{target} FAILED, ")
            }
        };
    }
    let told = format!("executions: {}", told.trim_end_matches(", "));
    match failed.first() {
        None => Ok(told),
        Some(first) => bail!(
            "{told}: the failing inputs are in fuzz/artifacts; again with `cargo xtask fuzz --seed {} {first}`",
            options.seed
        ),
    }
}

/// Returns the targets to run, and the folder for what they build and find.
fn targets(only: Option<&str>) -> Result<(Vec<String>, String)> {
    let metadata = MetadataCommand::new().manifest_path(MANIFEST).no_deps().exec().context("cannot read fuzz/")?;
    let all = metadata.packages.iter().flat_map(|package| &package.targets);
    let mut names: Vec<_> = all.filter(|t| t.kind.contains(&TargetKind::Bin)).map(|t| t.name.clone()).collect();
    names.sort_unstable();
    if let Some(only) = only {
        if !names.iter().any(|name| name == only) {
            bail!("there is no target {only}, but {}", names.join(", "));
        }
        names.retain(|name| name == only);
    }
    Ok((names, metadata.target_directory.into_string()))
}

/// Returns the path of the dictionary for a target.
fn dictionary(target: &str) -> String {
    let own = format!("fuzz/dictionaries/{target}.dict");
    if Path::new(&own).is_file() { own } else { "fuzz/dictionaries/json.dict".to_owned() }
}

/// Parses `Done 211287 runs in 16 second(s)`.
fn executions(line: &str) -> Option<u64> {
    line.strip_prefix("Done ")?.split_once(" runs in ")?.0.parse().ok()
}

/// Returns whether a line is worth printing.
///
/// Not printed are the line for each input with new coverage, and the dictionary that libFuzzer
/// recommends at the end.
fn is_worth_printing(line: &str) -> bool {
    !line.starts_with(['#', '"']) && !line.trim_start().starts_with("NEW_FUNC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executions_are_read_from_the_last_line() {
        assert_eq!(executions("Done 211287 runs in 16 second(s)\n"), Some(211_287));
        assert_eq!(executions("#2 INITED cov: 20"), None);
    }
}
