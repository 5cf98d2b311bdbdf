//! Instruction counts of the paths of the core and the pipeline, by valgrind: a check for
//! regressions that does not need a quiet machine.

mod record;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use toml::Table;

use crate::process::{cargo, printed};
use crate::steps::Outcome;
use crate::tools;
use record::{Cost, Record};

const FILE: &str = "crates/benches/instructions.txt";
const AGAIN: &str = "if that is meant, write the file anew with `cargo xtask instructions --write`";

/// Counts, and compares the result with the file.
pub(crate) fn check() -> Result<Outcome> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        eprintln!("\n!!! NOT COUNTED: {FILE} is of Linux on x86-64, and nothing is known of what paths cost here\n");
        return Ok(Outcome::Skipped("counted on Linux on x86-64 only".to_owned()));
    }
    let counted = count()?;
    let kept = Record::read(&fs::read_to_string(FILE).unwrap_or_default()).with_context(|| FILE.to_owned())?;
    let changes = kept.compared_with(&counted);
    for change in changes.worse.iter().chain(&changes.better) {
        println!("{change}");
    }
    let mut note = format!("{} paths", counted.costs.len());
    if kept.with != counted.with {
        // Printed even on success, because the compiler alone can explain a change.
        note += &format!("; counted with {}, but the file with {}", counted.with, kept.with);
    }
    if let Some(first) = changes.worse.first() {
        bail!("{first}; {} in all; {note}; {AGAIN}", changes.worse.len());
    }
    if !changes.better.is_empty() {
        note += &format!(
            "; {} became cheaper: write {FILE} anew with `cargo xtask instructions --write`",
            changes.better.len()
        );
    }
    Ok(Outcome::Passed(note))
}

/// Counts, and rewrites the file.
pub(crate) fn write() -> Result<()> {
    let counted = count()?;
    fs::write(FILE, counted.to_string()).with_context(|| format!("cannot write {FILE}"))?;
    println!("\n{counted}\nwritten to {FILE}");
    Ok(())
}

fn count() -> Result<Record> {
    tools::valgrind()?;
    let runner = runner()?;
    let mut command = cargo(["bench", "-p", "birdhook-core", "-p", "birdhook-pipeline", "--bench", "instructions"]);
    let printed = printed(command.env("GUNGRAUN_RUNNER", runner).args(["--", "--output-format=json"]))?;
    let costs: Vec<_> = printed.lines().filter(|line| line.starts_with('{')).map(cost).collect::<Result<_>>()?;
    if costs.is_empty() {
        bail!("nothing was counted");
    }
    let with = [version("rustc"), version("valgrind"), version("ldd")].join(", ");
    Ok(Record { with, costs })
}

/// Returns the path of gungraun's runner, in the version that the benches are compiled with.
fn runner() -> Result<PathBuf> {
    let lock: Table = fs::read_to_string("Cargo.lock")?.parse()?;
    let packages = lock.get("package").and_then(toml::Value::as_array).into_iter().flatten();
    let is_it = |package: &&toml::Value| package.get("name").and_then(toml::Value::as_str) == Some("gungraun-runner");
    let version = packages.filter(is_it).find_map(|package| package.get("version")?.as_str());
    let version = version.context("Cargo.lock has no gungraun-runner")?;
    tools::pinned("gungraun-runner", version)
}

/// Parses one line of gungraun's output.
fn cost(line: &str) -> Result<(String, Cost)> {
    let summary: Value = serde_json::from_str(line).context("gungraun prints something new")?;
    let text =
        |name: &str| summary.get(name).and_then(Value::as_str).with_context(|| format!("gungraun tells no {name}"));
    let package = text("package_dir")?.rsplit('/').next().unwrap_or_default();
    let path = format!("{package} {} {}", text("function_name")?, text("id")?);
    let figure = |name: &str| {
        let mut profiles = summary.get("profiles").and_then(Value::as_array).into_iter().flatten();
        let found = profiles.find_map(|one| one.pointer(&format!("/data/total/metrics/{name}/values/new"))?.as_u64());
        found.with_context(|| format!("gungraun tells no {name} of {path}"))
    };
    let cost = Cost { instructions: figure("Ir")?, allocations: figure("TotalBlocks")?, bytes: figure("TotalBytes")? };
    Ok((path.clone(), cost))
}

/// Returns the first line of a program's `--version`.
fn version(program: &str) -> String {
    let output = Command::new(program).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_read_from_a_line_of_the_runner() {
        let line = r#"{"function_name":"restore","id":"aaa_6k","package_dir":"crates/core","profiles":[
            {"tool":"Callgrind","data":{"total":{"metrics":{"Ir":{"values":{"new":75045,"old":1}}}}}},
            {"tool":"DHAT","data":{"total":{"metrics":{"TotalBlocks":{"values":{"new":10}},"TotalBytes":{"values":{"new":1716}}}}}}]}"#;
        let (path, found) = cost(line).unwrap();
        assert_eq!(path, "core restore aaa_6k");
        assert_eq!(found, Cost { instructions: 75_045, allocations: 10, bytes: 1716 });
        assert!(cost("{}").is_err() && cost("Running benches").is_err());
    }
}
