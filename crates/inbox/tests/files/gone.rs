//! Files that are deleted, moved or replaced while the inbox is open.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use birdhook_inbox::{Inbox, StoreError};

use crate::support::backend::{Fate, Switch};
use crate::support::{Receiver, deletions, inbox_settings, post, send, wait_until};

const STORE: &str = "inbox.redb";

fn file(receiver: &Receiver, name: &str) -> PathBuf {
    receiver.place.path().join(name)
}

/// Checks that deliveries are refused, and that health and `Inbox::failure` report it.
async fn is_refusing(receiver: &Receiver, number: u64) {
    assert_eq!(receiver.send(&deletions("7", [number])).await, 503);
    assert!(!receiver.pipeline.health().ready);
    let stats = receiver.inbox.stats();
    assert!(!stats.is_sound && stats.failures == 1, "{stats:?}");
    let said = "was deleted, moved or replaced while it was in use; put it back, or restart with what is there";
    let failure = receiver.inbox.failure().unwrap();
    assert_eq!(failure, format!("{} {said}", file(receiver, STORE).display()));
}

async fn takes_deliveries(receiver: &Receiver, number: u64) {
    wait_until(|| receiver.pipeline.health().ready).await;
    assert_eq!(receiver.inbox.failure(), None);
    assert!(receiver.inbox.stats().is_sound);
    assert_eq!(receiver.send(&deletions("7", [number])).await, 200);
}

#[tokio::test]
async fn a_deleted_moved_or_replaced_file_or_folder_makes_deliveries_answer_503() {
    type Meddle = fn(&Path);
    let cases: [(&str, Meddle); 4] = [
        ("a deleted file", |file| fs::remove_file(file).unwrap()),
        ("a replaced file", |file| {
            let copy = file.with_extension("copy");
            fs::copy(file, &copy).unwrap();
            fs::rename(copy, file).unwrap();
        }),
        ("a deleted folder", |file| fs::remove_dir_all(file.parent().unwrap()).unwrap()),
        ("a moved folder", |file| {
            let folder = file.parent().unwrap();
            fs::rename(folder, folder.with_extension("moved")).unwrap();
            fs::create_dir(folder).unwrap();
            fs::remove_dir_all(folder.with_extension("moved")).unwrap();
        }),
    ];
    for (name, meddle) in cases {
        println!("{name}:");
        let receiver = Receiver::holding(inbox_settings(), [1]).await;
        meddle(&file(&receiver, STORE));
        // The first delivery is refused after its commit, the later ones before theirs.
        is_refusing(&receiver, 2).await;
        is_refusing(&receiver, 3).await;
        is_refusing(&receiver, 2).await;
        assert_eq!(receiver.ack_next().await, (1, 1), "{name}: what was answered 200 is still delivered");
        is_refusing(&receiver, 1).await;
        receiver.close().await;
    }
}

#[tokio::test]
async fn a_deleted_file_is_detected_without_a_request() {
    let receiver = Receiver::new(inbox_settings()).await;
    fs::remove_file(file(&receiver, STORE)).unwrap();
    wait_until(|| !receiver.pipeline.health().ready).await;
    is_refusing(&receiver, 1).await;
}

#[cfg(feature = "tracing")]
#[tokio::test]
async fn a_deleted_and_a_restored_file_are_logged() {
    let log = tempfile::NamedTempFile::new().unwrap();
    // The inbox logs from its own thread, so the subscriber must be global.
    tracing_subscriber::fmt().with_writer(log.reopen().unwrap()).with_ansi(false).init();
    let receiver = Receiver::new(inbox_settings()).await;
    let (file, away) = (file(&receiver, STORE), file(&receiver, "away"));
    fs::rename(&file, &away).unwrap();
    is_refusing(&receiver, 1).await;
    fs::rename(&away, &file).unwrap();
    takes_deliveries(&receiver, 1).await;
    receiver.close().await;
    let text = fs::read_to_string(log.path()).unwrap();
    let refuses = format!("ERROR birdhook_inbox::observe: the inbox refuses deliveries why=\"{} was", file.display());
    assert_eq!(text.matches(&refuses).count(), 1, "{text}");
    assert_eq!(text.matches("INFO birdhook_inbox::observe: the inbox takes deliveries again").count(), 1, "{text}");
}

#[tokio::test]
async fn a_file_deleted_during_a_commit_makes_its_deliveries_answer_503() {
    let switch = Arc::<Switch>::default();
    let receiver = Receiver::failing(&switch, inbox_settings()).await;
    switch.set(Fate::Stuck);
    let pipeline = receiver.pipeline.clone();
    let sending = tokio::spawn(async move { send(&pipeline, &deletions("7", [1])).await });
    wait_until(|| switch.is_stuck.load(SeqCst)).await;
    fs::remove_file(file(&receiver, STORE)).unwrap();
    switch.set(Fate::Done);
    assert_eq!(sending.await.unwrap(), 503);
    is_refusing(&receiver, 1).await;
}

#[tokio::test]
async fn deliveries_are_accepted_again_once_the_file_is_restored() {
    let receiver = Receiver::holding(inbox_settings(), [1]).await;
    let (file, away) = (file(&receiver, STORE), file(&receiver, "away"));
    fs::rename(&file, &away).unwrap();
    is_refusing(&receiver, 2).await;
    fs::rename(&away, &file).unwrap();
    takes_deliveries(&receiver, 2).await;
    takes_deliveries(&receiver, 3).await;
    let receiver = receiver.reopen(inbox_settings()).await;
    let mut posts = Vec::new();
    for _ in 0..3 {
        posts.push(post(&*receiver.next().await));
    }
    assert_eq!(posts, [1, 2, 3]);
}

#[tokio::test]
async fn a_deleted_lock_file_is_created_and_locked_again() {
    let receiver = Receiver::new(inbox_settings()).await;
    for name in ["inbox.lock", "inbox.redb.lock"] {
        fs::remove_file(file(&receiver, name)).unwrap();
        let error = Inbox::open(receiver.place.path()).await.unwrap_err();
        assert!(matches!(error.reason, StoreError::InUse(_)), "{error}");
    }
    takes_deliveries(&receiver, 1).await;
    for name in ["inbox.lock", "inbox.redb.lock"] {
        assert_ne!(fs::read(file(&receiver, name)).unwrap(), b"", "{name}");
    }
    takes_deliveries(&receiver, 2).await;
}

#[tokio::test]
async fn a_deleted_watermark_is_written_again_and_an_older_copy_of_the_store_is_rejected() {
    let receiver = Receiver::holding(inbox_settings(), [1]).await;
    let receiver = receiver.reopen(inbox_settings()).await;
    let older = fs::read(file(&receiver, STORE)).unwrap();
    assert_eq!(receiver.send(&deletions("7", [2])).await, 200);
    fs::remove_file(file(&receiver, "sealed")).unwrap();
    wait_until(|| file(&receiver, "sealed").exists()).await;
    assert!(receiver.pipeline.health().ready);
    let folder = receiver.close().await;
    fs::write(folder.path().join(STORE), older).unwrap();
    let error = Inbox::open(folder.path()).await.unwrap_err();
    assert!(error.to_string().contains("it ends before batch 1, but batch 1 was answered 200"), "{error}");
}
