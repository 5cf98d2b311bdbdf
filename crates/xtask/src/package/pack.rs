//! The `.crate` files, and what each must contain.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::stage;
use crate::process::{cargo, run};
use crate::rules::published;
use crate::tools::target_folder;

/// Files that a registry shows, or that a licence requires.
const NEEDED: [&str; 3] = ["README.md", "LICENSE-APACHE", "LICENSE-MIT"];
/// Names that only this workspace uses.
const EXCLUDED: [&str; 3] = ["benches", "public-api.txt", "tests"];

/// One package.
pub(crate) struct Crate {
    pub(crate) name: String,
    /// The name with the version, as in the name of its file.
    pub(crate) full_name: String,
    pub(crate) file: PathBuf,
}

/// The packages of all published crates.
pub(crate) struct Packed {
    /// Holds `unpacked`, with a folder for each package.
    pub(crate) folder: PathBuf,
    pub(crate) crates: Vec<Crate>,
    /// A line for each crate: name, files and sizes.
    pub(crate) table: Vec<String>,
    /// The same for all of them.
    pub(crate) summary: String,
}

/// Packages the published crates, unpacks them, and checks their files.
pub(crate) fn pack() -> Result<Packed> {
    let folder = target_folder()?.join("packages");
    let packages = published()?;
    let stage = stage::write(&folder, &packages)?;
    let target = folder.join("target");
    // Compiled later, all of them at once.
    let mut package = cargo(["package", "--quiet", "--no-verify", "--allow-dirty", "--target-dir"]);
    package.arg(&target).args(packages.iter().flat_map(|package| ["-p", &*package.name]));
    run(package.current_dir(&stage))?;

    let unpacked = folder.join("unpacked");
    remove(&unpacked)?;
    fs::create_dir_all(&unpacked)?;
    let (mut crates, mut table, mut wrong, mut all) = (Vec::new(), Vec::new(), Vec::new(), (0, 0, 0));
    for package in &packages {
        let full_name = format!("{}-{}", package.name, package.version);
        let file = target.join("package").join(format!("{full_name}.crate"));
        run(Command::new("tar").arg("-xzf").arg(&file).arg("-C").arg(&unpacked))?;
        let content = unpacked.join(&full_name);
        wrong.extend(
            NEEDED.iter().filter(|name| !content.join(name).is_file()).map(|name| format!("{full_name} lacks {name}")),
        );
        wrong.extend(
            EXCLUDED.iter().filter(|name| content.join(name).exists()).map(|name| format!("{full_name} has {name}")),
        );
        let (files, bytes) = size(&content)?;
        let compressed = fs::metadata(&file)?.len();
        all = (all.0 + files, all.1 + bytes, all.2 + compressed);
        table.push(format!("{:18} {}", package.name.as_str(), sizes((files, bytes, compressed))));
        crates.push(Crate { name: package.name.to_string(), full_name, file });
    }
    match wrong.len() {
        0 => Ok(Packed { folder, summary: format!("{} crates, {}", crates.len(), sizes(all)), crates, table }),
        _ => bail!("{}", wrong.join("; ")),
    }
}

pub(super) fn remove(folder: &Path) -> Result<()> {
    if folder.exists() { fs::remove_dir_all(folder).context("cannot remove a folder") } else { Ok(()) }
}

fn sizes((files, bytes, compressed): (u64, u64, u64)) -> String {
    format!("{files} files, {} KiB, compressed {} KiB", bytes.div_ceil(1024), compressed.div_ceil(1024))
}

/// Returns the number of files in a folder, and their bytes.
fn size(folder: &Path) -> Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (more, their) =
            if entry.file_type()?.is_dir() { size(&entry.path())? } else { (1, entry.metadata()?.len()) };
        (files, bytes) = (files + more, bytes + their);
    }
    Ok((files, bytes))
}
