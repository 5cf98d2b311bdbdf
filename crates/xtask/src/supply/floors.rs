//! Checks that no manifest accepts a version that `deny.toml` bans.
//!
//! The bans apply to our lock file, which our users do not have: they may get any version that the
//! manifests accept.

use std::fs;

use anyhow::{Context, Result, bail};
use cargo_metadata::semver::{Comparator, Version, VersionReq};
use toml::{Table, Value};

use crate::rules;
use crate::steps::Outcome;

pub(super) fn check() -> Result<Outcome> {
    let floors = floors(&fs::read_to_string("deny.toml")?)?;
    let (mut below, mut compared) = (Vec::new(), 0);
    for package in rules::published()? {
        for dependency in &package.dependencies {
            for (_, floor) in floors.iter().filter(|(name, _)| *name == dependency.name) {
                compared += 1;
                if lowest(&dependency.req) < *floor {
                    below.push(format!("{}: {} {}, not {floor}", package.name, dependency.name, dependency.req));
                }
            }
        }
    }
    below.dedup();
    below.iter().for_each(|line| println!("{line}"));
    match below.first() {
        None => Ok(Outcome::Passed(format!("{} floors, {compared} requirements", floors.len()))),
        Some(first) => bail!("{} are content with a banned version, the first: {first}", below.len()),
    }
}

/// Returns the version below which `deny.toml` bans each crate.
fn floors(deny: &str) -> Result<Vec<(String, Version)>> {
    let deny: Table = deny.parse().context("cannot parse deny.toml")?;
    let entries = deny.get("bans").and_then(|bans| bans.get("deny")?.as_array()).context("deny.toml bans nothing")?;
    let specs = entries.iter().filter_map(|entry| entry.get("crate").and_then(Value::as_str));
    specs
        .filter_map(|spec| spec.split_once(":<"))
        .map(|(name, floor)| Ok((name.to_owned(), floor.parse().with_context(|| format!("{name}:<{floor}"))?)))
        .collect()
}

/// Returns the lowest version that a requirement accepts. All of ours have the form `1.2.3`.
fn lowest(requirement: &VersionReq) -> Version {
    let of = |one: &Comparator| Version::new(one.major, one.minor.unwrap_or(0), one.patch.unwrap_or(0));
    requirement.comparators.iter().map(of).min().unwrap_or(Version::new(0, 0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_below_the_floor_is_told_from_one_at_it() {
        let floors = floors(
            r#"bans.deny = [{ crate = "bytes:<1.11.1", reason = "an advisory" }, { crate = "sled", reason = "an alpha" }]"#,
        );
        let floors = floors.unwrap();
        assert_eq!(floors, [("bytes".to_owned(), Version::new(1, 11, 1))]);
        for (requirement, is_below) in [("1", true), ("1.11", true), ("1.11.1", false), ("1.12", false), ("2", false)] {
            let lowest = lowest(&requirement.parse().unwrap());
            assert_eq!(lowest < floors[0].1, is_below, "{requirement}");
        }
    }
}
