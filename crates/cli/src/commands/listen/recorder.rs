//! Keeps requests in a file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result};
use birdhook_testkit::{Recorded, Recording};
use bytes::Bytes;

use crate::output::Outlet;

/// How many deliveries wait to be written.
const CAPACITY: usize = 64;

/// Appends to a file, one delivery at a time.
pub(super) struct Recorder(Outlet<Recorded>);

impl Recorder {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = || format!("cannot write {}", path.display());
        let mut options = File::options();
        options.create(true).read(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).with_context(failed)?;
        let about = file.metadata().with_context(failed)?;
        if about.is_file() {
            // It may have been there before, for all to read.
            #[cfg(unix)]
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).with_context(failed)?;
            if about.len() > 0 {
                // A line that was cut off, as in a crash, must not take the next one with it.
                let mut last = [0];
                file.seek(SeekFrom::End(-1)).and_then(|_| file.read_exact(&mut last)).with_context(failed)?;
                if last != *b"\n" {
                    file.write_all(b"\n").with_context(failed)?;
                }
            }
        }
        Ok(Self(Outlet::new(CAPACITY, move |recorded| append(&file, &recorded))))
    }

    /// Returns once the request is written.
    pub(super) async fn record(&self, request: &http::Request<Bytes>) -> io::Result<()> {
        self.0.write(Recorded::now(request)).await
    }
}

fn append(file: &File, recorded: &Recorded) -> io::Result<()> {
    let length = file.metadata()?.len();
    let written = Recording::append(file, recorded);
    if written.is_err() {
        // Half a line, as of a full disk, must not take the next one with it.
        let _ = file.set_len(length);
    }
    written
}
