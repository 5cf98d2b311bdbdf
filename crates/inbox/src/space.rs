//! Room on the disk.

use std::io;
use std::path::Path;

/// How many bytes are free on the disk of this folder for those who are not root.
#[cfg(unix)]
pub(crate) fn free(folder: &Path) -> io::Result<u64> {
    let about = rustix::fs::statvfs(folder)?;
    Ok(about.f_bavail.saturating_mul(about.f_frsize))
}

/// Not asked for where it would take unsafe code: the limit of size must do.
#[cfg(not(unix))]
pub(crate) fn free(_: &Path) -> io::Result<u64> {
    Ok(u64::MAX)
}
