//! The lock that makes a folder, or the file of a store, belong to one opener.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::faults::{self, Bug};
use crate::private::{self, Place};
use crate::store::StoreError;

/// An exclusive lock on a file that is never renamed or replaced. The system releases the lock when the process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    /// Keeps the lock.
    _file: File,
    place: Place,
}

impl Lock {
    /// Takes the lock without waiting.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another opener has it, in this process or in another one.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreError> {
        let (mut file, place) = private::open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if faults::has(Bug::IgnoredLock) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(Holder::read(&mut file))),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // A lock on a file that was deleted in between excludes nobody.
        place.check()?;
        // Only a hint for others, so a full disk does not matter.
        let _ = Holder::this().write(&mut file);
        Ok(Self { _file: file, place })
    }

    /// Takes the lock again if its file was deleted or replaced.
    ///
    /// # Errors
    /// As for [`take`](Self::take).
    pub(crate) fn keep(&mut self) -> Result<(), StoreError> {
        match self.place.check() {
            Err(StoreError::Gone(path)) => *self = Self::take(&path)?,
            checked => checked?,
        }
        Ok(())
    }
}

/// How long it waits for an earlier opener to end, and the pause between two attempts.
const HAND_OVER: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(5);

/// Takes the lock, then opens what it is for. Waits up to 1 s while either is in use: an inbox that was dropped, or whose
/// process was asked to end, does not close at once.
pub(crate) fn patiently<T>(path: &Path, open: impl Fn() -> Result<T, StoreError>) -> Result<(Lock, T), StoreError> {
    let started = Instant::now();
    loop {
        match Lock::take(path).and_then(|lock| Ok((lock, open()?))) {
            // A file that vanishes while it is opened is made again by the next attempt.
            Err(StoreError::InUse(_) | StoreError::Gone(_)) if started.elapsed() < HAND_OVER => {
                std::thread::sleep(PAUSE);
            }
            opened => return opened,
        }
    }
}

/// The file of the lock of a file: the same name with `.lock` behind it.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

/// The process that has an inbox open, as it says itself: a hint for people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// The number of the process, as that process sees it.
    pub process: u32,
    /// The name of its host, or of its container.
    pub host: String,
}

/// The longest host name that is believed, in bytes.
const LONGEST: usize = 255;

impl Holder {
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

    /// `None` when the file says nothing that makes sense.
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

impl fmt::Display for Holder {
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
        assert_eq!(holder, Holder::this());
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
