//! Opens the inbox's files: regular files that only their owner may read, because they contain
//! people's messages.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::storage::error::StoreError;

/// Opens a file for reading and writing, or creates it. Removes everyone else's permissions. Does
/// not follow links.
pub(crate) fn open(path: &Path) -> Result<(File, FileIdentity), StoreError> {
    metadata(path)?;
    let mut options = File::options();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Also rejects a link that was created after the check above.
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let identity = FileIdentity { path: path.to_owned(), id: id(&file.metadata()?) };
    identity.check()?;
    Ok((file, identity))
}

/// Returns a regular file's metadata; `None` if it does not exist.
pub(crate) fn metadata(path: &Path) -> Result<Option<Metadata>, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => Ok(Some(found)),
        Ok(found) => {
            let kind = if found.is_symlink() { "a symbolic link" } else { "not a regular file" };
            Err(StoreError::Unsafe(format!("{} is {kind}; replace it by a regular file", path.display())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The path of an open file, and the id by which the file system knows it.
#[derive(Clone, Debug)]
pub(crate) struct FileIdentity {
    path: PathBuf,
    id: (u64, u64),
}

impl FileIdentity {
    /// Returns the identity of the same file after it was renamed.
    pub(crate) fn renamed(self, path: &Path) -> Self {
        Self { path: path.to_owned(), ..self }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Checks that the path still names the file: it was not deleted, moved or replaced.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match fs::symlink_metadata(&self.path) {
            Ok(found) if id(&found) == self.id => Ok(()),
            Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Err(error.into())
            }
            _ => Err(StoreError::Gone(self.path.clone())),
        }
    }
}

/// Returns device and inode. No other file has the same while this one is open. Elsewhere than on
/// Unix the standard library has no file id, so that only a missing file is noticed.
fn id(metadata: &Metadata) -> (u64, u64) {
    let _ = metadata;
    #[cfg(unix)]
    return (std::os::unix::fs::MetadataExt::dev(metadata), std::os::unix::fs::MetadataExt::ino(metadata));
    #[cfg(not(unix))]
    (0, 0)
}
