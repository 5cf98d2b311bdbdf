//! Packages the published crates, and tests them as their users get them: compiled from the
//! packages, added to a new app, and installed from a registry.

mod pack;
mod quick_start;
mod registry;
mod stage;

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use toml::{Table, Value};

use crate::guides::{self, Snippet};
use crate::process::{cargo, run};
use crate::rules::manifest;
use crate::step::Outcome;
use crate::testing::count;
use crate::tools::target_folder;

pub(crate) use pack::{Packed, pack};
pub(crate) use quick_start::quick_start;
pub(crate) use stage::repository;

/// Compiles the packages in one workspace and runs their documentation tests there. Then builds the
/// README's app and installs the tool, offline, from a registry that holds the packages.
pub(crate) fn check() -> Result<Outcome> {
    let packed = pack()?;
    packed.table.iter().for_each(|line| println!("{line}"));
    let workspace = packed.folder.join("unpacked");
    write_workspace(&workspace, &packed)?;
    // The crates of others are the same as in this workspace, which has built them.
    let build = target_folder()?;
    let mut doctests = cargo(["test", "--doc", "--no-fail-fast", "--workspace", "--exclude=app", "--all-features"]);
    let counts = count(doctests.current_dir(&workspace).env("CARGO_TARGET_DIR", &build))
        .context("a package fails that passes in this workspace: does it lack a file or a dependency?")?;

    let registry = registry::write(&packed, &workspace)?;
    let offline = ["--offline", "--config", &registry];
    // The workspace compiles the crates of others without debug information. They are not compiled
    // again if they are the same here.
    let shared = [("CARGO_TARGET_DIR", build.as_os_str()), ("CARGO_PROFILE_DEV_DEBUG", OsStr::new("false"))];
    // Outside this workspace, as a user's app is.
    let outside = std::env::temp_dir().join(format!("birdhook-app-{}", std::process::id()));
    write_app(&outside, "")?;
    let mut add = cargo(command_of_readme("add")?);
    let added = run(add.arg("--quiet").args(offline).current_dir(&outside));
    let mut app = cargo(["build"]);
    let built = added.and_then(|()| run(app.args(offline).current_dir(&outside).envs(shared)));
    fs::remove_dir_all(&outside)?;
    built.context("the README's app does not build with the packages")?;

    let root = packed.folder.join("root");
    let mut install = cargo(command_of_readme("install")?);
    run(install.args(["--debug", "--force", "--root"]).arg(&root).args(offline).envs(shared))
        .context("the tool cannot be installed from its package")?;
    quick_start(&root.join("bin/birdhook"))?;
    Ok(Outcome::Passed(format!("{}, documentation tests: {counts}", packed.summary)))
}

/// Makes the unpacked packages and the README's app one workspace, with the locked versions.
fn write_workspace(folder: &Path, packed: &Packed) -> Result<()> {
    let path = |name: &str| Value::from(Table::from_iter([("path".to_owned(), Value::from(name))]));
    let patches: Table = packed.crates.iter().map(|one| (one.name.clone(), path(&one.full_name))).collect();
    let members = packed.crates.iter().map(|one| one.full_name.as_str()).chain(["app"]).map(Value::from);
    let workspace = Table::from_iter([
        ("resolver".to_owned(), Value::from("3")),
        ("members".to_owned(), Value::from(members.collect::<Vec<_>>())),
    ]);
    let patch = Table::from_iter([("crates-io".to_owned(), Value::from(patches))]);
    let mut root =
        Table::from_iter([("workspace".to_owned(), Value::from(workspace)), ("patch".to_owned(), Value::from(patch))]);
    let profile = manifest("Cargo.toml")?.remove("profile").context("Cargo.toml has no profile")?;
    root.insert("profile".to_owned(), profile);
    fs::write(folder.join("Cargo.toml"), root.to_string())?;
    fs::copy("Cargo.lock", folder.join("Cargo.lock"))?;
    write_app(&folder.join("app"), "birdhook = \"0.1\"\n")
}

/// Writes an app with the dependencies and the code of the README. `birdhook` replaces the line with
/// the checkout, which the README names until the crates are published.
fn write_app(folder: &Path, birdhook: &str) -> Result<()> {
    let Snippet { dependencies, code, .. } = guides::snippets(&["README.md".into()])?.swap_remove(0);
    let checkout = "birdhook = { path = \"../birdhook/crates/birdhook\" }\n";
    ensure!(dependencies.contains(checkout), "the README's dependencies do not name a checkout: {dependencies}");
    let dependencies = dependencies.replace(checkout, birdhook);
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/main.rs"), code)?;
    let manifest = format!("[package]\nname = \"app\"\nedition = \"2024\"\n\n{dependencies}");
    fs::write(folder.join("Cargo.toml"), manifest)?;
    Ok(())
}

/// Returns the arguments of the README's command `cargo VERB ...`.
fn command_of_readme(verb: &str) -> Result<Vec<String>> {
    let readme = fs::read_to_string("README.md")?;
    let start = format!("cargo {verb} birdhook");
    let line = readme.lines().find(|line| line.starts_with(&start));
    let words = line.and_then(|line| line.split('#').next()).with_context(|| format!("README.md lacks `{start}`"))?;
    Ok(words.split_whitespace().skip(1).map(str::to_owned).collect())
}
