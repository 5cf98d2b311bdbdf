//! The libraries as rustdoc describes them in JSON.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use cargo_metadata::Target;
use serde_json::Value;

use super::installed::folder;
use crate::process::{cargo, run};
use crate::rules;

/// The version of the description that the crate `public-api` reads, of the version that our manifest names.
const FORMAT: u64 = 57;

pub(super) const ANOTHER_FORMAT: &str =
    "this rustdoc describes libraries in another format than public-api of crates/xtask/Cargo.toml reads";

pub(super) struct Library {
    pub(super) package: String,
    /// Of its manifest.
    pub(super) folder: PathBuf,
    pub(super) json: PathBuf,
    /// `[package.metadata]`.
    pub(super) metadata: Value,
}

impl Library {
    pub(super) fn description(&self) -> Result<Value> {
        let text = fs::read(&self.json).with_context(|| format!("rustdoc wrote no {}", self.json.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("cannot read {}", self.json.display()))
    }

    /// Every item that its users can name or rely on. That a type is `Send`, `Sync` and so on goes without saying; that it
    /// is not, or only sometimes, is an item.
    pub(super) fn items(&self) -> Result<Vec<public_api::PublicItem>> {
        let api = public_api::Builder::from_rustdoc_json(&self.json).omit_blanket_impls(true).build();
        let api = api.with_context(|| format!("public-api cannot read {}", self.json.display()))?;
        Ok(api.into_items().filter(|item| !goes_without_saying(&item.to_string())).collect())
    }
}

/// Has the published libraries described, all features on; nothing where rustdoc has another format.
pub(super) fn described() -> Result<Option<Vec<Library>>> {
    let target = folder("api")?;
    let mut command = cargo(["doc", "--no-deps", "--lib", "--all-features", "--target-dir"]);
    command.arg(&target).env("RUSTDOCFLAGS", "-Zunstable-options --output-format json");
    // For the stable compiler, which has that format too.
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
    // Cargo looks for HTML, and so would have it done anew each time.
    static DESCRIBED: AtomicBool = AtomicBool::new(false);
    if !DESCRIBED.load(Ordering::Relaxed) {
        run(&mut command)?;
        DESCRIBED.store(true, Ordering::Relaxed);
    }
    let first = libraries.first().context("no library is published")?.description()?;
    Ok((first.get("format_version").and_then(Value::as_u64) == Some(FORMAT)).then_some(libraries))
}

/// What the compiler finds out of almost every type: seven lines for each would hide the others.
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

/// `Trait for Type` of `impl<T: Bound<T>> Trait for Type`.
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
