//! Appends requests to a file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, Result};
use birdhook_testkit::{Recorded, Recording};
use bytes::Bytes;

use crate::error::{Code, Failure};
use crate::output::QueuedWriter;

const CAPACITY: usize = 64;

/// Appends to a file, one delivery at a time.
pub(super) struct Recorder(QueuedWriter<Recorded>);

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
            // After a failed write, a second recorder would cut off lines of the first.
            file.try_lock().with_context(|| {
                let message = format!("cannot record to {}: another process is recording to it", path.display());
                Failure::new(Code::FileInUse, message, "stop the other process, or name another file")
            })?;
            // The file may have existed with wider permissions.
            #[cfg(unix)]
            file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600)).with_context(failed)?;
            if about.len() > 0 {
                // A line cut off by a crash must not merge with the next line.
                let mut last = [0];
                file.seek(SeekFrom::End(-1)).and_then(|_| file.read_exact(&mut last)).with_context(failed)?;
                if last != *b"\n" {
                    file.write_all(b"\n").with_context(failed)?;
                }
            }
        }
        Ok(Self(QueuedWriter::new(CAPACITY, move |recorded| append(&file, &recorded))))
    }

    pub(super) async fn record(&self, request: &http::Request<Bytes>) -> io::Result<()> {
        self.0.write(Recorded::now(request)).await
    }
}

fn append(file: &File, recorded: &Recorded) -> io::Result<()> {
    let length = file.metadata()?.len();
    let config = Recording::append(file, recorded);
    if config.is_err() {
        // A partial line, as on a full disk, must not merge with the next line.
        let _ = file.set_len(length);
    }
    config
}
