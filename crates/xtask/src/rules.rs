//! Rules for the workspace: which package may depend on which, that every package inherits the
//! lints, and that every test file is compiled.

mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, Target};
use toml::Table;

use crate::process::cargo;
use crate::steps::Outcome;
use tables::{MAY_NEED, NOT_IN_CORE};

/// The direct dependencies of each package, by name.
type Needs = BTreeMap<String, BTreeSet<String>>;

pub(crate) fn check() -> Result<Outcome> {
    let metadata = MetadataCommand::new().no_deps().exec()?;
    let mut broken = kept_out(&resolved("birdhook-core")?, "birdhook-core", NOT_IN_CORE);
    broken.extend(wrong_ways(&declared(&metadata), MAY_NEED));
    let root = manifest("Cargo.toml")?;
    broken.extend((!forbids_unsafe(&root)).then(|| "the workspace's lints do not forbid unsafe_code".to_owned()));
    for package in metadata.workspace_packages() {
        if !inherits_lints(&manifest(package.manifest_path.as_str())?) {
            broken.push(format!("{} lacks `[lints] workspace = true`", package.name));
        }
    }
    for target in metadata.workspace_packages().iter().flat_map(|package| &package.targets) {
        if target.is_test() && target.src_path.ends_with("main.rs") {
            broken.extend(undeclared(target.src_path.as_std_path())?);
        }
    }
    if broken.is_empty() {
        return Ok(Outcome::Passed(format!("{} packages", metadata.workspace_packages().len())));
    }
    broken.iter().for_each(|rule| println!("{rule}"));
    bail!("{}", broken.join("; "))
}

/// Returns the names of the published library packages.
pub(crate) fn libraries() -> Result<Vec<String>> {
    let libraries = published()?.into_iter().filter(|package| package.targets.iter().any(Target::is_lib));
    Ok(libraries.map(|package| package.name.to_string()).collect())
}

/// Returns all published packages.
pub(crate) fn published() -> Result<Vec<Package>> {
    let members = MetadataCommand::new().no_deps().exec()?.packages;
    Ok(members.into_iter().filter(is_published).collect())
}

fn is_published(package: &Package) -> bool {
    package.publish.as_ref().is_none_or(|to| !to.is_empty())
}

/// Returns everything that is built into `package` on any target.
///
/// `cargo metadata` resolves the whole workspace at once, so it would also count features that
/// other members enable, such as the logging that actix-web enables in jiff.
fn resolved(package: &str) -> Result<Needs> {
    let mut tree = cargo(["tree", "--package", package, "--all-features", "--edges=normal,build", "--target=all"]);
    let output = tree.args(["--prefix=depth", "--format= {p}"]).output()?;
    if !output.status.success() {
        bail!("cargo tree: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    read_tree(&String::from_utf8_lossy(&output.stdout)).context("cargo tree printed something new")
}

/// Parses lines of a depth and a name. A package needs those that follow it one level deeper.
fn read_tree(tree: &str) -> Option<Needs> {
    let mut needs = Needs::new();
    let mut way: Vec<&str> = Vec::new();
    for line in tree.lines() {
        let mut words = line.split(' ');
        way.truncate(words.next()?.parse().ok()?);
        let name = words.next()?;
        if let Some(&parent) = way.last() {
            needs.entry(parent.to_owned()).or_default().insert(name.to_owned());
        }
        way.push(name);
    }
    Some(needs)
}

/// Returns the dependencies that the packages of `crates/` declare, with any feature.
fn declared(metadata: &Metadata) -> Needs {
    let layers = metadata.workspace_root.join("crates");
    let is_ours = |package: &&&Package| package.manifest_path.starts_with(&layers) && is_published(package);
    let needs = |package: &Package| {
        let asked = package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
        asked.map(|dependency| dependency.name.clone()).collect()
    };
    let members = metadata.workspace_packages();
    members.iter().filter(is_ours).map(|package| (package.name.to_string(), needs(package))).collect()
}

/// Returns each denied dependency of `package`, direct or indirect, with the path that leads to it.
fn kept_out(needs: &Needs, package: &str, denied: &[&str]) -> Vec<String> {
    let is_denied = |name: &str| {
        denied.iter().any(|rule| rule.strip_suffix('*').map_or(*rule == name, |start| name.starts_with(start)))
    };
    let (mut broken, mut seen) = (Vec::new(), BTreeSet::from([package]));
    let mut ways = vec![vec![package]];
    while let Some(way) = ways.pop() {
        for name in way.last().and_then(|&last| needs.get(last)).into_iter().flatten() {
            if seen.insert(name) {
                let further: Vec<_> = way.iter().copied().chain([name.as_str()]).collect();
                broken.extend(is_denied(name).then(|| format!("not in {package}: {}", further.join(" -> "))));
                ways.push(further);
            }
        }
    }
    broken
}

/// Returns the dependencies between our own packages that violate the layers.
fn wrong_ways(needs: &Needs, table: &[(&str, &[&str])]) -> Vec<String> {
    let mut broken = Vec::new();
    for (package, asks) in needs {
        let Some((_, allowed)) = table.iter().find(|(name, _)| name == package) else {
            broken.push(format!("{package} is not in the table MAY_NEED of crates/xtask/src/rules/tables.rs: add it"));
            continue;
        };
        let ours = asks.iter().filter(|name| needs.contains_key(*name) || name.starts_with("birdhook"));
        let wrong = ours.filter(|name| !allowed.contains(&name.as_str()));
        broken.extend(wrong.map(|name| format!("{package} must not depend on {name}")));
    }
    broken
}

/// Returns the files beside the root of a test binary that the root does not declare. Their tests
/// would never run.
fn undeclared(root: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(root)?;
    let declared: BTreeSet<_> =
        text.lines().filter_map(|line| line.trim().strip_prefix("mod ")?.strip_suffix(';')).collect();
    let mut broken = Vec::new();
    for entry in fs::read_dir(root.with_file_name(""))? {
        let path = entry?.path();
        let is_module = path.extension().is_some_and(|ending| ending == "rs") && path != root;
        if let Some(name) = path.file_stem().and_then(OsStr::to_str).filter(|_| is_module)
            && !declared.contains(name)
        {
            broken.push(format!("{} is not compiled: {} lacks `mod {name};`", path.display(), root.display()));
        }
    }
    Ok(broken)
}

fn manifest(path: &str) -> Result<Table> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    text.parse().with_context(|| format!("cannot parse {path}"))
}

fn inherits_lints(manifest: &Table) -> bool {
    manifest.get("lints").and_then(|lints| lints.get("workspace")?.as_bool()).unwrap_or(false)
}

fn forbids_unsafe(root: &Table) -> bool {
    let lints = root.get("workspace").and_then(|workspace| workspace.get("lints")?.get("rust"));
    lints.and_then(|rust| rust.get("unsafe_code")?.as_str()) == Some("forbid")
}

#[cfg(test)]
mod tests;
