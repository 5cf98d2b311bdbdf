//! Backups of an inbox, taken while it is used.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use birdhook_inbox::control::{Client, ControlError, InboxAccess};
use birdhook_inbox::{Backup, BackupError, EventQuery, EventStatus, Inbox, StoreError};
use tempfile::TempDir;

use crate::files::redb_file::RedbFile;
use crate::support::backend::{Backend, Fate, Switch};
use crate::support::{PATIENCE, Receiver, deletions, inbox_settings, posts, send, wait_until};

/// A folder for a backup and for the inbox that is restored from it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("events.backup")
    }

    fn restored(&self) -> PathBuf {
        self.0.path().join("deeper/restored")
    }

    fn names(&self) -> Vec<String> {
        names(self.0.path())
    }

    /// Restores the backup, and returns the inbox in it.
    async fn restore(&self) -> (Backup, Inbox) {
        let backup = Inbox::restore(self.file(), self.restored()).await.unwrap();
        (backup, inbox_settings().open(self.restored()).await.unwrap())
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Returns the posts of all events that are not acknowledged.
async fn list(inbox: &Inbox) -> Vec<u64> {
    let listed = inbox.list(EventQuery::all().limit(usize::MAX)).await.unwrap();
    posts(listed.iter().filter(|listed| listed.status != EventStatus::Acknowledged))
}

#[tokio::test]
async fn a_restored_inbox_has_the_events_states_and_keys_of_the_backup() {
    let receiver = Receiver::holding(inbox_settings(), 1..=4).await;
    receiver.next().await.reject().await.unwrap();
    receiver.ack_next().await;
    let place = Place::new();
    let backup = receiver.inbox.backup(place.file()).await.unwrap();
    assert_eq!((backup.events, backup.dead), (4, 1));
    assert_eq!(backup.bytes, place.file().metadata().unwrap().len());
    // Later changes are not in it.
    receiver.send(&deletions("7", [5])).await;
    receiver.ack_next().await;
    receiver.close().await;

    let (restored, inbox) = place.restore().await;
    assert_eq!(restored, backup);
    assert_eq!(list(&inbox).await, [1, 3, 4]);
    let dead = inbox.list(EventQuery::all().status(EventStatus::Dead)).await.unwrap();
    assert_eq!(posts(&dead), [1]);
    let restored = Receiver::behind(&RedbFile::create(), inbox, crate::support::webhook());
    assert_eq!(restored.send(&deletions("7", [2, 5])).await, 200);
    let leased = [restored.ack_next().await, restored.ack_next().await, restored.ack_next().await];
    // As after a crash, the prefetched events have an attempt more. The duplicate of 2 is recognised.
    assert_eq!(leased, [(3, 2), (4, 2), (5, 1)]);
    assert!(restored.is_quiet().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_holds_everything_answered_before_and_is_one_moment() {
    let receiver = Receiver::new(inbox_settings()).await;
    for first in (0..2000).step_by(20) {
        receiver.send(&deletions("7", first..first + 20)).await;
    }
    let pipeline = receiver.pipeline.clone();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let load = tokio::spawn(async move {
        let mut next = 2000;
        while !*stopped.borrow() {
            assert_eq!(send(&pipeline, &deletions("7", next..next + 3)).await, 200);
            next += 3;
        }
        next
    });
    let place = Place::new();
    let backup = receiver.inbox.backup(place.file()).await.unwrap();
    let answered_during = receiver.inbox.stats().stored;
    stop.send(true).unwrap();
    let sent = load.await.unwrap();
    assert!(receiver.inbox.stats().stored >= answered_during);
    receiver.inbox.verify().await.unwrap();
    receiver.close().await;

    let (_, inbox) = place.restore().await;
    let found = list(&inbox).await;
    assert_eq!(found.len(), backup.events);
    assert!((2000..=sent).contains(&(found.len() as u64)), "{} of {sent}", found.len());
    assert_eq!(found, Vec::from_iter(0..found.len() as u64), "no later event without an earlier one");
    assert_eq!(found.len() % 3, 2000 % 3, "whole deliveries");
}

#[tokio::test]
async fn a_client_has_the_owner_write_a_backup() {
    let receiver = Receiver::holding(inbox_settings().control_socket(true), 1..=3).await;
    let place = Place::new();
    let client = Client::connect(receiver.place.path()).await.unwrap().unwrap();
    let access = InboxAccess::from(client);
    let backup = access.backup(place.file()).await.unwrap();
    assert_eq!((backup.events, backup.dead), (3, 0));
    match access.backup(place.file()).await {
        Err(ControlError::Refused { code, message }) => {
            assert_eq!((&*code, message), ("failed", format!("{} exists: name a new file", place.file().display())));
        }
        other => panic!("{other:?}"),
    }
    let (_, inbox) = place.restore().await;
    assert_eq!(list(&inbox).await, [1, 2, 3]);
}

#[tokio::test]
async fn only_the_owner_may_read_a_backup_and_a_restored_inbox() {
    let receiver = Receiver::holding(inbox_settings(), [1]).await;
    let place = Place::new();
    receiver.inbox.backup(place.file()).await.unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&place.file()), place.names()), (0o600, vec!["events.backup".to_owned()]));
    Inbox::restore(place.file(), place.restored()).await.unwrap();
    assert_eq!((mode(&place.restored()), mode(&place.restored().join("inbox.redb"))), (0o700, 0o600));
    assert_eq!(names(&place.restored()), ["inbox.lock", "inbox.redb"]);
}

#[tokio::test]
async fn a_backup_replaces_no_file_and_needs_space() {
    let receiver = Receiver::holding(inbox_settings(), [1]).await;
    let place = Place::new();
    fs::write(place.file(), "mine").unwrap();
    let error = receiver.inbox.backup(place.file()).await.unwrap_err();
    assert!(matches!(error, BackupError::Exists(_)), "{error}");
    assert_eq!(fs::read(place.file()).unwrap(), b"mine");
    let error = receiver.inbox.backup(place.restored()).await.unwrap_err();
    assert!(matches!(error, BackupError::File { .. }), "the folder is missing: {error}");

    let place = Place::new();
    let receiver = receiver.reopen(inbox_settings().free_space(u64::MAX - 1)).await;
    let error = receiver.inbox.backup(place.file()).await.unwrap_err();
    assert!(matches!(error, BackupError::NoSpace { .. }), "{error}");
    assert!(place.names().is_empty());
}

#[tokio::test]
async fn what_an_interrupted_backup_left_is_refused_and_replaced() {
    let receiver = Receiver::holding(inbox_settings(), 1..=3).await;
    let place = Place::new();
    let partial = place.0.path().join("events.backup.partial");
    receiver.inbox.backup(place.file()).await.unwrap();
    let whole = fs::read(place.file()).unwrap();
    // The store of an inbox has all records, but not the one that completes a backup.
    let inbox = receiver.close().await;
    let unmarked = fs::read(inbox.path().join("inbox.redb")).unwrap();
    for (content, is_incomplete) in [(&unmarked[..], true), (&whole[..whole.len() / 2], false), (b"", true)] {
        fs::write(&partial, content).unwrap();
        let error = Inbox::restore(&partial, place.restored()).await.unwrap_err();
        assert_eq!(matches!(error, BackupError::Incomplete(_)), is_incomplete, "{error}");
        assert!(!place.0.path().join("deeper").exists(), "the folders are removed again");
        assert_eq!(fs::read(&partial).unwrap(), content, "a backup is only read");
    }
    let receiver = Receiver::open(&inbox, inbox_settings()).await;
    fs::write(&partial, "cut off").unwrap();
    fs::remove_file(place.file()).unwrap();
    receiver.inbox.backup(place.file()).await.unwrap();
    assert_eq!(place.names(), ["events.backup"]);
}

#[tokio::test]
async fn a_damaged_backup_is_not_restored() {
    let receiver = Receiver::holding(inbox_settings(), 1..=3).await;
    let place = Place::new();
    receiver.inbox.backup(place.file()).await.unwrap();
    let mut bytes = fs::read(place.file()).unwrap();
    let at = bytes.windows(19).position(|part| part == b"tweet_delete_events").unwrap();
    bytes[at] ^= 1;
    fs::write(place.file(), &bytes).unwrap();
    let error = Inbox::restore(place.file(), place.restored()).await.unwrap_err();
    assert!(matches!(error, BackupError::File { reason: StoreError::Corrupt(_), .. }), "{error}");
    assert!(!place.0.path().join("deeper").exists());
}

#[tokio::test]
async fn a_backup_is_restored_only_to_an_empty_folder_that_no_process_uses() {
    let receiver = Receiver::holding(inbox_settings(), [1]).await;
    let place = Place::new();
    receiver.inbox.backup(place.file()).await.unwrap();
    let folder = receiver.place.path().to_owned();
    let in_use = Inbox::restore(place.file(), &folder).await.unwrap_err();
    assert!(matches!(in_use, BackupError::InUse { holder: Some(_), .. }), "{in_use}");
    assert_eq!(list(&receiver.inbox).await, [1]);
    let _folder = receiver.close().await;
    let not_empty = Inbox::restore(place.file(), &folder).await.unwrap_err();
    assert!(matches!(not_empty, BackupError::NotEmpty(_)), "{not_empty}");
    fs::create_dir_all(place.restored()).unwrap();
    let (_, inbox) = place.restore().await;
    assert_eq!(list(&inbox).await, [1], "an empty folder is used");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_store_ends_a_backup_and_is_opened_again() {
    let switch = std::sync::Arc::<Switch>::default();
    let receiver = Receiver::failing(&switch, inbox_settings()).await;
    for first in (0..4000).step_by(100) {
        receiver.send(&deletions("7", first..first + 100)).await;
    }
    // Backups run one after the other, so that one is being written when the store fails.
    let (inbox, place) = (receiver.inbox.clone(), Place::new());
    let folder = place.0.path().to_owned();
    let backups = tokio::spawn(async move {
        let mut outcomes = BTreeSet::new();
        for number in 0..20 {
            let written = inbox.backup(folder.join(number.to_string())).await;
            outcomes.insert(written.is_ok());
        }
        outcomes
    });
    wait_until(|| !place.names().is_empty()).await;
    switch.set(Fate::Lost);
    receiver.send(&deletions("7", [1_000_000])).await;
    switch.set(Fate::Done);
    wait_until(|| receiver.inbox.failure().is_none()).await;
    assert_eq!(receiver.send(&deletions("7", [1_000_001])).await, 200);
    let outcomes = tokio::time::timeout(PATIENCE, backups).await.unwrap().unwrap();
    assert!(outcomes.contains(&true), "backups continue after the failure");
    assert!(place.names().iter().all(|name| !name.ends_with(".partial")), "{:?}", place.names());
    receiver.inbox.verify().await.unwrap();
}

#[tokio::test]
async fn of_two_restorations_to_one_folder_one_succeeds() {
    let receiver = Receiver::holding(inbox_settings(), [1]).await;
    let place = Place::new();
    receiver.inbox.backup(place.file()).await.unwrap();
    for round in 0..20 {
        let folder = place.0.path().join(round.to_string());
        let restore = || Inbox::restore(place.file(), &folder);
        let (one, other) = tokio::join!(restore(), restore());
        let error = match (one, other) {
            (Ok(_), Err(error)) | (Err(error), Ok(_)) => error,
            both => panic!("{both:?}"),
        };
        assert!(matches!(error, BackupError::InUse { .. } | BackupError::NotEmpty(_)), "{error}");
        assert_eq!(list(&inbox_settings().open(&folder).await.unwrap()).await, [1]);
    }
}

/// The number of deliveries of an inbox whose backup takes a while. Each is large.
const MANY: usize = 60;

fn large_delivery(post: usize) -> String {
    let filler = "x".repeat(900_000);
    format!(r#"{{"for_user_id":"7","filler":"{filler}","tweet_delete_events":[{{"status":{{"id":"{post}"}}}}]}}"#)
}

/// Starts a backup of a large inbox, and waits until it is being written.
async fn being_backed_up(place: &Place) -> (Receiver, tokio::task::JoinHandle<Result<Backup, BackupError>>) {
    let receiver = Receiver::new(inbox_settings()).await;
    for post in 0..MANY {
        assert_eq!(receiver.send(&large_delivery(post)).await, 200);
    }
    let (inbox, file) = (receiver.inbox.clone(), place.file());
    let backup = tokio::spawn(async move { inbox.backup(file).await });
    let partial = place.0.path().join("events.backup.partial");
    wait_until(|| partial.exists() || place.file().exists()).await;
    (receiver, backup)
}

#[tokio::test(flavor = "multi_thread")]
async fn verifying_during_a_backup_is_refused_and_harms_nothing() {
    let place = Place::new();
    let (receiver, backup) = being_backed_up(&place).await;
    if let Err(error) = receiver.inbox.verify().await {
        assert!(error.to_string().contains("a backup is being written"), "{error}");
    }
    assert_eq!(receiver.send(&deletions("7", [1_000_000])).await, 200);
    assert_eq!((receiver.inbox.failure(), receiver.inbox.stats().failures), (None, 0));
    assert_eq!(backup.await.unwrap().unwrap().events, MANY);
    assert_eq!(receiver.inbox.verify().await.unwrap(), MANY + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_ends_a_backup_and_leaves_no_file() {
    let place = Place::new();
    let (receiver, backup) = being_backed_up(&place).await;
    let folder = receiver.close().await;
    match backup.await.unwrap() {
        Ok(_) => assert_eq!(place.names(), ["events.backup"]),
        Err(_) => assert!(place.names().is_empty(), "{:?}", place.names()),
    }
    // The folder is free again.
    let inbox = inbox_settings().open(folder.path()).await.unwrap();
    assert_eq!(inbox.stats().depth, MANY);
}
