//! Compiles the Rust code of the README and the guides, each block as a package of its own with
//! exactly the dependencies that the page states above it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::process::{cargo, run};
use crate::step::Outcome;
use crate::tools;

/// The path under which the pages name a checkout of this repository.
const CHECKOUT: &str = "../birdhook/";

pub(crate) struct Snippet {
    /// The page and the line at which the code begins, as the name of a package.
    name: String,
    pub(crate) dependencies: String,
    pub(crate) code: String,
}

pub(crate) fn check() -> Result<Outcome> {
    let mut pages: Vec<PathBuf> = fs::read_dir("docs/guide")?.map(|page| Ok(page?.path())).collect::<Result<_>>()?;
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.push("README.md".into());
    pages.sort();
    let snippets = snippets(&pages)?;
    let folder = tools::target_folder()?.join("guides");
    let root = std::env::current_dir()?;
    write_packages(&folder, &root, &snippets)?;
    for Snippet { name, .. } in &snippets {
        // One package at a time: a workspace would join the features that they ask for.
        let mut check = cargo(["check", "--all-targets", "--quiet", "--package", name]);
        run(check.current_dir(&folder).env("RUSTFLAGS", "-A warnings"))
            .with_context(|| format!("the code of {name} does not compile as a package of its own"))?;
    }
    Ok(Outcome::Passed(format!("{} packages", snippets.len())))
}

/// Returns the pages' code, each block with the dependencies that the page states above it.
pub(crate) fn snippets(pages: &[PathBuf]) -> Result<Vec<Snippet>> {
    let mut snippets = Vec::new();
    for page in pages {
        let text = fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()))?;
        let stem = page.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
        let mut dependencies = None;
        for (line, language, code) in blocks(&text) {
            match language.split(',').next() {
                Some("toml") if code.contains("dependencies]\n") => dependencies = Some(code),
                // An excerpt of an example is compiled with the example.
                Some("rust") if !language.contains("ignore") || is_test(&code) => {
                    let missing = || format!("{}:{line}: no dependencies are stated above this code", page.display());
                    let dependencies = dependencies.clone().with_context(missing)?;
                    snippets.push(Snippet { name: format!("{stem}-line-{line}"), dependencies, code });
                }
                _ => {}
            }
        }
    }
    ensure!(!snippets.is_empty(), "the pages hold no code");
    Ok(snippets)
}

/// Returns the fenced blocks of a page: line, language, and text.
pub(crate) fn blocks(text: &str) -> Vec<(usize, &str, String)> {
    let (mut blocks, mut open) = (Vec::new(), None::<(usize, &str, String)>);
    for (line, text) in (1..).zip(text.lines()) {
        match (text.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => open = Some((line, language, String::new())),
            (None, Some((_, _, code))) => {
                code.push_str(text);
                code.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

fn write_packages(folder: &Path, root: &Path, snippets: &[Snippet]) -> Result<()> {
    // Packages of earlier runs; their builds stay.
    let packages = folder.join("packages");
    if packages.exists() {
        fs::remove_dir_all(&packages)?;
    }
    fs::create_dir_all(&packages)?;
    fs::write(folder.join("Cargo.toml"), "[workspace]\nresolver = \"3\"\nmembers = [\"packages/*\"]\n")?;
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    for Snippet { name, dependencies, code } in snippets {
        let package = packages.join(name);
        let mut manifest = format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n\n");
        manifest += &dependencies.replace(CHECKOUT, &format!("{}/", root.display()));
        let code = visible(code);
        let source = if is_test(&code) { "tests/snippet.rs" } else { "src/main.rs" };
        if is_test(&code) {
            write(&package.join("src/lib.rs"), "")?;
        }
        write(&package.join("Cargo.toml"), &manifest)?;
        write(&package.join(source), &code)?;
    }
    Ok(())
}

/// Returns the code as rustdoc compiles it: with the lines that it hides, and with a `main`.
fn visible(code: &str) -> String {
    let lines = code
        .lines()
        .map(|line| line.strip_prefix("# ").or(line.strip_prefix("#").filter(|rest| rest.is_empty())).unwrap_or(line));
    let code = lines.fold(String::new(), |mut code, line| {
        let _ = writeln!(code, "{line}");
        code
    });
    if code.contains("fn main()") || is_test(&code) { code } else { format!("{code}\nfn main() {{}}\n") }
}

fn is_test(code: &str) -> bool {
    code.contains("#[test]") || code.contains("#[tokio::test]")
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(path.parent().context("a path without a folder")?)?;
    Ok(fs::write(path, text)?)
}
