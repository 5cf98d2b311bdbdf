//! Checks of the versions that the published manifests accept and promise.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::semver::{Comparator, Version, VersionReq};
use cargo_metadata::{MetadataCommand, Package};
use toml::{Table, Value};

use crate::process::{cargo, run};
use crate::rules::{built, manifest, published};
use crate::step::Outcome;
use crate::tools;

/// Checks that no manifest accepts a version that `deny.toml` bans. The bans apply to our lock
/// file, which users do not have.
pub(super) fn floors() -> Result<Outcome> {
    let floors = banned_below(&manifest("deny.toml")?)?;
    let (mut below, mut compared) = (Vec::new(), 0);
    for package in published()? {
        for dependency in &package.dependencies {
            for (_, floor) in floors.iter().filter(|(name, _)| *name == dependency.name) {
                compared += 1;
                if lowest(&dependency.req) < *floor {
                    below.push(format!("{}: {} {}, not {floor}", package.name, dependency.name, dependency.req));
                }
            }
        }
    }
    outcome(&below, format!("{} floors, {compared} requirements", floors.len()))
}

/// Returns the version below which `deny.toml` bans each crate.
fn banned_below(deny: &Table) -> Result<Vec<(String, Version)>> {
    let entries = deny.get("bans").and_then(|bans| bans.get("deny")?.as_array()).context("deny.toml bans nothing")?;
    let specs = entries.iter().filter_map(|entry| entry.get("crate")?.as_str()?.split_once(":<"));
    specs.map(|(name, floor)| Ok((name.to_owned(), floor.parse().context(name.to_owned())?))).collect()
}

/// Returns the lowest version that a requirement accepts. All of ours have the form `1.2.3`.
fn lowest(requirement: &VersionReq) -> Version {
    let of = |one: &Comparator| Version::new(one.major, one.minor.unwrap_or(0), one.patch.unwrap_or(0));
    requirement.comparators.iter().map(of).min().unwrap_or(Version::new(0, 0, 0))
}

/// Checks that the `rust-version` of a package is enough for everything that is built with it, by
/// the versions that the dependencies state.
pub(super) fn msrv() -> Result<Outcome> {
    let all = MetadataCommand::new().exec()?.packages;
    let stated = |p: Package| Some(((p.name.to_string(), p.version.to_string()), p.rust_version?));
    let stated: BTreeMap<_, _> = all.into_iter().filter_map(stated).collect();
    let mut newer = Vec::new();
    for package in published()? {
        let own = package.rust_version.clone().with_context(|| format!("{} states no rust-version", package.name))?;
        for one in built(&package.name, &["--all-features"])? {
            if let Some(version) = stated.get(&one).filter(|version| **version > own) {
                newer.push(format!("{}: {} {} needs Rust {version}, not {own}", package.name, one.0, one.1));
            }
        }
    }
    outcome(&newer, format!("{} stated versions", stated.len()))
}

/// Builds the published packages with the oldest direct dependencies that their manifests accept,
/// in a copy without the dependencies of their tests.
pub(super) fn minimums() -> Result<Outcome> {
    let folder = tools::target_folder()?.join("supply");
    let copy = folder.join("minimums");
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    let root = std::env::current_dir()?.canonicalize()?;
    let (mut workspace, mut members) = (manifest("Cargo.toml")?, Vec::new());
    for package in published()? {
        let from = package.manifest_path.parent().context("a manifest without a folder")?.canonicalize()?;
        let place = from.strip_prefix(&root)?;
        fs::create_dir_all(copy.join(place))?;
        run(Command::new("cp").arg("-R").arg(from.join("src")).arg(copy.join(place)))?;
        let mut own = manifest(from.join("Cargo.toml"))?;
        ["dev-dependencies", "bench", "test", "example"].iter().for_each(|part| _ = own.remove(*part));
        fs::write(copy.join(place).join("Cargo.toml"), own.to_string())?;
        members.push(Value::from(place.to_string_lossy().into_owned()));
    }
    let count = members.len();
    let table = workspace.get_mut("workspace").and_then(Value::as_table_mut).context("no workspace in Cargo.toml")?;
    table.insert("members".to_owned(), Value::from(members));
    fs::write(copy.join("Cargo.toml"), workspace.to_string())?;
    let mut resolve = cargo(["update", "--quiet", "-Zdirect-minimal-versions"]);
    // Lets the stable cargo use an unstable option. Only the choice of versions needs it.
    run(resolve.current_dir(&copy).env("RUSTC_BOOTSTRAP", "1"))
        .context("a manifest accepts a version that is too old")?;
    let mut build = cargo(["check", "--locked", "--workspace", "--all-features", "--target-dir"]);
    run(build.arg(folder.join("minimums-target")).current_dir(&copy))
        .context("the oldest versions do not build: raise the versions in the manifests")?;
    Ok(Outcome::Passed(format!("{count} packages")))
}

/// Fails if there are violations, and prints each.
fn outcome(broken: &[String], note: String) -> Result<Outcome> {
    broken.iter().for_each(|line| println!("{line}"));
    match broken.first() {
        None => Ok(Outcome::Passed(note)),
        Some(first) => bail!("{} violations, the first: {first}", broken.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_below_the_floor_is_found() {
        let deny = r#"bans.deny = [{ crate = "bytes:<1.11.1", reason = "an advisory" }, { crate = "sled" }]"#;
        let floors = banned_below(&deny.parse().unwrap()).unwrap();
        assert_eq!(floors, [("bytes".to_owned(), Version::new(1, 11, 1))]);
        for (requirement, is_below) in [("1", true), ("1.11", true), ("1.11.1", false), ("1.12", false), ("2", false)] {
            let lowest = lowest(&requirement.parse().unwrap());
            assert_eq!(lowest < floors[0].1, is_below, "{requirement}");
        }
    }
}
