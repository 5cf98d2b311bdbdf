//! The permissions of an inbox's files, and what it prints.

use std::time::Duration;

use crate::support::{Receiver, options};
use birdhook_inbox::{EventQuery, Inbox, Lease};

const TEXT: &str = "meet me at the pond";
const SENDER: &str = "3040506070";
const SUBSCRIBER: &str = "4030201000";
const SECRET: &str = "the-consumer-secret";

fn message() -> String {
    let content = format!(
        r#"{{"target":{{"recipient_id":"{SUBSCRIBER}"}},"sender_id":"{SENDER}","message_data":{{"text":"{TEXT}"}}}}"#
    );
    format!(
        r#"{{"for_user_id":"{SUBSCRIBER}","direct_message_events":[{{"type":"message_create","id":"1","created_timestamp":"1678000000001","message_create":{content}}}]}}"#
    )
}

#[tokio::test]
async fn nothing_that_is_printed_tells_what_people_write_or_who_they_are() {
    let receiver = Receiver::new(options());
    receiver.send(&message()).await;
    let mut printed = vec![format!("{:?}", options()), format!("{:?} {:?}", receiver.inbox, receiver.inbox.stats())];
    let leases = receiver.inbox.leases();
    printed.push(format!("{leases:?}"));
    let lease: Lease = receiver.next().await;
    printed.push(format!("{lease:?} {:?} {}", lease.event(), lease.id()));
    let query = EventQuery::all();
    let listed = receiver.inbox.list(query.clone()).await.unwrap();
    printed.push(format!("{query:?} {listed:?}"));
    printed.push(format!("{:?}", receiver.pipeline));
    let in_use = Inbox::open(receiver.folder.path()).unwrap_err();
    printed.push(format!("{in_use} {in_use:?}"));
    receiver.inbox.close(Duration::ZERO).await;
    let closed = lease.ack().await.unwrap_err();
    printed.push(format!("{closed} {closed:?}"));
    let closed = receiver.inbox.purge(SUBSCRIBER).await.unwrap_err();
    printed.push(format!("{closed} {closed:?}"));
    for text in printed {
        assert!(!text.is_empty());
        for hidden in [TEXT, SENDER, SUBSCRIBER, SECRET] {
            assert!(!text.contains(hidden), "{hidden} in {text}");
        }
    }
}

#[cfg(unix)]
mod permissions {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    fn files(folder: &Path) -> Vec<(String, u32)> {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path())
            .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), mode(&path)))
            .collect();
        files.sort();
        files
    }

    fn only_the_owners() -> Vec<(String, u32)> {
        ["inbox.lock", "inbox.redb", "inbox.redb.lock", "sealed"].map(|name| (name.to_owned(), 0o600)).into()
    }

    #[tokio::test]
    async fn only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("deeper/inbox");
        let inbox = options().open(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(files(&folder), only_the_owners());
        inbox.close(Duration::ZERO).await;
    }

    #[tokio::test]
    async fn files_that_others_may_read_are_the_owners_alone_once_it_is_open() {
        let receiver = Receiver::new(options());
        let folder = std::sync::Arc::clone(&receiver.folder);
        receiver.send(&message()).await;
        receiver.close().await;
        for (name, _) in files(folder.path()) {
            fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o666)).unwrap();
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let receiver = Receiver::open(&folder, options());
        assert_eq!(files(folder.path()), only_the_owners());
        assert_eq!(mode(folder.path()), 0o755, "the folder is whoever's made it, who may have other things there");
        receiver.close().await;
    }

    /// The mask applies to the whole process, so the test starts one of its own.
    #[test]
    fn a_loose_mask_makes_no_difference() {
        const ASKED: &str = "BIRDHOOK_TEST_FOLDER";
        if let Ok(folder) = std::env::var(ASKED) {
            options().open(folder).unwrap();
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("inbox");
        let program = std::env::current_exe().unwrap();
        let asked = format!("umask 000; exec '{}' a_loose_mask_makes_no_difference", program.display());
        let output = std::process::Command::new("sh").args(["-c", &asked]).env(ASKED, &folder).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(files(&folder), only_the_owners());
    }
}
