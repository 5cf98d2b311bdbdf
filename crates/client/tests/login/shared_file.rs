use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use birdhook_client::SharedFile;

/// The variable that names the file for a process that another test starts.
const ASKED: &str = "BIRDHOOK_TEST_SHARED_FILE";

const ROUNDS: usize = 200;

/// Appends a line under the lock, in each round.
async fn append(file: SharedFile, writer: String, rounds: usize) {
    for round in 0..rounds {
        let (locked, line) = (file.lock().await.unwrap(), format!("{writer} {round}\n"));
        let change = move || {
            let mut text = locked.read().unwrap().unwrap_or_default();
            text.extend(line.bytes());
            locked.replace(&text).unwrap();
        };
        tokio::task::spawn_blocking(change).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_in_threads_and_processes_lose_no_change_and_readers_see_whole_files() {
    const WRITERS: usize = 4;
    if let Ok(path) = std::env::var(ASKED) {
        append(SharedFile::new(path), format!("p{}", std::process::id()), ROUNDS / WRITERS / 2).await;
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = SharedFile::new(folder.path().join("credentials.toml"));
    let name = "writers_in_threads_and_processes_lose_no_change_and_readers_see_whole_files";
    let processes: Vec<_> = (0..WRITERS)
        .map(|_| {
            let mut other = Command::new(std::env::current_exe().unwrap());
            other.args([name, "--nocapture"]).env(ASKED, file.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
            other.spawn().unwrap()
        })
        .collect();
    let tasks: Vec<_> =
        (0..WRITERS).map(|task| tokio::spawn(append(file.clone(), format!("t{task}"), ROUNDS / WRITERS / 2))).collect();
    let ended = Arc::new(AtomicBool::new(false));
    let reader = std::thread::spawn({
        let (file, ended) = (file.clone(), Arc::clone(&ended));
        move || {
            let mut longest = 0;
            while !ended.load(Ordering::Relaxed) {
                let Some(text) = file.read().unwrap() else { continue };
                assert!(text.ends_with(b"\n") && text.len() >= longest, "{} bytes after {longest}", text.len());
                longest = text.len();
            }
        }
    });
    for task in tasks {
        task.await.unwrap();
    }
    for process in processes {
        let output = tokio::task::spawn_blocking(|| process.wait_with_output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    ended.store(true, Ordering::Relaxed);
    reader.join().unwrap();
    let text = String::from_utf8(file.read().unwrap().unwrap()).unwrap();
    let lines: std::collections::BTreeSet<_> = text.lines().collect();
    assert_eq!((text.lines().count(), lines.len()), (ROUNDS, ROUNDS));
    assert_eq!(names(folder.path()), ["credentials.lock", "credentials.toml"], "no other file is left");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(start_paused = true)]
async fn locking_times_out_after_15_s_and_names_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let file = SharedFile::new(folder.path().join("credentials.toml"));
    let _held = file.lock().await.unwrap();
    let begun = tokio::time::Instant::now();
    let error = file.lock().await.unwrap_err();
    assert_eq!((error.kind(), begun.elapsed().as_secs()), (std::io::ErrorKind::TimedOut, 15));
    let says = format!("process {} may be renewing", std::process::id());
    assert!(error.to_string().contains(&says) && error.to_string().contains("credentials.lock"), "{error}");
    let error = SharedFile::new(folder.path().join("x.lock")).lock().await.unwrap_err();
    assert!(error.to_string().contains("invalid path"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_deleted_lock_file_is_created_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = SharedFile::new(folder.path().join("credentials.toml"));
    drop(file.lock().await.unwrap());
    fs::remove_file(folder.path().join("credentials.lock")).unwrap();
    let _held = file.lock().await.unwrap();
    let second = file.lock();
    let waited = tokio::time::timeout(std::time::Duration::from_millis(100), second).await;
    assert!(waited.is_err(), "it is locked");
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_not_followed_and_files_become_private() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().unwrap();
    let (theirs, path) = (folder.path().join("theirs"), folder.path().join("credentials.toml"));
    fs::write(&theirs, "theirs").unwrap();
    let file = SharedFile::new(&path);
    let lock = folder.path().join("credentials.lock");
    symlink(folder.path().join("nowhere"), &lock).unwrap();
    let error = file.lock().await.unwrap_err();
    assert!(error.to_string().contains("not a regular file"), "{error}");
    assert!(!folder.path().join("nowhere").exists());
    fs::remove_file(&lock).unwrap();

    // Links under guessable temporary names, and a link in place of the file.
    for name in ["credentials.new", "credentials.tmp"] {
        symlink(&theirs, folder.path().join(name)).unwrap();
    }
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    file.lock().await.unwrap().replace(b"new").unwrap();
    assert_eq!((mode(&path), mode(&lock)), (0o600, 0o600));
    fs::remove_file(&path).unwrap();
    symlink(&theirs, &path).unwrap();
    file.lock().await.unwrap().replace(b"new").unwrap();
    assert_eq!((fs::read(&path).unwrap(), fs::read(&theirs).unwrap()), (b"new".to_vec(), b"theirs".to_vec()));
    assert!(fs::symlink_metadata(&path).unwrap().is_file());
}

#[tokio::test]
async fn a_failed_write_leaves_the_folder_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("credentials.toml");
    fs::create_dir(&path).unwrap();
    let file = SharedFile::new(&path);
    let error = file.lock().await.unwrap().replace(b"new").unwrap_err();
    assert!(error.to_string().starts_with("cannot write ") && file.read().is_err(), "{error}");
    assert_eq!(names(folder.path()), ["credentials.lock", "credentials.toml"]);
}
