//! Event keys never change, because inboxes, queues and databases store them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::deliver;
use birdhook_core::DedupeScope;

/// For each event of each fixture: the fixture, the event's index, its `delivery_key` in two
/// scopes, and its `content_key`.
const KEPT: &str = include_str!("key_vectors.txt");

fn bodies(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut inside: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inside.sort_unstable();
    for path in inside {
        if path.is_dir() { bodies(&path, found) } else { found.push(path) }
    }
}

/// Existing lines must not change. Append the lines of a new fixture to the file.
#[test]
fn the_keys_of_every_fixture_do_not_change() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut paths = Vec::new();
    bodies(&folder, &mut paths);
    let mut made = String::new();
    for path in paths {
        let name = path.strip_prefix(&folder).unwrap().with_extension("").display().to_string();
        for event in deliver(fs::read(&path).unwrap()).events() {
            let keys = [event.delivery_key(), event.delivery_key_in(DedupeScope::Everywhere), event.content_key()];
            let keys = keys.map(|key| key.to_string()).join(" ");
            made += &format!("{} {} {keys}\n", name.replace('\\', "/"), event.index());
        }
    }
    let differing: Vec<_> = made.lines().filter(|line| !KEPT.lines().any(|kept| kept == *line)).collect();
    assert!(differing.is_empty(), "changed, or new and not written down yet:\n{}", differing.join("\n"));
    assert_eq!(made.lines().count(), KEPT.lines().count(), "a line of key_vectors.txt has no fixture");
}
