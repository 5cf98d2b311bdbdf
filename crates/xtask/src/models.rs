//! Runs the pipeline's model tests: its real code under chosen schedules, and a check that planted
//! mistakes are noticed.

mod planting;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{cargo, printed, watch};
use crate::step::Outcome;

/// A separate target folder, because the models are compiled with other flags.
const TARGET: &str = "target/models";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The time for all models together.
    #[arg(long, default_value_t = 0.7)]
    minutes: f64,
    /// Run only models whose names contain this text. With `--mistakes`, the name of a mistake.
    model: Option<String>,
    #[arg(long)]
    seed: Option<String>,
    /// Repeat one schedule, as a failure has printed it.
    #[arg(long)]
    schedule: Option<String>,
    /// Plant mistakes, which the models must notice.
    #[arg(long)]
    mistakes: bool,
}

pub(crate) fn step() -> Result<Outcome> {
    let options = Options { minutes: 0.7, model: None, seed: None, schedule: None, mistakes: false };
    run(&options).map(Outcome::Passed)
}

/// Runs the models and returns the number of schedules.
pub(crate) fn run(options: &Options) -> Result<String> {
    if options.mistakes {
        return planting::all_are_noticed(options.model.as_deref());
    }
    let filter = options.model.as_deref().unwrap_or("models::");
    let list = printed(test(Path::new("."), filter, 1).arg("--list"))?;
    let models = list.lines().filter(|line| line.ends_with(": test")).count();
    if models == 0 {
        bail!("there is no model {filter}");
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(models);
    let seconds = (options.minutes * 60.0 * threads as f64 / models as f64).ceil();
    let mut command = test(Path::new("."), filter, 1);
    // Uncaptured, so that the seed of a model that never ends is visible too.
    command.arg("--nocapture").env("BIRDHOOK_MODELS_SECONDS", format!("{seconds}"));
    command.envs(options.seed.iter().map(|seed| ("BIRDHOOK_MODELS_SEED", seed)));
    command.envs(options.schedule.iter().map(|schedule| ("BIRDHOOK_MODELS_SCHEDULE", schedule)));
    let mut schedules = Schedules::default();
    watch(&mut command, |line| {
        schedules.read(line);
        true
    })
    .context(
        "the command above repeats it; `cargo xtask models --schedule SCHEDULE MODEL` repeats the failing schedule alone",
    )?;
    Ok(format!("{models} models; {} schedules at random, {} exhaustively", schedules.at_random, schedules.all))
}

/// Returns a command that tests the models of the workspace in `folder`. `level` is the
/// optimisation of the pipeline itself.
fn test(folder: &Path, filter: &str, level: u8) -> Command {
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    // Optimised code runs thousands of schedules a second instead of hundreds.
    let mut command = cargo(["test", "--config", "profile.dev.opt-level=2", "--config", "profile.dev.debug=0"]);
    command.arg("--config").arg(format!("profile.dev.package.birdhook-pipeline.opt-level={level}"));
    command.args(["-p=birdhook-pipeline", "--features=metrics", "--lib", "--target-dir", TARGET, "--manifest-path"]);
    command.arg(folder.join("Cargo.toml")).args(["--", filter]);
    command.env("RUSTFLAGS", format!("{flags} --cfg birdhook_models").trim());
    command
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Schedules {
    at_random: u64,
    all: u64,
}

impl Schedules {
    /// Reads `schedules of claims::copies: 1239, which are all` anywhere in a line.
    fn read(&mut self, line: &str) {
        let Some((_, told)) = line.split_once("schedules of ") else { return };
        let Some((count, how)) = told.split_once(": ").and_then(|(_, counted)| counted.split_once([',', ' '])) else {
            return;
        };
        let count = count.parse::<u64>().unwrap_or_default();
        if how.contains("all") { self.all += count } else { self.at_random += count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_from_what_models_print() {
        let mut schedules = Schedules::default();
        schedules.read("schedules of claims::copies_are_delivered_once: 1239, which are all\n");
        schedules.read("test a ... schedules of wakes::nobody_sleeps: 500 at random\n");
        schedules.read("test models::claims::copies ... ok\n");
        assert_eq!(schedules, Schedules { at_random: 500, all: 1239 });
    }
}
