//! Mutation testing of the code that decides about a request: plants mistakes one at a time, and a
//! test must notice each.
//!
//! `.cargo/mutants.toml` lists the files, and the mutants that no test can notice.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail};
use lexopt::prelude::{Value, ValueExt};
use toml::Table;

use crate::process::{cargo, printed, run as run_command};
use crate::tools;

const SETTINGS: &str = ".cargo/mutants.toml";
const OUTPUT: &str = "target/mutants";

/// The packages and their slow test modules. Mutants that survive the other tests are tested again
/// with all of them.
const PACKAGES: [(&str, &[&str]); 2] = [
    ("birdhook-core", &["every_field::", "lenient::", "messages_out::", "nesting::", "oracle::", "xaa_lenient::"]),
    ("birdhook-pipeline", &["metrics::", "privacy::"]),
];

/// The result of each mutant by its name.
///
/// A name looks like `crates/core/src/crc.rs:53:26: replace > with >= in ..`.
type Fates = BTreeMap<String, String>;

/// Tests the mutants of the named files. Defaults to all.
pub(crate) fn run(mut args: lexopt::Parser) -> Result<()> {
    let mut files = Vec::new();
    while let Some(arg) = args.next()? {
        match arg {
            Value(file) => files.push(file.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    tools::subcommand("mutants")?;
    no_reason_is_stale()?;
    let chosen: Vec<_> = files.into_iter().flat_map(|file| ["--re".to_owned(), format!("(^|/){file}:")]).collect();
    let mut fates = Fates::new();
    let mut failed = Ok(());
    for (package, slow) in PACKAGES {
        let folder = format!("{OUTPUT}/{package}");
        if fs::exists(&folder)? {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        for (skipped, again) in [(slow, None), (&[][..], Some("--iterate"))] {
            let mut command = cargo(["mutants", "--jobs=1", "--package", package, "--output", &folder]);
            command.args(again).args(&chosen).args(["--", "--tests", "--"]);
            command.args(skipped.iter().flat_map(|module| ["--skip", module]));
            // cargo-mutants builds in a copy of the project, whose files may look older than the
            // results in a shared target folder.
            command.env_remove("CARGO_TARGET_DIR");
            command.env("CARGO_PROFILE_DEV_DEBUG", "none");
            // The command also fails when a mutant survives. If the tests already fail without a
            // mutant, there are no results.
            let ended = run_command(&mut command);
            let told = fates_of(&folder)?;
            if ended.is_err() && told.is_empty() {
                failed = ended;
                break;
            }
            fates.extend(told);
        }
    }
    println!("\n{}", table(&fates, &explained(&chosen)?));
    failed?;
    let missed: Vec<_> = fates.iter().filter(|(_, fate)| *fate == "MissedMutant").map(|(name, _)| &**name).collect();
    if !missed.is_empty() {
        bail!("no test notices these: notice them, or give a reason in {SETTINGS}\n{}", missed.join("\n"));
    }
    Ok(())
}

/// Fails if a reason matches no mutant.
fn no_reason_is_stale() -> Result<()> {
    let settings: Table = fs::read_to_string(SETTINGS)?.parse()?;
    let reasons = settings.get("exclude_re").and_then(|reasons| reasons.as_array()).context("exclude_re is missing")?;
    // cargo-mutants lists deletions of a field with any filter, so the comparison is with the list
    // of a filter that matches nothing.
    let none = listed(&["--no-config", "--re", "^$"])?;
    for reason in reasons.iter().filter_map(|reason| reason.as_str()) {
        if listed(&["--no-config", "--re", reason])? == none {
            bail!("{SETTINGS} has a reason for what is no mutant: {reason}");
        }
    }
    Ok(())
}

fn listed(args: &[&str]) -> Result<BTreeSet<String>> {
    let packages = PACKAGES.iter().flat_map(|(package, _)| ["--package", package]);
    let list = printed(cargo(["mutants", "--list"]).args(packages).args(args))?;
    // The output may also report zero mutants.
    Ok(list.lines().filter(|line| line.contains(".rs:")).map(str::to_owned).collect())
}

/// Returns the mutants that have a reason.
fn explained(chosen: &[String]) -> Result<BTreeSet<String>> {
    let settings: Table = fs::read_to_string(SETTINGS)?.parse()?;
    let files = settings.get("examine_globs").and_then(|files| files.as_array()).context("examine_globs is missing")?;
    let files = files.iter().filter_map(|file| file.as_str()).flat_map(|file| ["--file", file]);
    let chosen: Vec<_> = chosen.iter().map(|arg| &**arg).collect();
    let all: Vec<_> = ["--no-config"].into_iter().chain(files).chain(chosen.iter().copied()).collect();
    Ok(&listed(&all)? - &listed(&chosen)?)
}

fn fates_of(folder: &str) -> Result<Fates> {
    let Ok(text) = fs::read_to_string(format!("{folder}/mutants.out/outcomes.json")) else { return Ok(Fates::new()) };
    let told: serde_json::Value = serde_json::from_str(&text)?;
    let outcomes =
        told.get("outcomes").and_then(serde_json::Value::as_array).context("cargo mutants tells no outcomes")?;
    let fates = outcomes.iter().filter_map(|outcome| {
        let name = outcome.pointer("/scenario/Mutant/name")?.as_str()?;
        Some((name.to_owned(), outcome.get("summary")?.as_str()?.to_owned()))
    });
    Ok(fates.collect())
}

fn table(fates: &Fates, explained: &BTreeSet<String>) -> String {
    const COLUMNS: [&str; 4] = ["CaughtMutant", "Timeout", "MissedMutant", "Unviable"];
    let mut rows: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
    let told = fates.iter().map(|(name, fate)| (name, COLUMNS.iter().position(|column| column == fate)));
    for (name, column) in told.chain(explained.iter().map(|name| (name, Some(4)))) {
        let file = name.split(':').next().unwrap_or_default();
        for row in [file, "together"] {
            if let Some(count) = column.and_then(|column| rows.entry(row).or_default().get_mut(column)) {
                *count += 1;
            }
        }
    }
    let mut table =
        format!("{:36} {:>7} {:>7} {:>7} {:>9} {:>9}\n", "", "caught", "timeout", "missed", "unviable", "explained");
    for (file, [caught, timeout, missed, unviable, explained]) in rows {
        table += &format!("{file:36} {caught:7} {timeout:7} {missed:7} {unviable:9} {explained:9}\n");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mutant_is_counted_in_its_file_and_in_all() {
        let fates = [("a.rs:1:2: x", "CaughtMutant"), ("a.rs:2:2: x", "MissedMutant"), ("b.rs:1:1: x", "Timeout")];
        let fates = fates.into_iter().map(|(name, fate)| (name.to_owned(), fate.to_owned())).collect();
        let table = table(&fates, &BTreeSet::from(["b.rs:3:3: y".to_owned()]));
        let rows: Vec<Vec<_>> = table.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[0], ["a.rs", "1", "0", "1", "0", "0"]);
        assert_eq!(rows[1], ["b.rs", "0", "1", "0", "0", "1"]);
        assert_eq!(rows[2], ["together", "1", "1", "1", "0", "1"]);
    }
}
