//! Mutation testing of the code that decides about a request: plants mistakes one at a time, and a
//! test must notice each.
//!
//! `.cargo/mutants.toml` lists the files, and the mutants that no test can notice.

use std::fs;

use anyhow::{Context, Result, bail};
use toml::Table;

use crate::process::{cargo, printed, run as run_command};
use crate::tools;

const SETTINGS: &str = ".cargo/mutants.toml";

/// The packages and their slow test modules. Mutants that survive the other tests are tested again
/// with all of them.
const PACKAGES: [(&str, &[&str]); 2] = [
    ("birdhook-core", &["every_field::", "lenient::", "codec::", "nesting::", "oracle::", "xaa_lenient::"]),
    ("birdhook-pipeline", &["metrics::", "privacy::"]),
];

/// Tests the mutants of the named files. Defaults to all.
pub(crate) fn run(files: &[String]) -> Result<()> {
    tools::subcommand("mutants")?;
    no_reason_is_stale()?;
    let chosen: Vec<_> = files.iter().flat_map(|file| ["--re".to_owned(), format!("(^|/){file}:")]).collect();
    let mut failed = Vec::new();
    for (package, slow) in PACKAGES {
        let folder = format!("target/mutants/{package}");
        if fs::exists(&folder)? {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let mutants = |again: Option<&str>, skipped: &[&str]| {
            let mut command = cargo(["mutants", "--jobs=1", "--package", package, "--output", &folder]);
            command.args(again).args(&chosen).args(["--", "--tests", "--"]);
            command.args(skipped.iter().flat_map(|module| ["--skip", module]));
            // cargo-mutants builds in a copy of the project, whose files may look older than the
            // results in a shared target folder.
            run_command(command.env_remove("CARGO_TARGET_DIR").env("CARGO_PROFILE_DEV_DEBUG", "none"))
        };
        // Fails if a mutant survives, which the next call tests again.
        let first = mutants(None, slow);
        failed.extend(first.or_else(|_| mutants(Some("--iterate"), &[])).err());
    }
    match failed.first() {
        None => Ok(()),
        Some(first) => bail!("{first}: notice the missed mutants above, or give a reason in {SETTINGS}"),
    }
}

/// Fails if a reason matches no mutant.
fn no_reason_is_stale() -> Result<()> {
    let settings: Table = fs::read_to_string(SETTINGS)?.parse()?;
    let reasons = settings.get("exclude_re").and_then(|reasons| reasons.as_array()).context("exclude_re is missing")?;
    let listed = |regex: &str| {
        let packages = PACKAGES.iter().flat_map(|(package, _)| ["--package", package]);
        printed(cargo(["mutants", "--list", "--no-config", "--re", regex]).args(packages))
    };
    // cargo-mutants lists deletions of a field with any filter, so the comparison is with the list
    // of a filter that matches nothing.
    let none = listed("^$")?;
    for reason in reasons.iter().filter_map(|reason| reason.as_str()) {
        if listed(reason)? == none {
            bail!("{SETTINGS} has a reason for what is no mutant: {reason}");
        }
    }
    Ok(())
}
