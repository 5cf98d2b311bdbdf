//! A copy of the checkout, in which manifests and READMEs name the repository. Crates are packaged
//! from it: the address is stated once, in `workspace.package.repository`, and cargo offers no way
//! to inherit a value that may be missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use cargo_metadata::Package;

use super::pack::remove;
use crate::links::{self, Link};
use crate::process::printed;
use crate::rules::manifest;

/// Returns the repository's address, once the workspace's manifest has one.
pub(crate) fn repository() -> Result<Option<String>> {
    let root = manifest("Cargo.toml")?;
    let address = root.get("workspace").and_then(|workspace| workspace.get("package")?.get("repository")?.as_str());
    Ok(address.map(|address| address.trim_end_matches('/').to_owned()))
}

/// Writes the copy, and returns its folder.
pub(super) fn write(folder: &Path, packages: &[Package]) -> Result<PathBuf> {
    let stage = folder.join("stage");
    remove(&stage)?;
    let listed = printed(Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    for name in listed.lines().filter(|name| Path::new(name).is_file()) {
        let copy = stage.join(name);
        fs::create_dir_all(copy.parent().context("a file without a folder")?)?;
        // Replaces a link by the file behind it.
        fs::copy(name, copy).with_context(|| format!("cannot copy {name}"))?;
    }
    let Some(repository) = repository()? else { return Ok(stage) };
    let root = std::env::current_dir()?.canonicalize()?;
    for package in packages {
        let manifest = package.manifest_path.canonicalize()?;
        let manifest = stage.join(manifest.strip_prefix(&root)?);
        fs::write(&manifest, with_addresses(&fs::read_to_string(&manifest)?, &repository)?)?;
        let readme = manifest.with_file_name("README.md");
        // A tag's pages do not change.
        let pages = format!("{repository}/blob/v{}/", package.version);
        fs::write(
            &readme,
            links::rewrite(&fs::read_to_string(&readme)?, |target| Link::To(format!("{pages}{target}"))),
        )?;
    }
    Ok(stage)
}

/// Adds the addresses to a package's manifest.
fn with_addresses(manifest: &str, repository: &str) -> Result<String> {
    const BEFORE: &str = "license.workspace = true\n";
    ensure!(manifest.contains(BEFORE), "a manifest does not inherit the licence:\n{manifest}");
    let lines = format!("{BEFORE}repository = \"{repository}\"\nhomepage = \"{repository}\"\n");
    Ok(manifest.replacen(BEFORE, &lines, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_get_the_addresses_once() {
        let manifest = "[package]\nname = \"a\"\nlicense.workspace = true\n\n[lints]\nworkspace = true\n";
        let with = with_addresses(manifest, "https://host.example/x").unwrap();
        let table: toml::Table = with.parse().unwrap();
        assert_eq!(table["package"]["repository"].as_str(), Some("https://host.example/x"));
        assert_eq!(table["package"]["homepage"].as_str(), Some("https://host.example/x"));
        assert!(with_addresses("[package]\n", "https://host.example/x").is_err());
    }
}
