//! Line coverage of the core by its tests and the fuzz corpora: `cargo xtask coverage`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::{cargo, printed, succeeds};
use crate::tools;

const PACKAGE: &str = "birdhook-core";
/// The minimum line coverage of the core, in percent.
const LEAST: f64 = 95.0;

/// A source file and its covered lines.
struct File {
    name: String,
    run: u64,
    lines: u64,
}

impl File {
    fn percent(&self) -> f64 {
        if self.lines == 0 { 100.0 } else { self.run as f64 * 100.0 / self.lines as f64 }
    }
}

/// Runs the core's tests, prints the coverage of each file, and fails below the minimum.
pub(crate) fn check() -> Result<String> {
    let [profdata, cov] = readers()?;
    tools::subcommand("llvm-cov")?;
    let mut command = cargo(["llvm-cov", "--package", PACKAGE, "--json", "--summary-only", "--color=never"]);
    let report = printed(command.env("LLVM_PROFDATA", profdata).env("LLVM_COV", cov))?;
    // The output of the tests precedes the JSON.
    let json = report.lines().find(|line| line.starts_with("{\"")).context("cargo llvm-cov prints no JSON")?;
    let files = read(json).context("cargo llvm-cov prints something new")?;
    let (table, total) = told(&files);
    println!("\n{table}");
    let note = format!("{:.1} % of {} lines of {PACKAGE}", total.percent(), total.lines);
    if total.percent() < LEAST { bail!("{note}, and {LEAST} % must be run") } else { Ok(note) }
}

/// Returns the source files of the core, without its tests.
fn read(json: &str) -> Option<Vec<File>> {
    let report: Value = serde_json::from_str(json).ok()?;
    let mut files = Vec::new();
    for file in report.pointer("/data/0/files")?.as_array()? {
        let Some((_, name)) = file.get("filename")?.as_str()?.rsplit_once("crates/core/src/") else { continue };
        let lines = file.pointer("/summary/lines")?;
        let number = |name: &str| lines.get(name)?.as_u64();
        files.push(File { name: name.to_owned(), run: number("covered")?, lines: number("count")? });
    }
    (!files.is_empty()).then_some(files)
}

/// Returns a table of the files, lowest coverage first, and the total.
fn told(files: &[File]) -> (String, File) {
    let mut sorted: Vec<&File> = files.iter().collect();
    sorted.sort_by(|one, other| one.percent().total_cmp(&other.percent()).then_with(|| one.name.cmp(&other.name)));
    let sum = |of: fn(&File) -> u64| files.iter().map(of).sum();
    let total = File { name: "all".to_owned(), run: sum(|file| file.run), lines: sum(|file| file.lines) };
    let mut table = String::new();
    for file in sorted.into_iter().chain([&total]) {
        let _ = writeln!(table, "{:24} {:5} of {:5}  {:5.1} %", file.name, file.run, file.lines, file.percent());
    }
    (table, total)
}

/// Returns the paths of `llvm-profdata` and `llvm-cov`, from rustup or from the system.
///
/// Both must be of rustc's LLVM version, because no other reads its profiles.
fn readers() -> Result<[PathBuf; 2]> {
    const NAMES: [&str; 2] = ["llvm-profdata", "llvm-cov"];
    let works = |tools: &[PathBuf; 2]| {
        tools.iter().all(|tool| succeeds(Command::new(tool).arg("--version")) || shows_help(tool))
    };
    let of_rustup = || -> Option<[PathBuf; 2]> {
        let libraries = Command::new("rustc").args(["--print", "target-libdir"]).output().ok()?;
        let folder = PathBuf::from(String::from_utf8_lossy(&libraries.stdout).trim()).parent()?.join("bin");
        Some(NAMES.map(|name| folder.join(name)))
    };
    if let Some(tools) = of_rustup().filter(works) {
        return Ok(tools);
    }
    let version = Command::new("rustc").arg("-vV").output().context("cannot run rustc")?;
    let major = llvm(&String::from_utf8_lossy(&version.stdout)).context("rustc does not say which LLVM it has")?;
    let of_system = NAMES.map(|name| PathBuf::from(format!("{name}-{major}")));
    if works(&of_system) {
        return Ok(of_system);
    }
    if succeeds(Command::new("rustup").args(["component", "add", "llvm-tools"]))
        && let Some(tools) = of_rustup().filter(works)
    {
        return Ok(tools);
    }
    tools::debian(&format!("llvm-{major}")).with_context(|| {
        format!("the profiles of rustc are read by LLVM {major}: run `rustup component add llvm-tools`, or install llvm-{major}")
    })?;
    Ok(of_system)
}

/// Returns whether `show --help` works: `llvm-profdata` has `--version` only since LLVM 18.
fn shows_help(tool: &Path) -> bool {
    succeeds(Command::new(tool).args(["show", "--help"]))
}

/// Parses the major version from `LLVM version: 22.1.2`.
fn llvm(version: &str) -> Option<u32> {
    version.lines().find_map(|line| line.strip_prefix("LLVM version: "))?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_the_core_are_read_and_no_others() {
        let file = |name: &str, run: u64| {
            format!(r#"{{"filename":"/x/{name}","summary":{{"lines":{{"count":10,"covered":{run}}}}}}}"#)
        };
        let files =
            [("crates/core/src/wire/value.rs", 9), ("crates/core/tests/keys.rs", 1), ("crates/core/src/a.rs", 10)];
        let files: Vec<_> = files.iter().map(|(name, run)| file(name, *run)).collect();
        let json = format!(r#"{{"data":[{{"files":[{}],"totals":{{}}}}]}}"#, files.join(","));
        let (table, total) = told(&read(&json).unwrap());
        assert_eq!((total.run, total.lines), (19, 20));
        assert!(table.starts_with("wire/value.rs") && !table.contains("keys.rs"), "{table}");
        assert!(read(r#"{"data":[{"files":[]}]}"#).is_none());
    }

    #[test]
    fn the_version_of_llvm_is_read() {
        assert_eq!(llvm("rustc 1.95.0\nrelease: 1.95.0\nLLVM version: 22.1.2\n"), Some(22));
        assert_eq!(llvm("rustc 1.95.0"), None);
    }
}
