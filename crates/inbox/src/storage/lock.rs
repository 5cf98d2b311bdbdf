//! The lock that gives a folder, or a store's file, to one opener.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::faults::{self, Bug};
use crate::storage::error::StoreError;
use crate::storage::lock_holder::LockHolder;
use crate::storage::private_file::{self, FileIdentity};

/// An exclusive lock on a file that is never renamed or replaced. The system releases it when the
/// process ends.
#[derive(Debug)]
pub(crate) struct Lock {
    /// Holds the lock while open.
    _file: File,
    identity: FileIdentity,
}

impl Lock {
    /// Takes the lock without waiting. Fails if another opener has it, in any process.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreError> {
        let (mut file, identity) = private_file::open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if faults::has(Bug::IgnoredLock) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(LockHolder::read(&mut file))),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        // The file may have been deleted in between; a lock on it would exclude no other opener.
        identity.check()?;
        // Only a hint for other processes, so a full disk does not matter.
        let _ = LockHolder::this().write(&mut file);
        Ok(Self { _file: file, identity })
    }

    /// Takes the lock again if its file was deleted or replaced.
    pub(crate) fn keep(&mut self) -> Result<(), StoreError> {
        match self.identity.check() {
            Err(StoreError::Gone(path)) => *self = Self::take(&path)?,
            checked => checked?,
        }
        Ok(())
    }
}

/// The maximum wait for an earlier opener, and the delay between two attempts.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(5);

/// Takes the lock, then calls `open`. Waits up to 1 s while either is in use: an inbox that was
/// dropped, or whose process is terminating, takes a moment to close.
///
/// Blocks the thread. Gives up early once `is_wanted` returns false.
pub(crate) fn wait_and_open<T>(
    path: &Path,
    is_wanted: impl Fn() -> bool,
    open: impl Fn() -> Result<T, StoreError>,
) -> Result<(Lock, T), StoreError> {
    let started = Instant::now();
    loop {
        match Lock::take(path).and_then(|lock| Ok((lock, open()?))) {
            // A file that vanishes while it is opened is created by the next attempt.
            Err(StoreError::InUse(_) | StoreError::Gone(_)) if started.elapsed() < PATIENCE && is_wanted() => {
                std::thread::sleep(PAUSE);
            }
            opened => return opened,
        }
    }
}

/// Returns the path of a file's lock: the same name with `.lock` appended.
pub(crate) fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn rejects_a_second_opener_with_the_holder_until_the_first_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = Lock::take(&path).unwrap();
        let Err(StoreError::InUse(Some(holder))) = Lock::take(&path) else {
            panic!("the second opener is not rejected")
        };
        assert_eq!(holder, LockHolder::this());
        drop(first);
        Lock::take(&path).unwrap();
    }

    #[test]
    fn reports_no_holder_if_the_file_holds_other_text() {
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
    fn a_lock_whose_file_was_deleted_is_taken_again_unless_another_opener_has_it() {
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
