//! Checks of dependencies and of the public API: `cargo xtask supply`.

mod api;
mod versions;

use std::process::Command;

use anyhow::{Context, Result, bail};

pub(crate) use api::write;

use crate::process::{cargo, printed, run, succeeds};
use crate::rules;
use crate::step::{Outcome, Step, step};
use crate::tools::{DENY, SEMVER_CHECKS, pinned};

/// The workspaces. `fuzz` has its own.
const MANIFESTS: [&str; 2] = ["Cargo.toml", "fuzz/Cargo.toml"];

/// The parts of the step `supply`, in order. Their minutes are those of the step.
pub(crate) const PARTS: &[Step] = &[
    step("lock", 0.0, "the lock files are current", lock),
    step("floors", 0.0, "no manifest accepts a version that deny.toml bans", versions::floors),
    step("msrv", 0.0, "no dependency needs a newer Rust than the package that uses it", versions::msrv),
    step("deny", 0.0, "bans, licences and sources of deny.toml", deny),
    step("advisories", 0.0, "no dependency has an advisory", advisories),
    step("minimums", 0.0, "the oldest versions that the manifests accept build", versions::minimums),
    step("api", 0.0, "the public API of each library is as listed", api::check),
    step("external", 0.0, "public APIs show only allowed types of other crates", api::external),
];

fn lock() -> Result<Outcome> {
    for manifest in MANIFESTS {
        // `--locked` fails if a manifest requires something that the lock file does not contain.
        printed(&mut cargo(["metadata", "--locked", "--format-version=1", "--manifest-path", manifest]))
            .with_context(|| format!("the lock file beside {manifest} is not current: build, and commit it"))?;
    }
    // The cargo that ran this program has already updated the workspace's lock file. The update
    // shows only in a fresh clone.
    if std::env::var_os("CI").is_some() {
        run(Command::new("git").args(["diff", "--exit-code", "--stat", "HEAD", "--", "Cargo.lock", "fuzz/Cargo.lock"]))
            .context("cargo had to change a lock file: commit it as it is now")?;
    }
    Ok(Outcome::Passed(String::new()))
}

fn cargo_deny(manifest: &str, checks: &str) -> Result<()> {
    let mut command = pinned(DENY)?;
    command.args(["--manifest-path", manifest, "--locked", "--config", "deny.toml", "check"]);
    run(command.args(checks.split(' ')))
        .with_context(|| format!("cargo deny rejects what {manifest} builds on: see above"))
}

/// Runs the checks that need no database.
fn deny() -> Result<Outcome> {
    // One file serves both workspaces, so an entry that only the other one uses is not an error.
    let checks = "--hide-inclusion-graph bans licenses sources --allow=license-exception-not-encountered";
    let of_fuzz = format!("{checks} --allow=unmatched-skip --allow=license-not-encountered");
    let [own, fuzz] = MANIFESTS;
    let (own, fuzz) = (cargo_deny(own, checks), cargo_deny(fuzz, &of_fuzz));
    own.and(fuzz).map(|()| Outcome::Passed(String::new()))
}

fn advisories() -> Result<Outcome> {
    if !succeeds(pinned(DENY)?.args(["--config", "deny.toml", "fetch", "db"])) {
        let note = "its database cannot be fetched; deny.toml bans what was known when it was last edited";
        return Ok(Outcome::Skipped(note.to_owned()));
    }
    for manifest in MANIFESTS {
        cargo_deny(manifest, "--disable-fetch advisories")?;
    }
    Ok(Outcome::Passed(String::new()))
}

#[derive(clap::Args)]
pub(crate) struct Semver {
    /// Defaults to the newest tag, or to the last commit without one.
    revision: Option<String>,
    #[arg(short, long = "package", value_name = "PACKAGE")]
    packages: Vec<String>,
}

/// Finds changes of the public API that break users of an older revision.
pub(crate) fn semver(options: &Semver) -> Result<()> {
    let newest_tag = || printed(Command::new("git").args(["describe", "--tags", "--abbrev=0"])).ok();
    let revision = options.revision.clone().or_else(newest_tag).unwrap_or_else(|| "HEAD".to_owned());
    let libraries: Vec<_> = rules::libraries()?.iter().map(|package| package.name.to_string()).collect();
    if let Some(unknown) = options.packages.iter().find(|name| !libraries.contains(name)) {
        bail!("unknown library {unknown}: expected one of {}", libraries.join(", "));
    }
    let chosen = if options.packages.is_empty() { &libraries } else { &options.packages };
    let mut command = pinned(SEMVER_CHECKS)?;
    command.args(["check-release", "--all-features", "--baseline-rev", revision.trim()]);
    run(command.args(chosen.iter().flat_map(|name| ["--package", name])))
        .with_context(|| format!("the API differs from that at {revision}, or cannot be compared"))
}
