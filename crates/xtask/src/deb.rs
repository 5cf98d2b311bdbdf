//! The Debian package of the tool.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::package::quick_start;
use crate::process::{cargo, printed, run, succeeds};
use crate::rules;
use crate::step::Outcome;
use crate::testing::BUILT;
use crate::tools::{AUDITABLE, CYCLONEDX, DEB, pinned, target_folder};

/// The folder of the package and its SBOM, which `crates/cli/Cargo.toml` names too.
const FOLDER: &str = "target/deb";

#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Build an optimised tool that `cargo audit` can read, and write its SBOM.
    #[arg(long)]
    release: bool,
}

/// Builds the package, and returns its file.
pub(crate) fn build(options: &Options) -> Result<PathBuf> {
    let target = target_folder()?;
    let folder = Path::new(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let profile = if options.release {
        run(pinned(AUDITABLE)?.args(["build", "--release", "--locked", "-p", "birdhook-cli"]))?;
        "release"
    } else {
        // The one that the step `tests` built.
        run(cargo(["build", "--bin=birdhook"]).args(BUILT))?;
        "dev"
    };
    let tool = target.join(if options.release { "release" } else { "debug" }).join("birdhook");
    run(Command::new(&tool).arg("man").arg(folder.join("man")))?;
    fs::create_dir_all(folder.join("completions"))?;
    for shell in ["bash", "fish", "zsh"] {
        let completions = printed(Command::new(&tool).args(["completions", shell]))?;
        fs::write(folder.join("completions").join(shell), completions)?;
    }
    let mut deb = pinned(DEB)?;
    deb.args(["--package", "birdhook-cli", "--no-build", "--profile", profile, "--output", FOLDER]);
    run(&mut deb)?;
    if options.release {
        sbom(folder)?;
    }
    let files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let package = files.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "deb"));
    package.context("cargo deb wrote no package")
}

/// Writes the list of the crates in the tool.
fn sbom(folder: &Path) -> Result<()> {
    let mut cyclonedx = pinned(CYCLONEDX)?;
    cyclonedx.args(["--manifest-path", "crates/cli/Cargo.toml", "--format", "json", "--override-filename", "sbom"]);
    run(&mut cyclonedx)?;
    let of_the_tool = fs::read_to_string("crates/cli/sbom.json").context("cargo cyclonedx wrote no list")?;
    // It writes one file for each member of the workspace.
    for written in printed(Command::new("git").args(["ls-files", "--others", "--", "*/sbom.json"]))?.lines() {
        fs::remove_file(written)?;
    }
    // Paths of this machine are of no use to readers.
    let root = std::env::current_dir()?.canonicalize()?;
    let mut list = serde_json::from_str(&of_the_tool.replace(&*root.to_string_lossy(), ""))?;
    retain(&mut list, &rules::built("birdhook-cli", &[])?);
    fs::write(folder.join("birdhook.cdx.json"), serde_json::to_string_pretty(&list)?)?;
    Ok(())
}

/// Removes the crates that are not in `built`: the list has those of every member's features.
fn retain(list: &mut Value, built: &BTreeSet<(String, String)>) {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut kept = BTreeSet::from([text(list.pointer("/metadata/component").unwrap_or(&Value::Null), "bom-ref")]);
    let Some(components) = list.get_mut("components").and_then(Value::as_array_mut) else { return };
    components.retain(|one| built.contains(&(text(one, "name"), text(one, "version"))));
    kept.extend(components.iter().map(|one| text(one, "bom-ref")));
    let Some(dependencies) = list.get_mut("dependencies").and_then(Value::as_array_mut) else { return };
    dependencies.retain(|one| kept.contains(&text(one, "ref")));
    for on in dependencies.iter_mut().filter_map(|one| one.get_mut("dependsOn")?.as_array_mut()) {
        on.retain(|name| name.as_str().is_some_and(|name| kept.contains(name)));
    }
}

/// Installs the package in an empty root folder, runs the tool's quick start from it, and removes
/// it.
pub(crate) fn check() -> Result<Outcome> {
    if !cfg!(target_os = "linux") || !succeeds(Command::new("dpkg").arg("--version")) {
        return Ok(Outcome::Skipped("it needs dpkg".to_owned()));
    }
    if printed(Command::new("id").arg("-u"))?.trim() != "0" {
        return Ok(Outcome::Skipped("dpkg installs only for root".to_owned()));
    }
    let package = build(&Options::default())?;
    let root = std::path::absolute(FOLDER)?.join("root");
    for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "var/log"] {
        fs::create_dir_all(root.join(folder))?;
    }
    fs::write(root.join("var/lib/dpkg/status"), "")?;
    let dpkg = |args: &[&str]| {
        let mut dpkg = Command::new("dpkg");
        // The root has no libc, so the tool runs with this system's.
        dpkg.arg(format!("--root={}", root.display())).arg("--force-depends").args(args);
        dpkg
    };
    run(&mut dpkg(&["--install", package.to_str().context("a path that is not text")?]))?;
    let installed = files(&root, &root.join("var"))?;
    for needed in NEEDED {
        ensure!(installed.iter().any(|path| path.ends_with(needed)), "the package lacks {needed}: {installed:?}");
    }
    quick_start(&root.join("usr/bin/birdhook"))?;
    run(&mut dpkg(&["--purge", "birdhook"]))?;
    let left = files(&root, &root.join("var"))?;
    ensure!(left.is_empty(), "files are left after the removal: {left:?}");
    Ok(Outcome::Passed(format!("{} files", installed.len())))
}

/// Files that must be installed.
const NEEDED: [&str; 8] = [
    "etc/birdhook/birdhook.env",
    "usr/bin/birdhook",
    "usr/lib/systemd/system/birdhook.service",
    "usr/share/bash-completion/completions/birdhook",
    "usr/share/doc/birdhook/copyright",
    "usr/share/fish/vendor_completions.d/birdhook.fish",
    "usr/share/man/man1/birdhook-listen.1.gz",
    "usr/share/zsh/vendor-completions/_birdhook",
];

/// Returns the files in a folder, without those in `skipped`.
fn files(folder: &Path, skipped: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && path != skipped {
            files.extend(self::files(&path, skipped)?);
        } else if path != skipped {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_keeps_the_crates_of_the_tool_alone() {
        let component = |name: &str| serde_json::json!({ "name": name, "version": "1.0.0", "bom-ref": name });
        let mut list = serde_json::json!({
            "metadata": { "component": component("tool") },
            "components": [component("a"), component("b")],
            "dependencies": [{ "ref": "tool", "dependsOn": ["a", "b"] }, { "ref": "a" }, { "ref": "b", "dependsOn": ["a"] }],
        });
        retain(
            &mut list,
            &BTreeSet::from([("a".to_owned(), "1.0.0".to_owned()), ("b".to_owned(), "2.0.0".to_owned())]),
        );
        assert_eq!(list["components"], serde_json::json!([component("a")]));
        assert_eq!(list["dependencies"], serde_json::json!([{ "ref": "tool", "dependsOn": ["a"] }, { "ref": "a" }]));
    }
}
