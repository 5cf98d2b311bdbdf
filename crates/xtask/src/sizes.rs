//! Checks the lengths of files: lists the long ones, and fails for overlong ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::steps::Outcome;

/// The recommended maximum, in lines.
const AIM: usize = 150;
/// The limit for files of a `src` folder, in lines.
const LIMIT: usize = 400;
const TOP: usize = 10;

pub(crate) fn check() -> Result<Outcome> {
    let mut files = Vec::new();
    for path in paths() {
        files.push((fs::read_to_string(&path)?.lines().count(), path));
    }
    files.sort_unstable_by(|one, other| other.cmp(one));
    let long = files.iter().filter(|(lines, _)| *lines > AIM).count();
    for (lines, path) in files.iter().take(long.min(TOP)) {
        println!("{lines:5}  {}", path.display());
    }
    let note = format!("{} files, {long} over {AIM} lines", files.len());
    let refused: Vec<_> = files.iter().filter(|(lines, path)| is_overlong(*lines, path)).collect();
    match refused.len() {
        0 => Ok(Outcome::Passed(note)),
        count => bail!("{note}; {count} in src over {LIMIT}: split {refused:?}"),
    }
}

fn is_overlong(lines: usize, path: &Path) -> bool {
    lines > LIMIT && path.components().any(|part| part.as_os_str() == "src")
}

/// Returns the Rust files that git tracks or would add. Without git, all files but build output.
fn paths() -> Vec<PathBuf> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "*.rs"]);
    match git.output() {
        Ok(output) if output.status.success() => {
            let names = String::from_utf8_lossy(&output.stdout);
            names.split_terminator('\0').map(PathBuf::from).filter(|path| path.is_file()).collect()
        }
        _ => {
            let mut found = Vec::new();
            walk(Path::new("."), &mut found);
            found
        }
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') => {
                walk(&path, found);
            }
            Ok(kind) if kind.is_file() && path.extension().is_some_and(|ending| ending == "rs") => found.push(path),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sources_are_refused() {
        assert!(is_overlong(401, Path::new("crates/core/src/crc.rs")));
        assert!(!is_overlong(400, Path::new("crates/core/src/crc.rs")));
        assert!(!is_overlong(401, Path::new("crates/core/tests/crc.rs")));
    }

    #[test]
    fn the_walk_finds_this_file() {
        let mut found = Vec::new();
        walk(Path::new(env!("CARGO_MANIFEST_DIR")), &mut found);
        assert!(found.iter().any(|path| path.ends_with("src/sizes.rs")), "{found:?}");
    }
}
