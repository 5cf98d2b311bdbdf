//! Runs the fuzz targets of `fuzz/`.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::process::{cargo, printed, run as run_command, watch};
use crate::step::Outcome;
use crate::tools;

#[derive(clap::Args)]
pub(crate) struct Options {
    target: Option<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Minutes for each target, instead of seconds.
    #[arg(long)]
    minutes: Option<u64>,
    /// Defaults to a new seed for each run.
    #[arg(long)]
    seed: Option<u32>,
}

/// The step of `cargo xtask ci`. The seed is fixed, so that a change fails only for its own
/// mistakes and not for older ones found by chance.
pub(crate) fn step() -> Result<Outcome> {
    run(&Options { target: None, seconds: 5, minutes: None, seed: Some(1) }).map(Outcome::Passed)
}

/// Builds and runs the targets, all of them even if one fails. Returns how often each was
/// executed.
pub(crate) fn run(options: &Options) -> Result<String> {
    tools::subcommand("fuzz")?;
    tools::cxx()?;
    let list = printed(&mut cargo(["fuzz", "list"]))?;
    let is_chosen = |target: &&str| options.target.as_ref().is_none_or(|only| only == target);
    let targets: Vec<_> = list.lines().map(str::trim).filter(is_chosen).collect();
    if targets.is_empty() {
        bail!("unknown target: expected one of {}", list.trim().replace('\n', ", "));
    }
    run_command(&mut cargo(["fuzz", "build", "-s", "none"]))?;
    let seconds = options.minutes.map_or(options.seconds, |minutes| minutes * 60);
    let clock = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    // With zero, libFuzzer would choose a seed itself.
    let seed = options.seed.unwrap_or_else(|| clock.subsec_nanos().max(1));
    let (mut counts, mut failed) = (Vec::new(), Vec::new());
    for target in targets {
        let corpus = format!("fuzz/target/fuzz-corpus/{target}");
        fs::create_dir_all(&corpus).with_context(|| format!("cannot make {corpus}"))?;
        let own = format!("fuzz/dictionaries/{target}.dict");
        let dictionary = if Path::new(&own).is_file() { &own } else { "fuzz/dictionaries/json.dict" };
        let mut executed = None;
        // libFuzzer writes new inputs to the first folder.
        let mut fuzz = cargo(["fuzz", "run", "-s", "none", target, &corpus, &format!("fuzz/corpus/{target}"), "--"]);
        fuzz.args([format!("-max_total_time={seconds}"), format!("-seed={seed}"), format!("-dict={dictionary}")]);
        let result = watch(fuzz.arg("-timeout=10"), |line| {
            // `Done 211287 runs in 16 second(s)`
            executed = executed.or_else(|| line.strip_prefix("Done ")?.split(' ').next()?.parse::<u64>().ok());
            // Not the line for each input with new coverage, nor the recommended dictionary.
            !line.starts_with(['#', '"']) && !line.trim_start().starts_with("NEW_FUNC")
        });
        failed.extend(result.is_err().then_some(target));
        counts.push(executed.map_or_else(|| format!("{target} ?"), |count| format!("{target} {count}")));
    }
    let told = format!("executions: {}", counts.join(", "));
    match failed.as_slice() {
        [] => Ok(told),
        [first, ..] => bail!(
            "{told}; failed: {}, with inputs in fuzz/artifacts; again with `cargo xtask fuzz --seed {seed} {first}`",
            failed.join(", ")
        ),
    }
}
