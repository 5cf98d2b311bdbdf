//! The permissions of an inbox's files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use crate::support::{Receiver, inbox_settings};

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

fn files(folder: &Path) -> Vec<(String, u32)> {
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let mut files: Vec<_> = files.map(|file| (file.file_name().into_string().unwrap(), mode(&file.path()))).collect();
    files.sort();
    files
}

fn only_the_owners() -> Vec<(String, u32)> {
    ["inbox.lock", "inbox.redb", "inbox.redb.lock", "sealed"].map(|name| (name.to_owned(), 0o600)).into()
}

#[tokio::test]
async fn only_the_owner_may_read_a_new_inbox() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("deeper/inbox");
    let inbox = inbox_settings().open(&folder).await.unwrap();
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(files(&folder), only_the_owners());
    inbox.close(Duration::ZERO).await;
}

#[tokio::test]
async fn opening_removes_the_permissions_of_others_from_the_files() {
    let receiver = Receiver::holding(inbox_settings(), [1]).await;
    let folder = receiver.close().await;
    for (name, _) in files(folder.path()) {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o666)).unwrap();
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let receiver = Receiver::open(&folder, inbox_settings()).await;
    assert_eq!(files(folder.path()), only_the_owners());
    assert_eq!(mode(folder.path()), 0o755, "the folder may hold other files");
    receiver.close().await;
}

/// The mask applies to the whole process, so the test starts one of its own.
#[tokio::test]
async fn a_permissive_umask_makes_no_difference() {
    const ASKED: &str = "BIRDHOOK_TEST_FOLDER";
    if let Ok(folder) = std::env::var(ASKED) {
        inbox_settings().open(folder).await.unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("inbox");
    let program = std::env::current_exe().unwrap();
    let asked = format!("umask 000; exec '{}' a_permissive_umask_makes_no_difference", program.display());
    let output = std::process::Command::new("sh").args(["-c", &asked]).env(ASKED, &folder).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(files(&folder), only_the_owners());
}
