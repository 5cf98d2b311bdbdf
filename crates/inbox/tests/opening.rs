//! Folders that cannot be opened, and the errors they cause.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::support::{Receiver, deletions, options, post};
use birdhook_inbox::{Change, Inbox, OpenError, RedbStore, Store, StoreError, Table};
use bytes::Bytes;
use tempfile::TempDir;

fn refused(folder: &Path) -> OpenError {
    Inbox::open(folder).map(drop).unwrap_err()
}

/// Returns a folder with a closed inbox that holds one event.
async fn used() -> Arc<TempDir> {
    let receiver = Receiver::new(options());
    let folder = Arc::clone(&receiver.folder);
    assert_eq!(receiver.send(&deletions("7", [1])).await, 200);
    receiver.close().await;
    folder
}

async fn is_unharmed(folder: &Arc<TempDir>) {
    let receiver = Receiver::open(folder, options());
    assert_eq!(post(&*receiver.next().await), 1);
}

#[tokio::test]
async fn a_folder_belongs_to_one_inbox_of_one_process() {
    const ASKED: &str = "BIRDHOOK_TEST_FOLDER";
    let holder = |folder: &Path| match refused(folder).reason {
        StoreError::InUse(Some(holder)) => holder,
        reason => panic!("{reason}"),
    };
    if let Ok(folder) = std::env::var(ASKED) {
        assert_ne!(holder(folder.as_ref()).process, std::process::id());
        return;
    }
    let receiver = Receiver::new(options());
    let holder = holder(receiver.folder.path());
    assert_eq!(holder.process, std::process::id());
    let (folder, host) = (receiver.folder.path().display(), &holder.host);
    let said = format!("it is in use by process {} on {host}; only one process at a time can open it", holder.process);
    let error = refused(receiver.folder.path()).to_string();
    assert_eq!(error, format!("cannot open the inbox in {folder}: {said}"));

    let mut other = Command::new(std::env::current_exe().unwrap());
    other.arg("a_folder_belongs_to_one_inbox_of_one_process").env(ASKED, receiver.folder.path());
    let output = other.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");

    assert_eq!(receiver.send(&deletions("7", [1])).await, 200, "those who came later did it no harm");
    assert_eq!(post(&*receiver.next().await), 1);
}

#[test]
fn a_folder_that_cannot_be_made_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = refused(&file.join("inbox"));
    assert!(matches!(error.reason, StoreError::Io(_)), "{error}");
    assert!(error.to_string().starts_with(&format!("cannot open the inbox in {}/inbox: ", file.display())), "{error}");
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("inbox.redb");
    let text = "my diary\n".repeat(1000);
    fs::write(&file, &text).unwrap();
    let error = refused(folder.path());
    assert!(matches!(error.reason, StoreError::Corrupt(_)), "{error}");
    assert_eq!(fs::read_to_string(file).unwrap(), text);
}

/// Returns every record. The bytes of the file differ after each opening, because redb marks it as
/// open.
fn records(file: &Path) -> Vec<(Table, u64, Bytes)> {
    let (store, mut records) = (RedbStore::open(file).unwrap(), Vec::new());
    for table in Table::ALL {
        let mut add = |key, record| {
            records.push((table, key, record));
            true
        };
        store.scan(table, 0, &mut add).unwrap();
    }
    records
}

#[tokio::test]
async fn a_later_format_is_refused_with_both_versions_and_not_touched() {
    let folder = used().await;
    let file = folder.path().join("inbox.redb");
    let write = |format: u64, progress: Bytes| {
        let mut value = format.to_be_bytes().to_vec();
        value.extend(crc32fast::hash(&value).to_be_bytes());
        let format = Change { table: Table::About, key: 0, value: Some(value.into()) };
        let progress = Change { table: Table::Progress, key: 0, value: Some(progress) };
        RedbStore::open(&file).unwrap().commit(&[format, progress]).unwrap();
    };
    let progress = RedbStore::open(&file).unwrap().get(Table::Progress, 0).unwrap().unwrap();
    // The records of a later version may have another form.
    for progress in [progress.clone(), Bytes::from_static(b"another form")] {
        for format in [2, 9] {
            write(format, progress.clone());
            let before = (records(&file), fs::read(folder.path().join("sealed")).unwrap());
            let error = refused(folder.path());
            assert!(matches!(error.reason, StoreError::TooNew(found) if u64::from(found) == format), "{error}");
            assert!(before == (records(&file), fs::read(folder.path().join("sealed")).unwrap()), "format {format}");
            let (folder, known) = (folder.path().display(), "this version of birdhook reads formats up to 1");
            let expected = format!("it has format {format}, but {known}: upgrade birdhook");
            assert_eq!(error.to_string(), format!("cannot open the inbox in {folder}: {expected}"));
        }
    }
    write(1, progress);
    is_unharmed(&folder).await;
}

#[tokio::test]
async fn a_store_that_ends_before_what_was_answered_is_refused_with_what_to_do() {
    let folder = used().await;
    let seal = folder.path().join("sealed");
    let right = fs::read(&seal).unwrap();
    let number = 41_u64.to_le_bytes();
    fs::write(&seal, [&number[..], &crc32fast::hash(&number).to_le_bytes()].concat()).unwrap();
    let error = refused(folder.path());
    assert!(matches!(error.reason, StoreError::Corrupt(_)), "{error}");
    let said =
        "it ends before batch 1, but batch 41 was answered 200; to go on with what is left, remove the file `sealed`";
    assert!(error.to_string().contains(said), "{error}");
    assert!(matches!(refused(folder.path()).reason, StoreError::Corrupt(_)), "and again");
    fs::write(&seal, right).unwrap();
    is_unharmed(&folder).await;
    fs::remove_file(&seal).unwrap();
    is_unharmed(&folder).await;
}

#[tokio::test]
async fn a_seal_that_cannot_be_read_claims_nothing() {
    for seal in [&b""[..], b"short", &[0; 12], &[255; 40]] {
        let folder = used().await;
        fs::write(folder.path().join("sealed"), seal).unwrap();
        is_unharmed(&folder).await;
    }
}

#[tokio::test]
async fn a_damaged_record_is_refused_and_never_taken_for_less() {
    for table in [Table::Deliveries, Table::Progress, Table::Keys] {
        let folder = used().await;
        let file = folder.path().join("inbox.redb");
        let mut store = RedbStore::open(&file).unwrap();
        let whole = store.get(table, 0).unwrap().unwrap();
        let mut damaged = whole.to_vec();
        damaged[9] ^= 1;
        for value in [Some(damaged.into()), Some(Bytes::new())] {
            store.commit(&[Change { table, key: 0, value }]).unwrap();
            drop(store);
            let error = refused(folder.path());
            assert!(matches!(error.reason, StoreError::Corrupt(_)), "{table:?}: {error}");
            store = RedbStore::open(&file).unwrap();
        }
        store.commit(&[Change { table, key: 0, value: Some(whole) }]).unwrap();
        drop(store);
        is_unharmed(&folder).await;
    }
}

#[tokio::test]
async fn a_record_that_is_missing_is_noticed() {
    for table in [Table::Deliveries, Table::Progress] {
        let folder = used().await;
        let mut store = RedbStore::open(folder.path().join("inbox.redb")).unwrap();
        store.commit(&[Change { table, key: 0, value: None }]).unwrap();
        drop(store);
        let error = refused(folder.path());
        assert!(matches!(error.reason, StoreError::Corrupt(_)), "{table:?}: {error}");
    }
}

#[cfg(unix)]
mod unsafe_places {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn is_unsafe(folder: &Path, said: &str) {
        let error = refused(folder);
        assert!(matches!(error.reason, StoreError::Unsafe(_)), "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }

    #[tokio::test]
    async fn a_link_in_place_of_a_file_is_refused_and_its_target_left_as_it_is() {
        for name in ["inbox.redb", "sealed", "inbox.lock", "inbox.redb.lock"] {
            let folder = used().await;
            let (file, target) = (folder.path().join(name), tempfile::tempdir().unwrap());
            let target = target.path().join("target");
            fs::rename(&file, &target).unwrap();
            fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
            let before = fs::read(&target).unwrap();
            symlink(&target, &file).unwrap();
            is_unsafe(folder.path(), &format!("{name} is a symbolic link; replace it by a regular file"));
            assert_eq!(fs::read(&target).unwrap(), before, "{name}");
            assert_eq!(target.metadata().unwrap().permissions().mode() & 0o777, 0o640, "{name}");
            fs::remove_file(&file).unwrap();
            fs::rename(&target, &file).unwrap();
            is_unharmed(&folder).await;
        }
    }

    #[test]
    fn a_link_to_nothing_and_a_folder_in_place_of_a_file_are_refused() {
        for name in ["inbox.redb", "sealed", "inbox.lock", "inbox.redb.lock"] {
            let folder = tempfile::tempdir().unwrap();
            let (file, nothing) = (folder.path().join(name), folder.path().join("nothing"));
            symlink(&nothing, &file).unwrap();
            is_unsafe(folder.path(), &format!("{name} is a symbolic link; replace it by a regular file"));
            assert!(!nothing.exists());
            fs::remove_file(&file).unwrap();
            fs::create_dir(&file).unwrap();
            is_unsafe(folder.path(), &format!("{name} is not a regular file"));
        }
    }

    #[test]
    fn an_unfinished_file_that_is_a_link_is_replaced_and_its_target_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (unfinished, target) = (folder.path().join("inbox.new"), folder.path().join("target"));
        fs::write(&target, "letters").unwrap();
        symlink(&target, &unfinished).unwrap();
        Inbox::open(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(target).unwrap(), "letters");
        assert!(!unfinished.exists());
    }

    /// A user who may write to a folder may replace each file in it. The folder's owner trusts its
    /// group.
    #[test]
    fn a_folder_that_everyone_may_write_to_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for (mode, is_refused) in [(0o777, true), (0o1777, true), (0o702, true), (0o2775, false), (0o755, false)] {
            let inbox = folder.path().join(format!("{mode:o}"));
            fs::create_dir(&inbox).unwrap();
            fs::set_permissions(&inbox, fs::Permissions::from_mode(mode)).unwrap();
            if is_refused {
                is_unsafe(&inbox, &format!("(mode {mode:04o}); run `chmod o-w {}`", inbox.display()));
                assert_eq!(fs::read_dir(&inbox).unwrap().count(), 0, "nothing was made in it");
            } else {
                Inbox::open(&inbox).unwrap();
            }
        }
    }
}
