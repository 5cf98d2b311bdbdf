//! Instruction counts of the paths of the core and the pipeline, by valgrind: a check for
//! regressions that does not need a quiet machine.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use toml::Table;

use crate::process::{cargo, printed};
use crate::step::Outcome;
use crate::tools;

const FILE: &str = "crates/benches/instructions.txt";
const AGAIN: &str = "`cargo xtask instructions --write` replaces it";
/// The tolerated change, in percent.
const TOLERANCE: u64 = 3;
const HEAD: &str = "\
# What paths of birdhook cost, as valgrind counts it. `cargo xtask ci instructions` fails when a figure rises by more than 3 %;
# `cargo xtask instructions --write` writes this file anew. Its processor has no SHA instructions, so that whatever signs a body
# costs more here than in life.
";
const WITH: &str = "# Counted with ";
const FIGURES: [&str; 3] = ["instructions", "allocations", "bytes allocated"];

/// The instructions, allocations and allocated bytes of each path, in the order of the benches.
type Costs = Vec<(String, [u64; 3])>;

/// Counts, and compares the result with the file.
pub(crate) fn check() -> Result<Outcome> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(Outcome::Skipped(format!("{FILE} was counted on Linux on x86-64")));
    }
    let (with, counted) = count()?;
    let file = fs::read_to_string(FILE).with_context(|| format!("cannot read {FILE}"))?;
    let (worse, better) = changes(&read(&file)?, &counted);
    worse.iter().chain(&better).for_each(|change| println!("{change}"));
    let mut note = format!("{} paths", counted.len());
    if !file.lines().any(|line| line.strip_prefix(WITH) == Some(&with)) {
        // Printed even on success, because the compiler alone can explain a change.
        note += &format!("; counted with {with}, the file with other tools");
    }
    if let Some(first) = worse.first() {
        bail!("{first}; {} in all; {note}; if that is meant, {AGAIN}", worse.len());
    }
    if !better.is_empty() {
        note += &format!("; {} became cheaper than in {FILE}: {AGAIN}", better.len());
    }
    Ok(Outcome::Passed(note))
}

/// Counts, and rewrites the file.
pub(crate) fn write() -> Result<()> {
    let (with, costs) = count()?;
    let text = written(&with, &costs);
    fs::write(FILE, &text).with_context(|| format!("cannot write {FILE}"))?;
    println!("\n{text}\nwritten to {FILE}");
    Ok(())
}

/// Returns the versions of the tools, and the costs.
fn count() -> Result<(String, Costs)> {
    tools::program("valgrind", "valgrind")?;
    // gungraun's runner must be of the version that the benches are compiled with.
    let lock: Table = fs::read_to_string("Cargo.lock")?.parse()?;
    let packages = lock.get("package").and_then(toml::Value::as_array).into_iter().flatten();
    let text = |package: &toml::Value, name: &str| package.get(name)?.as_str().map(str::to_owned);
    let runner = packages.filter(|package| text(package, "name").as_deref() == Some("gungraun-runner"));
    let version = runner.filter_map(|package| text(package, "version")).next();
    let runner = tools::pinned(("gungraun-runner", &version.context("Cargo.lock has no gungraun-runner")?))?;
    let mut command = cargo(["bench", "-p", "birdhook-core", "-p", "birdhook-pipeline", "--bench", "instructions"]);
    command.env("GUNGRAUN_RUNNER", runner.get_program()).args(["--", "--output-format=json"]);
    let costs: Costs =
        printed(&mut command)?.lines().filter(|line| line.starts_with('{')).map(cost).collect::<Result<_>>()?;
    if costs.is_empty() {
        bail!("nothing was counted");
    }
    let version = |program: &str| {
        let text = printed(Command::new(program).arg("--version"))?;
        anyhow::Ok(text.lines().next().unwrap_or_default().trim().to_owned())
    };
    Ok(([version("rustc")?, version("valgrind")?, version("ldd")?].join(", "), costs))
}

/// Parses one line of gungraun's output.
fn cost(line: &str) -> Result<(String, [u64; 3])> {
    let summary: Value = serde_json::from_str(line).context("gungraun prints something new")?;
    let text =
        |name: &str| summary.get(name).and_then(Value::as_str).with_context(|| format!("gungraun reports no {name}"));
    let package = text("package_dir")?.rsplit('/').next().unwrap_or_default();
    let path = format!("{package} {} {}", text("function_name")?, text("id")?);
    let figure = |name: &str| {
        let mut profiles = summary.get("profiles").and_then(Value::as_array).into_iter().flatten();
        let found = profiles.find_map(|one| one.pointer(&format!("/data/total/metrics/{name}/values/new"))?.as_u64());
        found.with_context(|| format!("gungraun reports no {name} of {path}"))
    };
    let cost = [figure("Ir")?, figure("TotalBlocks")?, figure("TotalBytes")?];
    Ok((path.clone(), cost))
}

fn read(text: &str) -> Result<Costs> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let cost = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        let (path, figures) = words.split_last_chunk::<3>().filter(|(path, _)| !path.is_empty())?;
        let [instructions, allocations, bytes] = figures.map(|figure| figure.parse().ok());
        Some((path.join(" "), [instructions?, allocations?, bytes?]))
    };
    lines.map(|line| cost(line).with_context(|| format!("{FILE}: not a path and three numbers: {line}"))).collect()
}

fn written(with: &str, costs: &Costs) -> String {
    let width = costs.iter().map(|(path, _)| path.len()).max().unwrap_or_default();
    let mut text =
        format!("{HEAD}{WITH}{with}\n#\n# {:1$} instructions allocations  bytes\n", "path", width.max(2) - 2);
    for (path, [instructions, allocations, bytes]) in costs {
        _ = writeln!(text, "{path:width$} {instructions:12} {allocations:11} {bytes:6}");
    }
    text
}

/// Returns what became worse and better, in words.
fn changes(kept: &Costs, counted: &Costs) -> (Vec<String>, Vec<String>) {
    let (mut worse, mut better) = (Vec::new(), Vec::new());
    let mut kept: BTreeMap<_, _> = kept.iter().map(|(path, cost)| (path, cost)).collect();
    for (path, new) in counted {
        let Some(old) = kept.remove(path) else {
            worse.push(format!("{path} is not in the file"));
            continue;
        };
        for ((old, new), what) in old.iter().zip(new).zip(FIGURES) {
            let percent = (*new as f64 / *old as f64 - 1.0) * 100.0;
            let percent = if *old == 0 { String::new() } else { format!(" ({percent:+.1} %)") };
            let change = format!("{path}: {old} -> {new} {what}{percent}");
            if new * 100 > old * (100 + TOLERANCE) {
                worse.push(change);
            } else if new * 100 < old * (100 - TOLERANCE) {
                better.push(change);
            }
        }
    }
    worse.extend(kept.keys().map(|path| format!("{path} is in the file, and was not counted")));
    (worse, better)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(costs: &[(&str, [u64; 3])]) -> Costs {
        costs.iter().map(|(path, cost)| ((*path).to_owned(), *cost)).collect()
    }

    #[test]
    fn a_cost_is_read_from_a_line_of_the_runner() {
        let line = r#"{"function_name":"restore","id":"aaa_6k","package_dir":"crates/core","profiles":[
            {"tool":"Callgrind","data":{"total":{"metrics":{"Ir":{"values":{"new":75045,"old":1}}}}}},
            {"tool":"DHAT","data":{"total":{"metrics":{"TotalBlocks":{"values":{"new":10}},"TotalBytes":{"values":{"new":1716}}}}}}]}"#;
        assert_eq!(cost(line).unwrap(), ("core restore aaa_6k".to_owned(), [75_045, 10, 1716]));
        assert!(cost("{}").is_err() && cost("Running benches").is_err());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let kept = costs(&[("core restore aaa_6k", [75_045, 10, 1716]), ("core key", [7089, 0, 0])]);
        assert_eq!(read(&written("rustc 1.95.0, valgrind-3.19.0", &kept)).unwrap(), kept);
        for bad in ["core restore", "1 2 3", "core restore 1 2 -3"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let file = include_str!("../../benches/instructions.txt");
        let with = file.lines().find_map(|line| line.strip_prefix(WITH)).unwrap();
        assert_eq!(written(with, &read(file).unwrap()), file);
    }

    #[test]
    fn only_more_than_the_tolerance_is_reported() {
        let kept = costs(&[("a", [1000, 10, 200])]);
        let changes = |figures| changes(&kept, &costs(&[("a", figures)]));
        assert_eq!(changes([1030, 10, 206]), Default::default());
        assert_eq!(changes([970, 10, 194]), Default::default());
        let (worse, better) = changes([1031, 11, 100]);
        assert_eq!(worse, ["a: 1000 -> 1031 instructions (+3.1 %)", "a: 10 -> 11 allocations (+10.0 %)"]);
        assert_eq!(better, ["a: 200 -> 100 bytes allocated (-50.0 %)"]);
    }

    #[test]
    fn first_allocations_and_paths_that_come_and_go_are_reported() {
        let (worse, _) = changes(&costs(&[("a", [9, 0, 0])]), &costs(&[("a", [9, 1, 8])]));
        assert_eq!(worse, ["a: 0 -> 1 allocations", "a: 0 -> 8 bytes allocated"]);
        let (worse, _) = changes(&costs(&[("a", [1, 1, 1])]), &costs(&[("b", [1, 1, 1])]));
        assert_eq!(worse, ["b is not in the file", "a is in the file, and was not counted"]);
    }
}
