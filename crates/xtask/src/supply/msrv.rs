//! Checks that the `rust-version` of a package is enough for everything that is built with it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use cargo_metadata::semver::Version;
use cargo_metadata::{MetadataCommand, Package};

use crate::process::cargo;
use crate::rules;
use crate::steps::Outcome;

/// Features that need a newer Rust than their package, as its manifest documents.
const ASK_FOR_MORE: &[(&str, &str, &str)] = &[
    ("birdhook", "actix", "1.89.0"),
    ("birdhook", "client", "1.89.0"),
    ("birdhook", "nats", "1.89.0"),
    ("birdhook", "inbox", "1.90.0"),
];

/// The `rust-version` of each version of a package.
type Asked = BTreeMap<(String, String), Version>;

pub(super) fn check() -> Result<Outcome> {
    let all = MetadataCommand::new().exec()?.packages;
    let asked: Asked =
        all.into_iter().filter_map(|p| Some(((p.name.to_string(), p.version.to_string()), p.rust_version?))).collect();
    let (mut newer, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for package in rules::published()? {
        for (features, limit) in promises(&package)? {
            let built = built(&package.name, &features)?;
            newer.extend(too_new(&built, &asked, &limit).map(|one| format!("{} ({features}): {one}", package.name)));
            seen.extend(built);
        }
    }
    newer.iter().for_each(|line| println!("{line}"));
    match newer.first() {
        None => Ok(Outcome::Passed(format!("{} packages", seen.len()))),
        Some(first) => bail!("{} need a newer Rust than is promised, the first: {first}", newer.len()),
    }
}

/// Returns the features of a package with the Rust version that they must build with.
fn promises(package: &Package) -> Result<Vec<(String, Version)>> {
    let own = package.rust_version.clone().with_context(|| format!("{} states no rust-version", package.name))?;
    let more: Vec<_> = ASK_FOR_MORE.iter().filter(|(name, ..)| package.name == *name).collect();
    let others = package.features.keys().filter(|feature| !more.iter().any(|(_, one, _)| one == feature));
    let mut promises = vec![(others.cloned().collect::<Vec<_>>().join(","), own)];
    for (_, feature, version) in more {
        promises.push(((*feature).to_owned(), version.parse()?));
    }
    Ok(promises)
}

/// Returns the names and versions of everything that is built into a package on any target.
fn built(package: &str, features: &str) -> Result<Vec<(String, String)>> {
    let mut tree = cargo(["tree", "--package", package, "--no-default-features", "--features", features]);
    let output = tree.args(["--edges=normal,build", "--target=all", "--prefix=none", "--format={p}"]).output()?;
    if !output.status.success() {
        bail!("cargo tree: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let lines = String::from_utf8_lossy(&output.stdout);
    let read = |line: &str| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    };
    Ok(lines.lines().filter_map(read).collect::<BTreeSet<_>>().into_iter().collect())
}

fn too_new<'a>(
    built: &'a [(String, String)],
    asked: &'a Asked,
    limit: &'a Version,
) -> impl Iterator<Item = String> + 'a {
    built.iter().filter_map(move |one| {
        let version = asked.get(one).filter(|version| *version > limit)?;
        Some(format!("{} {} asks for Rust {version}, not {limit}", one.0, one.1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_more_than_is_promised_is_told() {
        let key = |name: &str| (name.to_owned(), "1.0.0".to_owned());
        let asked = Asked::from([(key("old"), Version::new(1, 88, 0)), (key("new"), Version::new(1, 88, 1))]);
        let built = [key("new"), key("old"), key("silent")];
        let told: Vec<_> = too_new(&built, &asked, &Version::new(1, 88, 0)).collect();
        assert_eq!(told, ["new 1.0.0 asks for Rust 1.88.1, not 1.88.0"]);
    }

    #[test]
    fn this_workspace_is_read() {
        let built = built("birdhook-core", "").unwrap();
        assert!(built.iter().any(|(name, _)| name == "bytes"), "{built:?}");
        assert!(!built.iter().any(|(name, _)| name == "proptest"), "a dev-dependency counts");
    }
}
