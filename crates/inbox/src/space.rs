//! Free space on the disk.

use std::io;
use std::path::Path;

/// Returns the bytes that unprivileged users can still write to the disk of `folder`.
#[cfg(unix)]
pub(crate) fn free(folder: &Path) -> io::Result<u64> {
    let about = rustix::fs::statvfs(folder)?;
    Ok(about.f_bavail.saturating_mul(about.f_frsize))
}

/// Reports unlimited space, because asking would take unsafe code. `size_limit` still applies.
#[cfg(not(unix))]
pub(crate) fn free(_: &Path) -> io::Result<u64> {
    Ok(u64::MAX)
}
