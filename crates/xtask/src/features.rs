//! Checks combinations of features with `cargo hack`.

use anyhow::Result;

use crate::process::run;
use crate::rules;
use crate::step::Outcome;
use crate::tools::{HACK, pinned};

/// Features of one package whose code interacts. They are compiled in every combination; other
/// features are compiled alone and all together.
const INTERACTING: &[(&str, &str)] = &[
    // `metrics` also enables the metrics of the inbox.
    ("birdhook", "inbox,metrics"),
    ("birdhook-pipeline", "metrics,tracing"),
];

pub(crate) fn check() -> Result<Outcome> {
    let libraries = rules::libraries()?;
    let packages: Vec<_> = libraries.iter().flat_map(|package| ["-p", &*package.name]).collect();
    hack(&["--each-feature", "--exclude-features=default"], &packages)?;
    for (package, features) in INTERACTING {
        let include = format!("--include-features={features}");
        hack(&["--feature-powerset", "--exclude-no-default-features", &include], &["-p", package])?;
    }
    Ok(Outcome::Passed(format!("{} packages", libraries.len())))
}

/// Fails on warnings. Clippy denies them in our packages alone; `-D warnings` in RUSTFLAGS would
/// compile every dependency again.
fn hack(how: &[&str], packages: &[&str]) -> Result<()> {
    run(pinned(HACK)?.args(["clippy", "--keep-going"]).args(how).args(packages).args(["--", "-D", "warnings"]))
}
