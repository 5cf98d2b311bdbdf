//! Files of an inbox: regular files that only their owner may read, because people's messages are in them.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::store::StoreError;

/// Opens a file to read and write, or makes it. Removes the permissions of everyone but its owner, and follows no link.
pub(crate) fn open(path: &Path) -> Result<(File, Place), StoreError> {
    look(path)?;
    let mut options = File::options();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // A link that appears after the look above is not followed either.
        options.mode(0o600).custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let place = Place { path: path.to_owned(), identity: identity(&file.metadata()?) };
    place.check()?;
    Ok((file, place))
}

/// Looks at a file; `None` when there is none.
///
/// # Errors
/// When it is not a regular file.
pub(crate) fn look(path: &Path) -> Result<Option<Metadata>, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_file() => Ok(Some(about)),
        Ok(about) => {
            let kind = if about.is_symlink() { "a symbolic link" } else { "not a regular file" };
            Err(StoreError::Unsafe(format!("{} is {kind}; replace it by a regular file", path.display())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Refuses a folder in which every user of the machine may replace files.
pub(crate) fn check_folder(folder: &Path) -> Result<(), StoreError> {
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
    let _ = folder;
    Ok(())
}

/// The path of a file that is open, and which file that is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    path: PathBuf,
    identity: Identity,
}

impl Place {
    /// The same file, after it was renamed.
    pub(crate) fn renamed(self, path: &Path) -> Self {
        Self { path: path.to_owned(), ..self }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the path still names the file.
    ///
    /// # Errors
    /// [`StoreError::Gone`] when the file was deleted, moved or replaced.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match fs::symlink_metadata(&self.path) {
            Ok(about) if identity(&about) == self.identity => Ok(()),
            Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Err(error.into())
            }
            _ => Err(StoreError::Gone(self.path.clone())),
        }
    }
}

/// Device and inode. While the file is open no other file has the same.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(about: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (about.dev(), about.ino())
}

/// Only a missing file is noticed where the standard library reports no number of a file.
#[cfg(not(unix))]
#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity;

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {
    Identity
}
