//! The site: the README, the guide, the reference and the design as an mdBook.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::links::{self, Link};
use crate::package::repository;
use crate::process::{printed, run};
use crate::step::Outcome;
use crate::tools::{MDBOOK, lychee, pinned};

/// The parts of the site, with their pages in order. A folder stands for its other pages.
const PARTS: &[(&str, &[&str])] = &[
    (
        "Guide",
        &[
            "docs/guide/getting-started.md",
            "docs/guide/events.md",
            "docs/guide/handlers.md",
            "docs/guide/servers.md",
            "docs/guide/testing.md",
            "docs/guide/doctor.md",
            "docs/guide/inbox.md",
            "docs/guide/postgres.md",
            "docs/guide/gateway.md",
            "docs/guide/scale.md",
            "docs/guide/migration.md",
            "docs/guide/operations.md",
            "docs/guide/rotation.md",
            "docs/guide/runbook.md",
            "docs/guide/bot.md",
            "docs/guide",
        ],
    ),
    ("Command line", &["docs/cli/README.md", "docs/cli"]),
    ("Reference", &["docs/activity.md", "docs/protocol.md", "docs/glossary.md", "docs/versions.md"]),
    (
        "About birdhook",
        &[
            "docs/design.md",
            "docs/reliability.md",
            "docs/reliability",
            "fuzz/README.md",
            "docs/performance.md",
            "docs/peers.md",
            "SECURITY.md",
            "CONTRIBUTING.md",
            "CHANGELOG.md",
        ],
    ),
];
const FIRST: &str = "README.md";
const FOLDER: &str = "target/book";

/// Builds the site and follows every link in it. Links to other sites are not followed.
pub(crate) fn check() -> Result<Outcome> {
    let (site, pages) = build()?;
    let mut lychee = match lychee() {
        Ok(lychee) => lychee,
        Err(error) if std::env::var_os("CI").is_none() => {
            return Ok(Outcome::Skipped(format!("links are not checked: {error:#}")));
        }
        Err(error) => return Err(error),
    };
    // The links of the last one are relative to the page that is missing.
    lychee.args(["--offline", "--include-fragments", "--no-progress", "--exclude-path=404.html"]);
    run(lychee.arg(site)).context("links lead nowhere")?;
    Ok(Outcome::Passed(format!("{pages} pages")))
}

/// Builds the site. Returns its folder and the number of its pages.
pub(crate) fn build() -> Result<(PathBuf, usize)> {
    let parts = parts()?;
    let folder = Path::new(FOLDER);
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let source = folder.join("src");
    let (mut summary, mut count) = (format!("# Summary\n\n[birdhook]({FIRST})\n"), 1);
    let pages: BTreeSet<&Path> = parts.iter().flat_map(|(_, pages)| pages).map(PathBuf::as_path).collect();
    let repository = repository()?;
    let is_page = |path: &Path| path == Path::new(FIRST) || pages.contains(path);
    copy(Path::new(FIRST), &source, &is_page, repository.as_deref())?;
    for (part, pages) in &parts {
        _ = write!(summary, "\n# {part}\n\n");
        for page in pages {
            let title = copy(page, &source, &is_page, repository.as_deref())?;
            // Commands of the tool are below its page.
            let indent = if page.starts_with("docs/cli") && !page.ends_with("README.md") { "  " } else { "" };
            _ = writeln!(summary, "{indent}- [{title}]({})", page.display());
            count += 1;
        }
    }
    fs::write(source.join("SUMMARY.md"), summary)?;
    fs::copy("docs/book/book.toml", folder.join("book.toml"))?;
    let mut mdbook = pinned(MDBOOK)?;
    let site = std::path::absolute(folder.join("html"))?;
    mdbook.args(["build", "--dest-dir"]).arg(&site).arg(folder);
    if let Some(repository) = repository {
        mdbook.env("MDBOOK_OUTPUT__HTML__GIT_REPOSITORY_URL", repository);
    }
    run(&mut mdbook)?;
    Ok((site, count))
}

/// Returns the parts with their pages. Fails if a page of `docs` has no place in them.
fn parts() -> Result<Vec<(&'static str, Vec<PathBuf>)>> {
    let listed = printed(std::process::Command::new("git").args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "docs/*.md",
    ]))?;
    let mut rest: BTreeSet<PathBuf> = listed.lines().map(PathBuf::from).filter(|path| path.is_file()).collect();
    let named: BTreeSet<&str> = PARTS.iter().flat_map(|(_, entries)| entries.iter().copied()).collect();
    let mut parts = Vec::new();
    for (part, entries) in PARTS {
        let mut pages = Vec::new();
        for entry in *entries {
            let entry = Path::new(entry);
            if entry.is_dir() {
                let is_other =
                    |page: &&PathBuf| page.parent() == Some(entry) && !named.contains(&*page.to_string_lossy());
                pages.extend(rest.iter().filter(is_other).cloned().collect::<Vec<_>>());
            } else {
                pages.push(entry.to_owned());
            }
        }
        pages.iter().for_each(|page| _ = rest.remove(page));
        parts.push((*part, pages));
    }
    match rest.first() {
        None => Ok(parts),
        Some(page) => bail!("{} is not on the site: add it to PARTS in crates/xtask/src/book.rs", page.display()),
    }
}

/// Copies a page and the files that it links to, and returns its title. If the repository has an
/// address, links to files that are no pages lead there.
fn copy(page: &Path, source: &Path, is_page: &dyn Fn(&Path) -> bool, repository: Option<&str>) -> Result<String> {
    let text = fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()))?;
    let mut wrong = None;
    let text = links::rewrite(&text, |target| {
        let path = resolve(page, target.split('#').next().unwrap_or_default());
        if is_page(&path) {
            return Link::Keep;
        }
        let result = match repository {
            Some(repository) if path.exists() => return Link::To(format!("{repository}/blob/HEAD/{}", path.display())),
            _ if path.is_dir() => return Link::Remove,
            _ => place(source, &path).and_then(|copy| Ok(fs::copy(&path, copy)?)),
        };
        if let Err(error) = result {
            wrong.get_or_insert(error.context(format!("{}: broken link {target}", page.display())));
        }
        Link::Keep
    });
    if let Some(error) = wrong {
        return Err(error);
    }
    fs::write(place(source, page)?, &text)?;
    let title = text.lines().find_map(|line| line.strip_prefix("# ")).context("a page without a title")?;
    // The commands' pages repeat the name of the tool.
    Ok(title.strip_prefix("birdhook ").unwrap_or(title).to_owned())
}

/// Returns the path of a copy, whose folder exists.
fn place(source: &Path, path: &Path) -> Result<PathBuf> {
    let copy = source.join(path);
    fs::create_dir_all(copy.parent().context("a file without a folder")?)?;
    Ok(copy)
}

/// Returns the path of a relative link's target.
fn resolve(page: &Path, target: &str) -> PathBuf {
    let mut path = page.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => _ = path.pop(),
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_resolved_from_the_folder_of_their_page() {
        let page = Path::new("docs/guide/inbox.md");
        assert_eq!(resolve(page, "../../README.md"), Path::new("README.md"));
        assert_eq!(resolve(page, "scale.md"), Path::new("docs/guide/scale.md"));
        assert_eq!(resolve(Path::new("README.md"), "docs/a.md"), Path::new("docs/a.md"));
    }

    #[test]
    fn every_page_of_docs_is_on_the_site() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        std::env::set_current_dir(root).unwrap();
        let pages: Vec<_> = parts().unwrap().into_iter().flat_map(|(_, pages)| pages).collect();
        assert!(pages.contains(&"docs/cli/listen.md".into()) && pages.contains(&"docs/reliability/attack.md".into()));
        assert_eq!(pages.iter().collect::<BTreeSet<_>>().len(), pages.len(), "a page is listed twice");
    }
}
