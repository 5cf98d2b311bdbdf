//! Compares the public API of each library with a committed list, so that it does not change by
//! accident, and checks which types of other crates it shows.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};
use cargo_metadata::Package;
use public_api::PublicItem;
use serde_json::Value;

use crate::process::{cargo, run};
use crate::rules::libraries;
use crate::step::Outcome;
use crate::tools::{self, EXTERNAL_TYPES, pinned};

/// The list's file name, in the folder of the manifest.
const FILE: &str = "public-api.txt";
/// The version of rustdoc's format that `public-api` reads, in the version that our manifest names.
const FORMAT: u64 = 57;

pub(super) fn check() -> Result<Outcome> {
    let Some(libraries) = listed()? else { return Ok(Outcome::Skipped(other_format())) };
    let (mut changed, mut items) = (Vec::new(), 0);
    for (package, now) in &libraries {
        let kept = fs::read_to_string(package.manifest_path.with_file_name(FILE)).unwrap_or_default();
        let changes = changes(&kept, now);
        changes.iter().for_each(|line| println!("{}: {line}", package.name));
        items += now.lines().count();
        changed.extend((!changes.is_empty()).then(|| format!("{} ({})", package.name, changes.len())));
    }
    match changed.len() {
        0 => Ok(Outcome::Passed(format!("{} libraries, {items} items", libraries.len()))),
        _ => bail!(
            "the public API of {} has changed; if that is meant, `cargo xtask supply --write` replaces the lists",
            changed.join(", ")
        ),
    }
}

pub(crate) fn write() -> Result<()> {
    for (package, now) in listed()?.with_context(other_format)? {
        let path = package.manifest_path.with_file_name(FILE);
        fs::write(&path, &now).with_context(|| format!("cannot write {path}"))?;
        println!("{:6} items in {path}", now.lines().count());
    }
    Ok(())
}

/// Checks that public APIs show only those types of other crates that
/// `[package.metadata.cargo_check_external_types]` allows. A new major version of their crate
/// requires a new major version of ours.
pub(super) fn external() -> Result<Outcome> {
    let libraries = libraries()?;
    for package in &libraries {
        let mut command = pinned(EXTERNAL_TYPES)?;
        command.args(["--all-features", "--manifest-path", package.manifest_path.as_str()]);
        run(command.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", folder()?))?;
    }
    Ok(Outcome::Passed(format!("{} libraries", libraries.len())))
}

fn other_format() -> String {
    "this rustdoc writes another format than public-api of crates/xtask/Cargo.toml reads".to_owned()
}

/// Returns a folder for rustdoc's output, which must not mix with other builds.
fn folder() -> Result<std::path::PathBuf> {
    Ok(tools::target_folder()?.join("supply/api"))
}

/// Returns the API of each library, with all features: every item that users can name or rely on.
/// Returns `None` if rustdoc uses another version of the format.
fn listed() -> Result<Option<Vec<(Package, String)>>> {
    let (folder, libraries) = (folder()?, libraries()?);
    let mut command = cargo(["doc", "--no-deps", "--lib", "--all-features", "--target-dir"]);
    command.arg(&folder).args(libraries.iter().flat_map(|package| ["-p", &*package.name]));
    // Lets the stable compiler use an unstable option.
    command.env("RUSTC_BOOTSTRAP", "1").env("RUSTDOCFLAGS", "-Zunstable-options --output-format json");
    run(&mut command)?;
    let mut lists = Vec::new();
    for package in libraries {
        let json = folder.join("doc").join(format!("{}.json", package.name.replace('-', "_")));
        let text = fs::read(&json).with_context(|| format!("rustdoc wrote no {}", json.display()))?;
        let description: Value = serde_json::from_slice(&text)?;
        if description.get("format_version").and_then(Value::as_u64) != Some(FORMAT) {
            return Ok(None);
        }
        let at = |id: u32, place: &str| description.pointer(&format!("/index/{id}/inner/{place}"));
        // The functions of an implemented trait follow from the implementation.
        let is_implied = |item: &PublicItem| {
            let of_a_trait = item.parent_id().and_then(|id| at(id.0, "impl/trait"));
            of_a_trait.is_some_and(|of| !of.is_null()) && at(item.id().0, "function").is_some()
        };
        let api = public_api::Builder::from_rustdoc_json(&json).omit_blanket_impls(true).build()?;
        let items = api.items().filter(|item| !is_implied(item)).map(|item| format!("{item}\n"));
        let list = items.filter(|item| !goes_without_saying(item)).collect();
        lists.push((package, list));
    }
    Ok(Some(lists))
}

/// Returns whether the compiler derives the item for almost every type. Seven such lines per type
/// would hide the others. A missing or conditional implementation is an item.
fn goes_without_saying(item: &str) -> bool {
    let internal =
        "core::marker::Freeze core::marker::StructuralPartialEq core::marker::UnsafeUnpin pin_project_lite::__";
    // `Trait for Type` of `impl<T: Bound<T>> Trait for Type`.
    let name = item.split_once(" for ").map_or("", |(before, _)| before).rsplit(' ').next().unwrap_or_default();
    let is_mark = ["core::marker::", "core::panic::unwind_safe::"].iter().any(|mark| name.starts_with(mark));
    internal.split(' ').any(|name| item.contains(name))
        || is_mark && item.starts_with("impl") && !item.contains(" where ")
}

/// Returns the lines that only one of the lists contains. The order of lines does not matter.
fn changes(kept: &str, now: &str) -> Vec<String> {
    let (kept, now): (BTreeSet<_>, BTreeSet<_>) = (kept.lines().collect(), now.lines().collect());
    let gone = kept.difference(&now).map(|line| format!("- {line}"));
    gone.chain(now.difference(&kept).map(|line| format!("+ {line}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_gone_or_new_are_reported() {
        assert_eq!(changes("pub fn a()\npub fn b()\n", "pub fn b()\npub fn c()\n"), ["- pub fn a()", "+ pub fn c()"]);
        assert!(changes("pub fn a()\npub fn b()\n", "pub fn b()\npub fn a()\n").is_empty());
    }

    #[test]
    fn only_the_lack_of_send_is_listed() {
        assert!(goes_without_saying("impl core::marker::Send for a::Event"));
        assert!(goes_without_saying("impl<'a> core::panic::unwind_safe::UnwindSafe for a::Event<'a>"));
        assert!(goes_without_saying("impl !core::marker::Freeze for a::Event"));
        assert!(!goes_without_saying("impl !core::marker::Send for a::Event"));
        assert!(!goes_without_saying("impl<T> core::marker::Send for a::Queue<T> where T: core::marker::Send"));
        assert!(!goes_without_saying("impl core::clone::Clone for a::Event"));
        assert!(!goes_without_saying("impl<S: core::marker::Sync> a::Extract<S> for a::Event"));
    }
}
