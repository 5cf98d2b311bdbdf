//! A registry in a folder: `.crate` files and an index, in the form that cargo's `local-registry`
//! reads. It replaces crates.io.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Dependency, MetadataCommand, Package};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::pack::{Packed, remove};

/// Writes our packages, and the packages that they need, as cargo downloaded them. Returns the path
/// of a configuration with which cargo uses the registry.
pub(super) fn write(packed: &Packed, workspace: &Path) -> Result<String> {
    let folder = packed.folder.join("registry");
    remove(&folder)?;
    let all = MetadataCommand::new().manifest_path(workspace.join("Cargo.toml")).exec()?.packages;
    for package in all.iter().filter(|package| *package.name != "app") {
        let ours = packed.crates.iter().find(|one| package.source.is_none() && one.name == *package.name);
        let file = ours.map_or_else(|| downloaded(package), |one| Ok(one.file.clone()))?;
        let copy = folder.join(file.file_name().context("a file without a name")?);
        let entry = entry(package, &fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
        let index = folder.join("index").join(index_path(&package.name));
        fs::create_dir_all(index.parent().context("a file without a folder")?)?;
        // Another version of the package may have an entry.
        let other = fs::read_to_string(&index).unwrap_or_default();
        fs::write(&index, format!("{other}{entry}\n"))?;
        fs::hard_link(&file, &copy).or_else(|_| fs::copy(&file, &copy).map(drop))?;
    }
    let config = packed.folder.join("registry.toml");
    let folder = folder.to_str().context("a path that is not text")?;
    let source =
        format!("[source.crates-io]\nreplace-with = \"packages\"\n\n[source.packages]\nlocal-registry = '{folder}'\n");
    fs::write(&config, source)?;
    Ok(config.to_string_lossy().into_owned())
}

/// Returns the file that cargo downloaded, which lies in `registry/cache` as its content does in
/// `registry/src`.
fn downloaded(package: &Package) -> Result<PathBuf> {
    let content = package.manifest_path.parent().context("a manifest without a folder")?;
    let registry = content.parent().context("a package outside a registry")?;
    let sources = registry.parent().filter(|folder| folder.ends_with("src"));
    let sources = sources.with_context(|| format!("{} does not come from a registry", package.name))?;
    let cache = sources.with_file_name("cache").join(registry.file_name().unwrap_or_default());
    let file = cache.join(format!("{}-{}.crate", package.name, package.version));
    ensure!(file.is_file(), "{file} is missing: run `cargo fetch`");
    Ok(file.into())
}

/// Returns the index's line for a package.
fn entry(package: &Package, content: &[u8]) -> Value {
    let checksum = Sha256::digest(content).iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02x}");
        text
    });
    json!({
        "name": package.name,
        "vers": package.version,
        "deps": package.dependencies.iter().map(dependency).collect::<Vec<_>>(),
        "cksum": checksum,
        "features": {},
        // Since version 2 of the format, `dep:` and `?` are allowed here.
        "features2": package.features,
        "yanked": false,
        "links": package.links,
        "rust_version": package.rust_version,
        "v": 2,
    })
}

fn dependency(dependency: &Dependency) -> Value {
    json!({
        "name": dependency.rename.as_ref().unwrap_or(&dependency.name),
        "package": dependency.rename.as_ref().map(|_| &dependency.name),
        "req": dependency.req,
        "features": dependency.features,
        "optional": dependency.optional,
        "default_features": dependency.uses_default_features,
        "target": dependency.target,
        "kind": dependency.kind,
        "registry": null,
    })
}

/// Returns where the index has the lines of a package.
fn index_path(name: &str) -> String {
    let name = name.to_lowercase();
    match (name.get(..2), name.get(2..4)) {
        (Some(first), Some(second)) => format!("{first}/{second}/{name}"),
        _ if name.len() == 3 => format!("3/{}/{name}", &name[..1]),
        _ => format!("{}/{name}", name.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_has_the_layout_of_cargo() {
        let paths = ["a", "cc", "log", "http", "birdhook-core"].map(index_path);
        assert_eq!(paths, ["1/a", "2/cc", "3/l/log", "ht/tp/http", "bi/rd/birdhook-core"]);
    }
}
