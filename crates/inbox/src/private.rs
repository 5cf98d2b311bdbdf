//! Files that only their owner may read, for people's messages are in them.

use std::fs::File;
use std::io;
use std::path::Path;

/// Opens a file to read and write, or makes it; whoever could read it before cannot any more.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}
