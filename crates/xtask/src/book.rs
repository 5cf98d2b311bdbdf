//! The site: the README, the guide, the reference and the design as an mdBook.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::links::{self, Link};
use crate::package::repository;
use crate::process::{printed, run};
use crate::step::Outcome;
use crate::tools::{MDBOOK, pinned};

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
            "docs/guide/gateway.md",
            "docs/guide/scale.md",
            "docs/guide/migration.md",
            "docs/guide/operations.md",
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

/// Builds the site and follows every link in it.
pub(crate) fn check() -> Result<Outcome> {
    let (site, pages) = build()?;
    let (links, broken) = follow(&site)?;
    broken.iter().for_each(|line| println!("{line}"));
    match broken.first() {
        None => Ok(Outcome::Passed(format!("{pages} pages, {links} links"))),
        Some(first) => bail!("{} links lead nowhere, the first: {first}", broken.len()),
    }
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

/// Follows the links of every page of the site. Returns their number, and those that lead nowhere.
/// Links to other sites are not followed.
fn follow(site: &Path) -> Result<(usize, Vec<String>)> {
    let mut pages = BTreeMap::new();
    read_pages(site, site, &mut pages)?;
    let ids: BTreeMap<_, BTreeSet<_>> =
        pages.iter().map(|(path, text)| (path.clone(), values(text, "id").collect())).collect();
    let (mut count, mut broken) = (0, Vec::new());
    for (page, text) in &pages {
        // Its links are relative to the page that is missing.
        if page == Path::new("404.html") {
            continue;
        }
        for link in values(text, "href").chain(values(text, "src")).filter(|link| !link.contains(':')) {
            let (file, id) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { resolve(page, file) };
            let is_there = id.is_empty() || ids.get(&target).is_some_and(|ids| ids.contains(id));
            count += 1;
            if !site.join(&target).exists() || !is_there {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    Ok((count, broken))
}

fn read_pages(site: &Path, folder: &Path, pages: &mut BTreeMap<PathBuf, String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_pages(site, &path, pages)?;
        } else if path.extension().is_some_and(|ending| ending == "html") {
            pages.insert(path.strip_prefix(site)?.to_owned(), fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// Returns the values of an attribute in HTML.
fn values<'a>(html: &'a str, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let start = format!(" {name}=\"");
    let places: Vec<_> = html.match_indices(&start).map(|(at, start)| at + start.len()).collect();
    places.into_iter().filter_map(move |at| html.get(at..)?.split('"').next())
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
    fn links_to_missing_pages_and_headings_are_found() {
        let site = std::env::temp_dir().join(format!("birdhook-site-{}", std::process::id()));
        fs::create_dir_all(site.join("docs")).unwrap();
        let first = r##"<h1 id="top">a</h1><a href="docs/b.html#part">b</a><a href="#top">top</a>
            <a href="https://docs.rs">c</a><a href="docs/b.html#no">d</a><img src="no.svg">"##;
        fs::write(site.join("a.html"), first).unwrap();
        fs::write(site.join("docs/b.html"), r#"<h2 id="part">b</h2><a href="../a.html">a</a>"#).unwrap();
        let found = follow(&site).unwrap();
        fs::remove_dir_all(&site).unwrap();
        assert_eq!(found, (5, vec!["a.html: docs/b.html#no".to_owned(), "a.html: no.svg".to_owned()]));
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
