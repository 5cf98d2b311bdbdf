//! The process that holds a lock, as recorded in the lock file.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, Write};

/// The process that has an inbox open, as recorded by that process. A hint for people, not
/// verified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockHolder {
    /// The process id, as seen by that process.
    pub process: u32,
    /// The name of its host or container.
    pub host: String,
}

/// The longest host name that is accepted, in bytes.
const MAX_HOST: usize = 255;

impl LockHolder {
    pub(super) fn this() -> Self {
        #[cfg(unix)]
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        #[cfg(not(unix))]
        let host = std::env::var("COMPUTERNAME").unwrap_or_default();
        Self { process: std::process::id(), host }
    }

    pub(super) fn write(&self, file: &mut File) -> std::io::Result<()> {
        file.set_len(0)?;
        writeln!(file, "{} {}", self.process, self.host)
    }

    /// Returns `None` if the text is not what [`write`](Self::write) produces.
    pub(super) fn read(file: &mut File) -> Option<Self> {
        let mut text = String::new();
        file.rewind().ok()?;
        file.take(MAX_HOST as u64 + 20).read_to_string(&mut text).ok()?;
        let (process, host) = text.strip_suffix('\n')?.split_once(' ')?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let host = Some(host).filter(|host| (1..=MAX_HOST).contains(&host.len()) && host.bytes().all(is_name))?;
        Some(Self { process: process.parse().ok()?, host: host.to_owned() })
    }
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {}", self.process, self.host)
    }
}
