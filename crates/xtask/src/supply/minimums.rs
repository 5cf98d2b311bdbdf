//! Builds the published packages with the oldest direct dependencies that their manifests accept.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::installed::folder;
use crate::process::{cargo, run};
use crate::rules;
use crate::steps::Outcome;

/// Runs in a copy, so that the committed lock file does not change.
pub(super) fn check() -> Result<Outcome> {
    let copy = folder("minimums")?;
    let count = lay_out(&copy)?;
    let mut resolve = cargo(["update", "--quiet", "-Zdirect-minimal-versions"]);
    // Lets the stable cargo use an unstable option. Only the choice of versions needs it.
    run(resolve.current_dir(&copy).env("RUSTC_BOOTSTRAP", "1")).context("a manifest asks for too old a version")?;
    let mut build = cargo(["check", "--locked", "--workspace", "--all-features", "--target-dir"]);
    build.arg(folder("minimums-target")?);
    run(build.current_dir(&copy)).context("the oldest versions do not build: raise what the manifests ask for")?;
    Ok(Outcome::Passed(format!("{count} packages")))
}

/// Copies the published packages, without the dependencies of their tests.
fn lay_out(copy: &Path) -> Result<usize> {
    if copy.exists() {
        fs::remove_dir_all(copy)?;
    }
    fs::create_dir_all(copy)?;
    let root = std::env::current_dir()?.canonicalize()?;
    let mut manifest = manifest(&root)?;
    let packages = rules::published()?;
    let mut members = Vec::new();
    for package in &packages {
        let from = package.manifest_path.parent().context("a manifest without a folder")?.canonicalize()?;
        let place = from.strip_prefix(&root)?;
        let mut own = self::manifest(&from)?;
        ["dev-dependencies", "bench", "test", "example"].iter().for_each(|part| _ = own.remove(*part));
        copied(&from.join("src"), &copy.join(place).join("src"))?;
        fs::write(copy.join(place).join("Cargo.toml"), own.to_string())?;
        members.push(Value::from(place.to_string_lossy().into_owned()));
    }
    if let Some(workspace) = manifest.get_mut("workspace").and_then(Value::as_table_mut) {
        workspace.insert("members".to_owned(), Value::from(members));
    }
    fs::write(copy.join("Cargo.toml"), manifest.to_string())?;
    // The crate documentation includes the README.
    fs::copy(root.join("README.md"), copy.join("README.md"))?;
    Ok(packages.len())
}

fn manifest(folder: &Path) -> Result<Table> {
    let path = folder.join("Cargo.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse().with_context(|| format!("cannot parse {}", path.display()))
}

fn copied(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (entry, path) = entry.map(|entry| (entry.file_name(), entry.path()))?;
        if path.is_dir() { copied(&path, &to.join(entry))? } else { _ = fs::copy(&path, to.join(entry))? }
    }
    Ok(())
}
