//! Folders that cannot be opened, and the errors they cause.

use std::fs;
use std::path::Path;
use std::process::Command;

use birdhook_inbox::{Inbox, OpenError, StoreError};

use super::records::{self, ABOUT, DELIVERIES, KEYS, PROGRESS};
use crate::Tested;
use crate::support::{Receiver, deletions, inbox_settings, post};

async fn rejected(folder: &Path) -> OpenError {
    Inbox::open(folder).await.map(drop).unwrap_err()
}

async fn is_corrupt(folder: &Path, what: &str) -> OpenError {
    let error = rejected(folder).await;
    assert!(matches!(error.reason, StoreError::Corrupt(_)), "{what}: {error}");
    error
}

/// Returns a folder with a closed inbox that holds one event.
async fn used() -> Tested {
    Receiver::holding(inbox_settings(), [1]).await.close().await
}

async fn is_unharmed(folder: &Tested) {
    let receiver = Receiver::open(folder, inbox_settings()).await;
    assert_eq!(post(&*receiver.next().await), 1);
}

#[tokio::test]
async fn a_second_opener_is_rejected_with_the_holder() {
    const ASKED: &str = "BIRDHOOK_TEST_FOLDER";
    let holder = async |folder: &Path| match rejected(folder).await.reason {
        StoreError::InUse(Some(holder)) => holder,
        reason => panic!("{reason}"),
    };
    if let Ok(folder) = std::env::var(ASKED) {
        assert_ne!(holder(folder.as_ref()).await.process, std::process::id());
        return;
    }
    let receiver = Receiver::new(inbox_settings()).await;
    let holder = holder(receiver.place.path()).await;
    assert_eq!(holder.process, std::process::id());
    let (folder, host) = (receiver.place.path().display(), &holder.host);
    let said = format!("it is in use by process {} on {host}; only one process at a time can open it", holder.process);
    let error = rejected(receiver.place.path()).await.to_string();
    assert_eq!(error, format!("cannot open the inbox in {folder}: {said}"));

    let mut other = Command::new(std::env::current_exe().unwrap());
    other.arg("a_second_opener_is_rejected_with_the_holder").env(ASKED, receiver.place.path());
    let output = other.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");

    assert_eq!(receiver.send(&deletions("7", [1])).await, 200, "rejected openers change nothing");
    assert_eq!(post(&*receiver.next().await), 1);
}

#[tokio::test]
async fn an_error_names_the_folder_that_cannot_be_created() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = rejected(&file.join("inbox")).await;
    assert!(matches!(error.reason, StoreError::Io(_)), "{error}");
    assert!(error.to_string().starts_with(&format!("cannot open the inbox in {}/inbox: ", file.display())), "{error}");
}

#[tokio::test]
async fn a_file_that_is_not_a_store_is_rejected_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("inbox.redb");
    let text = "my diary\n".repeat(1000);
    fs::write(&file, &text).unwrap();
    is_corrupt(folder.path(), "text").await;
    assert_eq!(fs::read_to_string(file).unwrap(), text);
}

#[tokio::test]
async fn a_later_format_is_rejected_with_both_versions_and_not_changed() {
    let folder = used().await;
    let write = |format: u64, progress: &[u8]| {
        let record = records::with_checksum(format.to_be_bytes().to_vec());
        records::set(folder.path(), ABOUT, 0, Some(&record));
        records::set(folder.path(), PROGRESS, 0, Some(progress));
    };
    // The bytes of the file differ after each opening, because redb marks it as open.
    let found = || {
        let tables = [DELIVERIES, PROGRESS, KEYS, ABOUT].map(|table| records::all(folder.path(), table));
        (tables, fs::read(folder.path().join("sealed")).unwrap())
    };
    let progress = records::get(folder.path(), PROGRESS, 0);
    // The records of a later version may have another form.
    for progress in [&*progress, b"another form"] {
        for format in [2, 9] {
            write(format, progress);
            let before = found();
            let error = rejected(folder.path()).await;
            assert!(matches!(error.reason, StoreError::TooNew(newer) if u64::from(newer) == format), "{error}");
            assert!(before == found(), "format {format}");
            let (folder, known) = (folder.path().display(), "this version of birdhook reads formats up to 1");
            let expected = format!("it has format {format}, but {known}: upgrade birdhook");
            assert_eq!(error.to_string(), format!("cannot open the inbox in {folder}: {expected}"));
        }
    }
    write(1, &progress);
    is_unharmed(&folder).await;
}

#[tokio::test]
async fn a_store_that_ends_before_the_watermark_is_rejected_with_advice() {
    let folder = used().await;
    let seal = folder.path().join("sealed");
    let right = fs::read(&seal).unwrap();
    let number = 41_u64.to_le_bytes();
    fs::write(&seal, [&number[..], &crc32fast::hash(&number).to_le_bytes()].concat()).unwrap();
    let error = is_corrupt(folder.path(), "first").await;
    let said = "it ends before batch 1, but batch 41 was answered 200; to open what is left, delete the file `sealed`";
    assert!(error.to_string().contains(said), "{error}");
    is_corrupt(folder.path(), "again").await;
    fs::write(&seal, right).unwrap();
    is_unharmed(&folder).await;
    fs::remove_file(&seal).unwrap();
    is_unharmed(&folder).await;
}

#[tokio::test]
async fn an_unreadable_watermark_is_ignored() {
    for seal in [&b""[..], b"short", &[0; 12], &[255; 40]] {
        let folder = used().await;
        fs::write(folder.path().join("sealed"), seal).unwrap();
        is_unharmed(&folder).await;
    }
}

#[tokio::test]
async fn a_damaged_record_is_rejected() {
    for table in [DELIVERIES, PROGRESS, KEYS] {
        let folder = used().await;
        let intact = records::get(folder.path(), table, 0);
        let mut damaged = intact.clone();
        damaged[9] ^= 1;
        for value in [&damaged[..], &[]] {
            records::set(folder.path(), table, 0, Some(value));
            is_corrupt(folder.path(), table).await;
        }
        records::set(folder.path(), table, 0, Some(&intact));
        is_unharmed(&folder).await;
    }
}

#[tokio::test]
async fn a_missing_record_is_rejected() {
    for table in [DELIVERIES, PROGRESS] {
        let folder = used().await;
        records::set(folder.path(), table, 0, None);
        is_corrupt(folder.path(), table).await;
    }
}

#[cfg(unix)]
mod unsafe_places {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    async fn is_unsafe(folder: &Path, said: &str) {
        let error = rejected(folder).await;
        assert!(matches!(error.reason, StoreError::Unsafe(_)), "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }

    #[tokio::test]
    async fn a_link_in_place_of_a_file_is_rejected_and_its_target_not_changed() {
        for name in ["inbox.redb", "sealed", "inbox.lock", "inbox.redb.lock"] {
            let folder = used().await;
            let (file, target) = (folder.path().join(name), tempfile::tempdir().unwrap());
            let target = target.path().join("target");
            fs::rename(&file, &target).unwrap();
            fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
            let before = fs::read(&target).unwrap();
            symlink(&target, &file).unwrap();
            is_unsafe(folder.path(), &format!("{name} is a symbolic link; replace it by a regular file")).await;
            assert_eq!(fs::read(&target).unwrap(), before, "{name}");
            assert_eq!(target.metadata().unwrap().permissions().mode() & 0o777, 0o640, "{name}");
            fs::remove_file(&file).unwrap();
            fs::rename(&target, &file).unwrap();
            is_unharmed(&folder).await;
        }
    }

    #[tokio::test]
    async fn a_dangling_link_and_a_folder_in_place_of_a_file_are_rejected() {
        for name in ["inbox.redb", "sealed", "inbox.lock", "inbox.redb.lock"] {
            let folder = tempfile::tempdir().unwrap();
            let (file, nothing) = (folder.path().join(name), folder.path().join("nothing"));
            symlink(&nothing, &file).unwrap();
            is_unsafe(folder.path(), &format!("{name} is a symbolic link; replace it by a regular file")).await;
            assert!(!nothing.exists());
            fs::remove_file(&file).unwrap();
            fs::create_dir(&file).unwrap();
            is_unsafe(folder.path(), &format!("{name} is not a regular file")).await;
        }
    }

    #[tokio::test]
    async fn an_unfinished_file_that_is_a_link_is_replaced_and_its_target_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let (unfinished, target) = (folder.path().join("inbox.new"), folder.path().join("target"));
        fs::write(&target, "letters").unwrap();
        symlink(&target, &unfinished).unwrap();
        Inbox::open(folder.path()).await.unwrap();
        assert_eq!(fs::read_to_string(target).unwrap(), "letters");
        assert!(!unfinished.exists());
    }

    /// A user who may write to a folder may replace each file in it. The folder's owner trusts its
    /// group.
    #[tokio::test]
    async fn a_folder_that_every_user_may_write_to_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        for (mode, is_refused) in [(0o777, true), (0o1777, true), (0o702, true), (0o2775, false), (0o755, false)] {
            let inbox = folder.path().join(format!("{mode:o}"));
            fs::create_dir(&inbox).unwrap();
            fs::set_permissions(&inbox, fs::Permissions::from_mode(mode)).unwrap();
            if is_refused {
                is_unsafe(&inbox, &format!("(mode {mode:04o}); run `chmod o-w {}`", inbox.display())).await;
                assert_eq!(fs::read_dir(&inbox).unwrap().count(), 0, "nothing was created in it");
            } else {
                Inbox::open(&inbox).await.unwrap();
            }
        }
    }
}
