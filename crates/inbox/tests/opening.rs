//! Folders that cannot be opened, and what is said then.

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

/// A folder with an inbox that holds one event, closed.
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
    if let Ok(folder) = std::env::var(ASKED) {
        let error = refused(folder.as_ref());
        assert!(matches!(error.reason, StoreError::InUse), "{error}");
        return;
    }
    let receiver = Receiver::new(options());
    let error = refused(receiver.folder.path());
    assert!(matches!(error.reason, StoreError::InUse), "{error}");
    let folder = receiver.folder.path().display();
    let said = format!("cannot open the inbox in {folder}: it is open already, in this process or another one");
    assert_eq!(error.to_string(), said);

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

#[tokio::test]
async fn a_later_format_is_refused_and_not_touched() {
    let folder = used().await;
    let file = folder.path().join("inbox.redb");
    let write = |format: u64| {
        let mut value = format.to_be_bytes().to_vec();
        value.extend(crc32fast::hash(&value).to_be_bytes());
        let change = Change { table: Table::About, key: 0, value: Some(Bytes::from(value)) };
        RedbStore::open(&file).unwrap().commit(&[change]).unwrap();
    };
    write(9);
    let error = refused(folder.path());
    assert!(matches!(error.reason, StoreError::TooNew(9)), "{error}");
    assert!(error.to_string().ends_with("it has format 9, of a later version of birdhook"), "{error}");
    write(1);
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
