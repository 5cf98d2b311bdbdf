//! Descriptions of the published libraries in rustdoc's JSON format.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use cargo_metadata::Target;
use serde_json::Value;

use super::installed::folder;
use crate::process::{cargo, run};
use crate::rules;

/// The format version that `public-api` reads, in the version that our manifest names.
const FORMAT: u64 = 57;

pub(super) const ANOTHER_FORMAT: &str =
    "this rustdoc describes libraries in another format than public-api of crates/xtask/Cargo.toml reads";

pub(super) struct Library {
    pub(super) package: String,
    /// The folder of its manifest.
    pub(super) folder: PathBuf,
    pub(super) json: PathBuf,
    /// The content of `[package.metadata]`.
    pub(super) metadata: Value,
}

impl Library {
    pub(super) fn description(&self) -> Result<Value> {
        let text = fs::read(&self.json).with_context(|| format!("rustdoc wrote no {}", self.json.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("cannot read {}", self.json.display()))
    }

    /// Returns every item that users can name or rely on.
    ///
    /// Omits auto traits such as `Send` and `Sync` that a type implements unconditionally. A
    /// missing or conditional implementation is an item.
    pub(super) fn items(&self) -> Result<Vec<public_api::PublicItem>> {
        let api = public_api::Builder::from_rustdoc_json(&self.json).omit_blanket_impls(true).build();
        let api = api.with_context(|| format!("public-api cannot read {}", self.json.display()))?;
        Ok(api.into_items().filter(|item| !goes_without_saying(&item.to_string())).collect())
    }
}

/// Runs rustdoc for the published libraries with all features. Returns `None` if rustdoc uses
/// another version of the format.
pub(super) fn described() -> Result<Option<Vec<Library>>> {
    let target = folder("api")?;
    let mut command = cargo(["doc", "--no-deps", "--lib", "--all-features", "--target-dir"]);
    command.arg(&target).env("RUSTDOCFLAGS", "-Zunstable-options --output-format json");
    // Lets the stable compiler use an unstable option.
    command.env("RUSTC_BOOTSTRAP", "1");
    let mut libraries = Vec::new();
    for package in rules::published()? {
        let Some(lib) = package.targets.iter().find(|target| Target::is_lib(target)) else { continue };
        command.args(["-p", &package.name]);
        libraries.push(Library {
            json: target.join("doc").join(format!("{}.json", lib.name.replace('-', "_"))),
            folder: package.manifest_path.parent().map(Into::into).unwrap_or_default(),
            package: package.name.to_string(),
            metadata: package.metadata,
        });
    }
    // Cargo looks for HTML output, so it would run rustdoc again on every call.
    static DESCRIBED: AtomicBool = AtomicBool::new(false);
    if !DESCRIBED.load(Ordering::Relaxed) {
        run(&mut command)?;
        DESCRIBED.store(true, Ordering::Relaxed);
    }
    let first = libraries.first().context("no library is published")?.description()?;
    Ok((first.get("format_version").and_then(Value::as_u64) == Some(FORMAT)).then_some(libraries))
}

/// Returns whether the compiler derives the item for almost every type. Seven such lines per type
/// would hide the others.
fn goes_without_saying(item: &str) -> bool {
    const MARKS: &[&str] = &["core::marker::", "core::panic::unwind_safe::"];
    const INTERNAL: &[&str] = &[
        "core::marker::Freeze",
        "core::marker::StructuralPartialEq",
        "core::marker::UnsafeUnpin",
        "pin_project_lite::__",
    ];
    let is_mark = implemented(item).is_some_and(|name| MARKS.iter().any(|mark| name.starts_with(mark)));
    INTERNAL.iter().any(|name| item.contains(name)) || is_mark && !item.contains(" where ")
}

/// Returns `Trait for Type` from `impl<T: Bound<T>> Trait for Type`.
fn implemented(item: &str) -> Option<&str> {
    let rest = item.strip_prefix("impl")?;
    let mut depth = 0;
    let end = rest.char_indices().find(|(_, character)| {
        depth += i32::from(*character == '<') - i32::from(*character == '>');
        depth == 0
    });
    rest.get(end?.0 + 1..).map(str::trim_start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lack_of_send_is_told() {
        assert!(goes_without_saying("impl core::marker::Send for a::Event"));
        assert!(goes_without_saying("impl<'a> core::panic::unwind_safe::UnwindSafe for a::Event<'a>"));
        assert!(goes_without_saying("impl !core::marker::Freeze for a::Event"));
        assert!(!goes_without_saying("impl !core::marker::Send for a::Event"));
        assert!(!goes_without_saying("impl<T> core::marker::Send for a::Queue<T> where T: core::marker::Send"));
        assert!(!goes_without_saying("impl core::clone::Clone for a::Event"));
        assert!(!goes_without_saying("impl<S: core::marker::Sync> a::Extract<S> for a::Event"));
    }
}
