//! The steps of a release, and what it lacks: `cargo xtask release --dry-run`.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::{DependencyKind, Package};

use crate::process::printed;
use crate::{package, rules};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Print the release and what it lacks. Nothing is published.
    #[arg(long, required = true)]
    dry_run: bool,
}

/// Packages the crates and prints the release. Fails if something is missing.
pub(crate) fn run(options: &Options) -> Result<()> {
    ensure!(options.dry_run, "only --dry-run is available: crates are published by hand");
    let packages = in_order()?;
    let version = packages.first().context("no crate is published")?.version.to_string();
    let packed = package::pack()?;
    println!("\nversion {version}, tag v{version}\n\ncrates, in the order of their publication:");
    for (package, number) in packages.iter().zip(1..) {
        let sizes = packed.table.iter().find(|line| line.split(' ').next() == Some(package.name.as_str()));
        println!("{number:4}. {}", sizes.map_or("", String::as_str));
    }

    let changelog = fs::read_to_string("CHANGELOG.md")?;
    let section = section(&changelog, &version);
    println!(
        "\nchangelog:\n{}",
        section.or_else(|| self::section(&changelog, "Unreleased")).unwrap_or_default().trim()
    );

    let names: Vec<_> = packages.iter().map(|package| format!("-p {}", package.name)).collect();
    println!("\nchecks and commands:");
    println!("  cargo xtask ci");
    println!("  cargo xtask semver");
    println!("  git tag -a v{version} -m 'birdhook {version}' && git push origin v{version}");
    println!("  cargo publish --manifest-path target/packages/stage/Cargo.toml --allow-dirty {}", names.join(" "));

    let mut missing: Vec<_> = packages.iter().flat_map(lacks).collect();
    missing.extend(out_of_order(&packages));
    missing.extend(packages.iter().filter(|one| one.version.to_string() != version).map(|one| {
        format!("{} has version {}, not {version}: set workspace.package.version alone", one.name, one.version)
    }));
    if package::repository()?.is_none() {
        missing.push("Cargo.toml has no workspace.package.repository: the owner sets the address".to_owned());
    }
    if section.is_none() {
        missing.push(format!("CHANGELOG.md has no section [{version}]: move the entries of Unreleased there"));
    }
    let tag = format!("v{version}");
    let has_tag = |args: &[&str]| {
        Ok::<_, anyhow::Error>(printed(Command::new("git").arg("tag").args(args))?.lines().any(|line| line == tag))
    };
    if has_tag(&["--list"])? && !has_tag(&["--points-at", "HEAD"])? {
        missing.push(format!("the tag {tag} is at another commit: set a higher workspace.package.version"));
    }
    if !printed(Command::new("git").args(["status", "--porcelain"]))?.trim().is_empty() {
        missing.push("the checkout has uncommitted changes".to_owned());
    }
    if missing.is_empty() {
        println!("\nnothing is missing");
        return Ok(());
    }
    println!("\nmissing:");
    missing.iter().for_each(|line| println!("  {line}"));
    bail!("not ready for the release of {version}: {} missing", missing.len())
}

/// Returns the published packages, each after those that it needs.
fn in_order() -> Result<Vec<Package>> {
    let mut packages = rules::published()?;
    let order = rules::layers();
    packages.sort_by_key(|package| order.iter().position(|name| *name == *package.name));
    Ok(packages)
}

/// Returns what crates.io requires or shows, and a package's manifest lacks.
fn lacks(package: &Package) -> Vec<String> {
    let name = package.name.as_str();
    let documentation = format!("https://docs.rs/{name}");
    let checks = [
        (package.description.is_some(), "a description"),
        (package.license.is_some(), "a licence"),
        (package.readme.is_some(), "a README"),
        (package.documentation.as_ref() == Some(&documentation), "the address of its documentation"),
        ((1..=5).contains(&package.keywords.len()), "one to five keywords"),
        (package.keywords.iter().all(|keyword| keyword.len() <= 20), "keywords of at most 20 characters"),
        ((1..=5).contains(&package.categories.len()), "one to five categories"),
        (package.rust_version.is_some(), "a rust-version"),
    ];
    checks.iter().filter(|(is_there, _)| !is_there).map(|(_, what)| format!("{name} lacks {what}")).collect()
}

/// Returns the packages that are published before one that they need. A development dependency
/// without a version is not part of the package.
fn out_of_order(packages: &[Package]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (at, package) in packages.iter().enumerate() {
        for needed in &package.dependencies {
            let is_dropped = needed.kind == DependencyKind::Development && needed.req.comparators.is_empty();
            let later = packages.iter().skip(at).any(|other| *other.name == needed.name);
            if later && !is_dropped {
                wrong.push(format!("{} needs {}, which is published later", package.name, needed.name));
            }
        }
    }
    wrong
}

/// Returns the text of a version's section in the changelog.
fn section<'a>(changelog: &'a str, version: &str) -> Option<&'a str> {
    let (_, rest) = changelog.split_once(&format!("\n## [{version}]"))?;
    let (_, text) = rest.split_once('\n')?;
    Some(text.split_once("\n## [").map_or(text, |(text, _)| text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_at_the_next_version() {
        let changelog =
            "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2027-01-01\n\n### Added\n\n- b\n\n## [0.1.0]\n- a\n";
        assert_eq!(section(changelog, "0.2.0").unwrap().trim(), "### Added\n\n- b");
        assert_eq!(section(changelog, "0.1.0").unwrap().trim(), "- a");
        assert_eq!(section(changelog, "Unreleased").unwrap().trim(), "");
        assert_eq!(section(changelog, "0.3.0"), None);
    }

    #[test]
    fn manifests_are_complete_and_each_crate_comes_after_those_that_it_needs() {
        let packages = in_order().unwrap();
        assert_eq!(packages.iter().flat_map(lacks).collect::<Vec<_>>(), Vec::<String>::new());
        assert_eq!(out_of_order(&packages), Vec::<String>::new());
        let reversed: Vec<_> = packages.into_iter().rev().collect();
        assert!(
            out_of_order(&reversed)
                .contains(&"birdhook-tower needs birdhook-pipeline, which is published later".to_owned())
        );
    }

    #[test]
    fn a_manifest_without_a_readme_is_reported() {
        let mut package = in_order().unwrap().swap_remove(0);
        package.readme = None;
        package.keywords.clear();
        assert_eq!(lacks(&package), ["birdhook-core lacks a README", "birdhook-core lacks one to five keywords"]);
    }
}
