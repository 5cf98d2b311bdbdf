//! Checks combinations of features with `cargo hack`.

use anyhow::{Result, bail};

use crate::process::watch;
use crate::rules;
use crate::supply::installed::{HACK, subcommand};

/// Features of one package whose code interacts.
///
/// These are compiled in every combination. Other features are compiled alone and all together.
const INTERACTING: &[(&str, &str)] = &[
    // `metrics` also enables the metrics of the inbox.
    ("birdhook", "inbox,metrics"),
    ("birdhook-pipeline", "metrics,tracing"),
];

/// Checks each combination. Warnings are failures.
pub(crate) fn check() -> Result<String> {
    let mut found = Found::default();
    let libraries = rules::libraries()?;
    let packages: Vec<_> = libraries.iter().flat_map(|package| ["-p", package]).collect();
    found.run(&["--each-feature", "--exclude-features=default"], &packages)?;
    for (package, features) in INTERACTING {
        let include = format!("--include-features={features}");
        found.run(&["--feature-powerset", "--exclude-no-default-features", &include], &["-p", package])?;
    }
    match found.warnings.len() {
        0 => Ok(format!("{} combinations", found.combinations)),
        count => bail!("{count} warnings in {} combinations", found.combinations),
    }
}

#[derive(Default)]
struct Found {
    combinations: usize,
    warnings: Vec<String>,
}

impl Found {
    fn run(&mut self, how: &[&str], packages: &[&str]) -> Result<()> {
        let mut command = subcommand(HACK)?;
        // `-D warnings` in RUSTFLAGS would recompile every dependency.
        command.args(["check", "--keep-going"]).args(how).args(packages);
        watch(&mut command, |line| {
            self.read(line);
            true
        })
    }

    fn read(&mut self, line: &str) {
        self.combinations += usize::from(line.starts_with("info: running"));
        if line.starts_with("warning: ") {
            self.warnings.push(line.trim().to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_and_warnings_are_counted() {
        let mut found = Found::default();
        let lines = [
            "info: running `cargo check` on a (1/2)",
            "    Checking a",
            "warning: unused import: `b`",
            "  warning: no",
        ];
        lines.iter().for_each(|line| found.read(line));
        assert_eq!((found.combinations, found.warnings.len()), (1, 1));
    }
}
