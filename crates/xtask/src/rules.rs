//! Rules for the workspace: which package may depend on which, that every package inherits the
//! lints, and that every test file is compiled.

mod tables;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, MetadataCommand, Package, Target};
use toml::Table;

use crate::process::cargo;
use crate::step::Outcome;
use tables::{MAY_NEED, NOT_IN_CORE};

pub(crate) fn check() -> Result<Outcome> {
    let mut broken = Vec::new();
    for (name, _) in built("birdhook-core", &["--all-features"])? {
        if NOT_IN_CORE.split_whitespace().any(|rule| matches(rule, &name)) {
            broken.push(format!("not in birdhook-core: {name}; `cargo tree -p birdhook-core -i {name}` shows why"));
        }
    }
    let metadata = MetadataCommand::new().no_deps().exec()?;
    let layers = metadata.workspace_root.join("crates");
    for package in published()?.iter().filter(|package| package.manifest_path.starts_with(&layers)) {
        broken.extend(wrong_ways(&package.name, declared(package)));
    }
    if !forbids_unsafe(&manifest("Cargo.toml")?) {
        broken.push("the workspace's lints do not forbid unsafe_code".to_owned());
    }
    for package in metadata.workspace_packages() {
        if !inherits_lints(&manifest(package.manifest_path.as_str())?) {
            broken.push(format!("{} lacks `[lints] workspace = true`", package.name));
        }
        for target in package.targets.iter().filter(|target| target.is_test() && target.src_path.ends_with("main.rs")) {
            broken.extend(undeclared(target.src_path.as_std_path())?);
        }
    }
    match broken.len() {
        0 => Ok(Outcome::Passed(format!("{} packages", metadata.workspace_packages().len()))),
        _ => bail!("{}", broken.join("; ")),
    }
}

/// Returns the published packages that have a library.
pub(crate) fn libraries() -> Result<Vec<Package>> {
    Ok(published()?.into_iter().filter(|package| package.targets.iter().any(Target::is_lib)).collect())
}

/// Returns the names of the published packages, each after those that it may need.
pub(crate) fn layers() -> Vec<String> {
    let full = |name: &str| if name == "birdhook" { name.to_owned() } else { format!("birdhook-{name}") };
    MAY_NEED.iter().map(|(name, _)| full(name)).collect()
}

pub(crate) fn published() -> Result<Vec<Package>> {
    let members = MetadataCommand::new().no_deps().exec()?.packages;
    Ok(members.into_iter().filter(|package| package.publish.as_ref().is_none_or(|to| !to.is_empty())).collect())
}

/// Returns the names and versions of everything that is built into a package on any target.
///
/// `cargo metadata` resolves the whole workspace at once, so it would also count features that
/// other members enable, such as the logging that actix-web enables in jiff.
pub(crate) fn built(package: &str, features: &[&str]) -> Result<BTreeSet<(String, String)>> {
    let mut tree = cargo(["tree", "--package", package, "--edges=normal,build", "--target=all", "--prefix=none"]);
    let output = tree.arg("--format={p}").args(features).output()?;
    if !output.status.success() {
        bail!("cargo tree: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let read = |line: &str| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    };
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(read).collect())
}

/// Matches a name. A final `*` in the rule matches any ending.
fn matches(rule: &str, name: &str) -> bool {
    rule.strip_suffix('*').map_or(rule == name, |start| name.starts_with(start))
}

/// Returns the dependencies that a package declares, with any feature, without those of its tests.
fn declared(package: &Package) -> impl Iterator<Item = &str> {
    let needed = package.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
    needed.map(|dependency| &*dependency.name)
}

/// Returns the dependencies of a package on our own packages that violate the layers.
fn wrong_ways<'a>(package: &'a str, needs: impl Iterator<Item = &'a str>) -> Vec<String> {
    let short = |name: &'a str| name.strip_prefix("birdhook-").unwrap_or(name);
    let Some((_, allowed)) = MAY_NEED.iter().find(|(name, _)| *name == short(package)) else {
        return vec![format!("{package} is not in the table MAY_NEED of crates/xtask/src/rules/tables.rs: add it")];
    };
    let wrong = needs.filter(|name| name.starts_with("birdhook") && !allowed.split(' ').any(|one| one == short(name)));
    wrong.map(|name| format!("{package} must not depend on {name}")).collect()
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

/// Reads a manifest, or another file of TOML.
pub(crate) fn manifest(path: impl AsRef<Path>) -> Result<Table> {
    let path = path.as_ref();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse().with_context(|| format!("cannot parse {}", path.display()))
}

fn inherits_lints(manifest: &Table) -> bool {
    manifest.get("lints").and_then(|lints| lints.get("workspace")?.as_bool()).unwrap_or(false)
}

fn forbids_unsafe(root: &Table) -> bool {
    let lints = root.get("workspace").and_then(|workspace| workspace.get("lints")?.get("rust"));
    lints.and_then(|rust| rust.get("unsafe_code")?.as_str()) == Some("forbid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_whole_unless_the_rule_has_a_star() {
        assert!(matches("http", "http") && !matches("http", "httpdate") && !matches("time", "time-core"));
        assert!(matches("axum*", "axum-core") && !matches("axum*", "max"));
    }

    #[test]
    fn dependencies_against_the_layers_are_found() {
        let wrong = |package, needs: &[&'static str]| wrong_ways(package, needs.iter().copied());
        assert!(wrong("birdhook", &["birdhook-core", "birdhook-axum", "serde"]).is_empty());
        let told = wrong("birdhook-core", &["birdhook-pipeline", "serde", "birdhook-fork"]);
        assert_eq!(
            told,
            ["birdhook-core must not depend on birdhook-pipeline", "birdhook-core must not depend on birdhook-fork"]
        );
        assert!(wrong("birdhook-new", &[])[0].starts_with("birdhook-new is not in the table"));
    }

    /// Each line may name only earlier lines, so the table cannot contain a cycle.
    #[test]
    fn the_table_is_in_order() {
        for (at, (name, allowed)) in MAY_NEED.iter().enumerate() {
            for ask in allowed.split_whitespace() {
                assert!(MAY_NEED[..at].iter().any(|(earlier, _)| *earlier == ask), "{name} may need {ask}");
            }
        }
    }

    #[test]
    fn lints_must_be_inherited_and_forbid_unsafe_code() {
        let table = |text: &str| text.parse::<Table>().unwrap();
        assert!(inherits_lints(&table("[package]\nname = \"a\"\n[lints]\nworkspace = true")));
        for bad in ["[package]\nname = \"a\"", "[lints]\nworkspace = false", "[lints.rust]\nunsafe_code = \"forbid\""] {
            assert!(!inherits_lints(&table(bad)), "{bad}");
        }
        assert!(forbids_unsafe(&table("[workspace.lints.rust]\nunsafe_code = \"forbid\"")));
        for bad in
            ["[workspace]", "[workspace.lints.rust]\nunsafe_code = \"deny\"", "[lints.rust]\nunsafe_code = \"forbid\""]
        {
            assert!(!forbids_unsafe(&table(bad)), "{bad}");
        }
    }

    #[test]
    fn a_test_file_that_is_not_declared_is_found() {
        let folder = std::env::temp_dir().join(format!("birdhook-rules-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let root = folder.join("main.rs");
        for (name, text) in
            [("main.rs", "//! Tests.\n\nmod keys;\n"), ("keys.rs", ""), ("orphan.rs", ""), ("a.json", "")]
        {
            fs::write(folder.join(name), text).unwrap();
        }
        let broken = undeclared(&root).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert!(matches!(&broken[..], [one] if one.ends_with("lacks `mod orphan;`")), "{broken:?}");
    }

    #[test]
    fn this_workspace_is_read_without_the_dependencies_of_tests() {
        let core = built("birdhook-core", &[]).unwrap();
        let has = |of: &str| core.iter().any(|(name, _)| name == of);
        assert!(has("bytes") && has("serde_core") && !has("proptest"), "{core:?}");
        let packages = published().unwrap();
        let of = |name: &str| packages.iter().find(|package| *package.name == name).map(declared).into_iter().flatten();
        assert!(of("birdhook-pipeline").any(|name| name == "birdhook-core"));
        assert!(of("birdhook-core").all(|name| name != "proptest"));
        assert!(!packages.iter().any(|package| *package.name == "xtask"));
    }
}
