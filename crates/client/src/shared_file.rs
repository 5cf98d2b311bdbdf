use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Timeout for a lock that another handle holds. Longer than a token renewal takes.
const LOCK_TIMEOUT: Duration = Duration::from_secs(15);

const PAUSE: Duration = Duration::from_millis(10);

/// A file with credentials that the processes of one machine read and replace.
///
/// Writers lock the file, read it and replace it. Each write replaces the whole file and syncs the
/// file and its folder, so readers need no lock. The lock is an exclusive operating system lock on
/// a neighbouring file with the extension `lock`, which is never deleted or replaced. The lock is
/// released when its process ends. On Unix, only the owner can read both files (0600).
///
/// The folder must be on a local disk, because locks on network file systems are not reliable.
///
/// ```
/// # mod birdhook { pub mod client { pub use birdhook_client::SharedFile; } }
/// use birdhook::client::SharedFile;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("tokens.toml");
/// let file = SharedFile::new(path);
/// let locked = file.lock().await?;
/// tokio::task::spawn_blocking(move || {
///     let mut text = locked.read()?.unwrap_or_default();
///     text.extend(b"token = \"abc\"\n");
///     locked.replace(&text)
/// })
/// .await??;
/// # assert_eq!(file.read()?.as_deref(), Some(&b"token = \"abc\"\n"[..]));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct SharedFile {
    path: PathBuf,
}

impl SharedFile {
    /// Creates a handle for the file at this path, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file, locked or not. Returns `None` if it does not exist. Blocks on the disk.
    /// Fails if the file cannot be read.
    pub fn read(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            read => read.map(Some).map_err(|error| failed("read", &self.path, &error)),
        }
    }

    /// Locks the file, waiting up to 15 s for another handle. Creates the folder for its owner only
    /// (0700 on Unix). Fails if another handle holds the lock for 15 s, naming the process, or if
    /// the lock file cannot be opened or is a link.
    pub async fn lock(&self) -> io::Result<LockedFile> {
        let lock = self.path.with_extension("lock");
        if lock == self.path {
            return Err(io::Error::other(format!(
                "invalid path {}: the extension `lock` is reserved for the lock file",
                lock.display()
            )));
        }
        let started = Instant::now();
        loop {
            let path = lock.clone();
            let attempt =
                tokio::task::spawn_blocking(move || attempt(&path).map_err(|error| failed("lock", &path, &error)));
            match attempt.await.unwrap_or_else(|_| Err(io::Error::other("the runtime has ended")))? {
                Attempt::Locked(lock) => return Ok(LockedFile { file: self.clone(), _lock: Arc::new(lock) }),
                Attempt::HeldBy(process) if started.elapsed() > LOCK_TIMEOUT => {
                    let (seconds, lock) = (LOCK_TIMEOUT.as_secs(), lock.display());
                    let why = format!(
                        "{lock} was locked for {seconds} s: {process} may be renewing a token; try again, or end that process"
                    );
                    return Err(io::Error::new(ErrorKind::TimedOut, why));
                }
                Attempt::HeldBy(_) => sleep(PAUSE).await,
            }
        }
    }
}

/// A locked [`SharedFile`], released when the last clone is dropped. Its methods block on the disk.
#[derive(Clone, Debug)]
pub struct LockedFile {
    file: SharedFile,
    /// Closing the file releases the lock.
    _lock: Arc<File>,
}

impl LockedFile {
    /// Reads the file. Returns `None` if it does not exist. Fails if the file cannot be read.
    pub fn read(&self) -> io::Result<Option<Vec<u8>>> {
        self.file.read()
    }

    /// Replaces the contents atomically. Once this returns, they survive a power loss. Fails if the
    /// file cannot be written. Its contents are then unchanged.
    pub fn replace(&self, contents: &[u8]) -> io::Result<()> {
        let path = &self.file.path;
        let write = || {
            // A random name that only this process knows. Only its owner can read the file.
            let mut new = tempfile::Builder::new().prefix(".birdhook-").tempfile_in(folder(path))?;
            new.write_all(contents)?;
            new.as_file().sync_all()?;
            new.persist(path)?;
            sync_folder(path)
        };
        write().map_err(|error| failed("write", path, &error))
    }

    /// Removes the file if it exists. Fails if the file cannot be removed.
    pub fn remove(&self) -> io::Result<()> {
        let path = &self.file.path;
        let removed = match fs::remove_file(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            removed => removed,
        };
        removed.and_then(|()| sync_folder(path)).map_err(|error| failed("remove", path, &error))
    }
}

fn failed(verb: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {verb} {}: {error}", path.display()))
}

enum Attempt {
    Locked(File),
    /// Describes the process that holds the lock.
    HeldBy(String),
}

fn attempt(path: &Path) -> io::Result<Attempt> {
    let mut file = open(path)?;
    match file.try_lock() {
        Ok(()) if is_at(&file, path)? => {
            // Lets waiting processes name the holder in their error.
            file.set_len(0)?;
            writeln!(file, "{}", std::process::id())?;
            Ok(Attempt::Locked(file))
        }
        Ok(()) => Ok(Attempt::HeldBy("another process".to_owned())),
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            let read = file.rewind().and_then(|()| (&mut file).take(32).read_to_string(&mut process));
            let process = read.ok().and_then(|_| process.trim().parse::<u32>().ok());
            Ok(Attempt::HeldBy(process.map_or("another process".to_owned(), |id| format!("process {id}"))))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Opens the lock file, creating it if necessary. Does not follow links.
fn open(path: &Path) -> io::Result<File> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    let mut options = File::options();
    options.read(true).write(true);
    #[cfg(unix)]
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    builder.create(folder(path))?;
    match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        opened => return opened,
    }
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file; remove it"));
    }
    options.open(path)
}

/// Returns whether the path still names this open file. A lock on a deleted or replaced file
/// excludes no other process.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let opened = file.metadata()?;
        let current = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            current => current?,
        };
        Ok((opened.dev(), opened.ino()) == (current.dev(), current.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = (file, path);
        Ok(true)
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Syncs the folder. Without this, a power loss may undo the rename.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder(path))?.sync_all()?;
    let _ = path;
    Ok(())
}
