//! The lock that gives a folder, or a store's file, to one opener.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::faults::{self, Bug};
use crate::private::{self, Place};
use crate::store::StoreError;

/// An exclusive lock on a file that is never renamed or replaced. The system releases it when the
/// process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    /// Holds the lock while open.
    _file: File,
    place: Place,
}

impl Lock {
    /// Takes the lock without waiting.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if another opener has it, in this process or another one.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreError> {
        let (mut file, place) = private::open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if faults::has(Bug::IgnoredLock) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(LockHolder::read(&mut file))),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // The file may have been deleted in between; a lock on it would exclude nobody.
        place.check()?;
        // Only a hint for other processes, so a full disk does not matter.
        let _ = LockHolder::this().write(&mut file);
        Ok(Self { _file: file, place })
    }

    /// Takes the lock again if its file was deleted or replaced.
    ///
    /// # Errors
    /// The same as [`take`](Self::take).
    pub(crate) fn keep(&mut self) -> Result<(), StoreError> {
        match self.place.check() {
            Err(StoreError::Gone(path)) => *self = Self::take(&path)?,
            checked => checked?,
        }
        Ok(())
    }
}

/// The maximum wait for an earlier opener, and the delay between two attempts.
const HAND_OVER: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(5);

/// Takes the lock, then calls `open`. Waits up to 1 s while either is in use: an inbox that was
/// dropped, or whose process is terminating, takes a moment to close.
pub(crate) fn patiently<T>(path: &Path, open: impl Fn() -> Result<T, StoreError>) -> Result<(Lock, T), StoreError> {
    let started = Instant::now();
    loop {
        match Lock::take(path).and_then(|lock| Ok((lock, open()?))) {
            // A file that vanishes while it is opened is created by the next attempt.
            Err(StoreError::InUse(_) | StoreError::Gone(_)) if started.elapsed() < HAND_OVER => {
                std::thread::sleep(PAUSE);
            }
            opened => return opened,
        }
    }
}

/// Returns the path of a file's lock: the same name with `.lock` appended.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

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
const LONGEST: usize = 255;

impl LockHolder {
    fn this() -> Self {
        #[cfg(unix)]
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        #[cfg(not(unix))]
        let host = std::env::var("COMPUTERNAME").unwrap_or_default();
        Self { process: std::process::id(), host }
    }

    fn write(&self, file: &mut File) -> std::io::Result<()> {
        file.set_len(0)?;
        writeln!(file, "{} {}", self.process, self.host)
    }

    /// Returns `None` if the text is not what [`write`](Self::write) produces.
    fn read(file: &mut File) -> Option<Self> {
        let mut text = String::new();
        file.rewind().ok()?;
        file.take(LONGEST as u64 + 20).read_to_string(&mut text).ok()?;
        let (process, host) = text.strip_suffix('\n')?.split_once(' ')?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let host = Some(host).filter(|host| (1..=LONGEST).contains(&host.len()) && host.bytes().all(is_name))?;
        Some(Self { process: process.parse().ok()?, host: host.to_owned() })
    }
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} on {}", self.process, self.host)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_second_opener_is_refused_with_the_holder_until_the_first_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Lock::take(&path).unwrap();
        let Err(StoreError::InUse(Some(holder))) = Lock::take(&path) else { panic!("it is not refused") };
        assert_eq!(holder, LockHolder::this());
        drop(first);
        Lock::take(&path).unwrap();
    }

    #[test]
    fn a_text_of_others_is_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let _lock = Lock::take(&path).unwrap();
        for text in ["", "12", "12 \n", "x web\n", "12 web", "12 web\u{1b}[2J\n", &format!("12 {}\n", "w".repeat(256))]
        {
            fs::write(&path, text).unwrap();
            assert!(matches!(Lock::take(&path), Err(StoreError::InUse(None))), "{text:?}");
        }
    }

    #[test]
    fn a_lock_whose_file_was_deleted_is_taken_again_unless_another_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let mut lock = Lock::take(&path).unwrap();
        fs::remove_file(&path).unwrap();
        lock.keep().unwrap();
        assert!(matches!(Lock::take(&path), Err(StoreError::InUse(_))));
        fs::remove_file(&path).unwrap();
        let other = Lock::take(&path).unwrap();
        assert!(matches!(lock.keep(), Err(StoreError::InUse(_))));
        drop(other);
        lock.keep().unwrap();
    }
}
