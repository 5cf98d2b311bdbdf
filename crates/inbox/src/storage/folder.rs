//! The folder of an inbox.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::storage::error::StoreError;

/// Creates the folder if it does not exist. Only its owner may use a folder created here. Returns
/// the folders that were created. Rejects a folder in which every user of the machine may replace
/// files.
pub(crate) fn create(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let created: Vec<_> = folder.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
    builder.create(folder)?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(folder)?.permissions()) & 0o7777;
        if mode & 0o002 != 0 {
            let folder = folder.display();
            return Err(StoreError::Unsafe(format!(
                "every user of this machine may write to {folder} (mode {mode:04o}); run `chmod o-w {folder}`, or name a \
                 folder inside it that does not exist yet"
            )));
        }
    }
    Ok(created)
}

/// Syncs the folder and the parents of the folders that were created: without that a power loss may
/// remove them.
pub(crate) fn sync(folder: &Path, created: &[PathBuf]) -> io::Result<()> {
    #[cfg(unix)]
    for folder in std::iter::once(folder).chain(created.iter().filter_map(|created| created.parent())) {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        fs::File::open(folder)?.sync_all()?;
    }
    let _ = (folder, created);
    Ok(())
}

/// Returns the bytes that unprivileged users can still write to the disk of `folder`.
#[cfg(unix)]
pub(crate) fn free_space(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Reports unlimited space, because asking would take unsafe code. `size_limit` still applies.
#[cfg(not(unix))]
pub(crate) fn free_space(_: &Path) -> io::Result<u64> {
    Ok(u64::MAX)
}
