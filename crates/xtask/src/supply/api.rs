//! Compares the public API of each library with a committed list, so that it does not change by
//! accident.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};
use public_api::PublicItem;

use super::rustdoc::{ANOTHER_FORMAT, Library, described};
use crate::steps::Outcome;

/// The list's file name, in the folder of the manifest.
const FILE: &str = "public-api.txt";
const AGAIN: &str = "if that is meant, write the lists anew with `cargo xtask supply --write`";

pub(super) fn check() -> Result<Outcome> {
    let Some(libraries) = described()? else { return Ok(Outcome::Skipped(ANOTHER_FORMAT.to_owned())) };
    let (mut changed, mut items) = (Vec::new(), 0);
    for library in &libraries {
        let now = listed(library)?;
        let kept = fs::read_to_string(library.folder.join(FILE)).unwrap_or_default();
        let changes = changes(&kept, &now);
        changes.iter().for_each(|line| println!("{}: {line}", library.package));
        items += now.lines().count();
        changed.extend((!changes.is_empty()).then(|| format!("{} ({})", library.package, changes.len())));
    }
    match changed.len() {
        0 => Ok(Outcome::Passed(format!("{} libraries, {items} items", libraries.len()))),
        _ => bail!("the public API has changed, of {}; {AGAIN}", changed.join(", ")),
    }
}

/// Rewrites the lists.
pub(super) fn write() -> Result<()> {
    for library in described()?.context(ANOTHER_FORMAT)? {
        let (path, now) = (library.folder.join(FILE), listed(&library)?);
        fs::write(&path, &now).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{:6} items in {}", now.lines().count(), path.display());
    }
    Ok(())
}

/// Returns the API without the functions of implemented traits, which follow from the
/// implementation.
fn listed(library: &Library) -> Result<String> {
    let description = library.description()?;
    let at = |id: u32, place: &str| description.pointer(&format!("/index/{id}/inner/{place}"));
    let is_implied = |item: &PublicItem| {
        let of_a_trait = item.parent_id().and_then(|id| at(id.0, "impl/trait"));
        of_a_trait.is_some_and(|of| !of.is_null()) && at(item.id().0, "function").is_some()
    };
    Ok(library.items()?.iter().filter(|item| !is_implied(item)).map(|item| format!("{item}\n")).collect())
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
    fn what_is_gone_and_what_is_new_is_told() {
        assert_eq!(changes("pub fn a()\npub fn b()\n", "pub fn b()\npub fn c()\n"), ["- pub fn a()", "+ pub fn c()"]);
        assert!(changes("pub fn a()\npub fn b()\n", "pub fn b()\npub fn a()\n").is_empty());
    }
}
