//! The control socket of an open inbox.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use birdhook_inbox::control::{Client, ControlError, InboxAccess};
use birdhook_inbox::{EventId, EventQuery, EventStatus, Inbox, InboxSettings, ListedEvent, StoreError};
use serde_json::{Value, json};

use crate::support::backend::Backend;
use crate::support::{Receiver, deletions, inbox_settings, message, posts};

fn with_socket() -> InboxSettings {
    inbox_settings().control_socket(true)
}

async fn client(receiver: &Receiver) -> InboxAccess {
    Client::connect(receiver.place.path()).await.unwrap().expect("a socket").into()
}

/// Sends these bytes on a connection of their own, and returns the lines of the reply.
fn send_raw(folder: &Path, request: &[u8]) -> Vec<Value> {
    let mut stream = UnixStream::connect(folder.join("control.sock")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // The inbox may refuse the request before it has read everything.
    let _ = stream.write_all(request);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    BufReader::new(stream).lines().map_while(Result::ok).map(|line| serde_json::from_str(&line).unwrap()).collect()
}

fn code(reply: &Value) -> &str {
    assert_eq!(reply["version"], 1, "{reply}");
    reply["error"]["code"].as_str().unwrap_or_else(|| panic!("no error: {reply}"))
}

/// Describes everything that a list shows of an event.
fn described(listed: &ListedEvent) -> Value {
    let event = listed.event.as_ref().unwrap();
    json!({
        "id": listed.id.to_string(), "status": listed.status.as_str(), "attempts": listed.attempts,
        "stored_at": listed.stored_at.to_string(), "event": event.report().with_raw(),
        "dedupe_key": event.dedupe_key().to_string(),
    })
}

async fn dead_letter(receiver: &Receiver) -> EventId {
    let lease = receiver.next().await;
    let id = lease.id();
    lease.reject().await.unwrap();
    id
}

#[tokio::test]
async fn the_socket_exists_only_if_requested_and_while_the_inbox_is_open() {
    let receiver = Receiver::new(inbox_settings()).await;
    assert!(!receiver.place.path().join("control.sock").exists());
    assert!(Client::connect(receiver.place.path()).await.unwrap().is_none());
    let receiver = receiver.reopen(with_socket()).await;
    let socket = receiver.place.path().join("control.sock");
    let found = fs::symlink_metadata(&socket).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o777, 0o600);
    client(&receiver).await.snapshot().await.unwrap();
    let folder = receiver.close().await;
    assert!(!socket.exists());
    assert!(Client::connect(folder.path()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_client_lists_the_same_events_as_the_inbox() {
    let receiver = Receiver::holding(with_socket(), 1..=3).await;
    receiver.send(&message("9", "8", "9", "a \\\"quoted\\\" line\\nand \u{1F41D}")).await;
    receiver.send(&deletions("9", 4..=5)).await;
    let dead = dead_letter(&receiver).await;
    let access = client(&receiver).await;
    let all = receiver.list(EventQuery::all()).await;
    assert_eq!(all.len(), 6);
    let listed = access.list(EventQuery::all()).await.unwrap();
    assert_eq!(Vec::from_iter(listed.iter().map(described)), Vec::from_iter(all.iter().map(described)));
    let found = access.find(dead).await.unwrap().unwrap();
    assert_eq!((found.id, found.status), (dead, EventStatus::Dead));
    assert!(access.find("99.0".parse().unwrap()).await.unwrap().is_none());
    let (stats, snapshot) = (receiver.inbox.stats(), access.snapshot().await.unwrap());
    assert_eq!((snapshot.stats.depth, snapshot.stats.dead), (stats.depth, 1));
    assert_eq!((snapshot.stats.stored, snapshot.failure), (6, None));
}

#[tokio::test]
async fn a_query_selects_by_status_kind_and_subscriber_and_continues_after_a_page() {
    let receiver = Receiver::holding(with_socket(), 1..=3).await;
    receiver.send(&message("9", "8", "9", "x")).await;
    receiver.send(&deletions("9", 4..=6)).await;
    let access = [client(&receiver).await, receiver.inbox.clone().into()];
    for access in access {
        let theirs = EventQuery::all().subscriber("9").kind("post_deleted".parse().unwrap());
        assert_eq!(posts(&access.list(theirs.clone()).await.unwrap()), [4, 5, 6]);
        let first = access.page(theirs.clone().limit(2)).await.unwrap();
        assert_eq!(posts(&first.events), [4, 5]);
        let rest = access.page(theirs.clone().after(first.next.unwrap())).await.unwrap();
        assert_eq!((posts(&rest.events), rest.next), (vec![6], None));
        assert_eq!(posts(&access.list(EventQuery::all().limit(3)).await.unwrap()), [1, 2, 3]);
        assert!(access.list(theirs.status(EventStatus::Dead)).await.unwrap().is_empty());
    }
    assert_eq!(posts(&receiver.list(EventQuery::all().subscriber("7").limit(2)).await), [1, 2]);
}

#[tokio::test]
async fn a_client_requeues_discards_purges_and_verifies() {
    let receiver = Receiver::holding(with_socket(), 1..=3).await;
    receiver.send(&deletions("9", 4..=5)).await;
    let access = client(&receiver).await;
    let dead = dead_letter(&receiver).await;
    assert_eq!(access.requeue(&[dead, "99.0".parse().unwrap()]).await.unwrap(), 1);
    assert_eq!(access.requeue(&[dead]).await.unwrap(), 0, "it is no longer a dead letter");
    assert_eq!(access.discard(&[dead]).await.unwrap(), 1);
    assert_eq!(access.purge("9").await.unwrap(), 2);
    assert_eq!(receiver.inbox.stats().depth, 2);
    assert!(access.verify().await.unwrap() >= 2);
}

#[tokio::test]
async fn a_request_that_cannot_be_understood_is_refused_with_the_reason() {
    let receiver = Receiver::holding(with_socket(), [1]).await;
    let folder = receiver.place.path().to_owned();
    let replies = tokio::task::spawn_blocking(move || {
        for (request, wanted, reason) in [
            ("{\"version\":2,\"request\":\"stats\",\"new\":1}\n", "unsupported_version", "version 2"),
            ("{\"request\":\"stats\"}\n", "invalid_request", "version"),
            ("stats\n", "invalid_request", "invalid request"),
            ("\n", "invalid_request", "invalid request"),
            ("{\"version\":1,\"request\":\"delete\"}\n", "invalid_request", "unknown request"),
            ("{\"version\":1,\"request\":\"list\",\"statsu\":\"dead\"}\n", "invalid_request", "statsu"),
            ("{\"version\":1,\"request\":\"list\",\"status\":\"lost\"}\n", "invalid_request", "unknown status"),
            ("{\"version\":1,\"request\":\"list\",\"limit\":-1}\n", "invalid_request", "invalid request"),
            ("{\"version\":1,\"request\":\"discard\"}\n", "invalid_request", "`ids`"),
            ("{\"version\":1,\"request\":\"discard\",\"ids\":[\"x\"]}\n", "invalid_request", "invalid event id"),
            ("{\"version\":1,\"request\":\"purge\",\"subscriber\":\"\"}\n", "invalid_request", "`subscriber`"),
        ] {
            let replies = send_raw(&folder, request.as_bytes());
            assert_eq!(replies.len(), 1, "{request}");
            assert_eq!(code(&replies[0]), wanted, "{request}");
            let message = replies[0]["error"]["message"].as_str().unwrap();
            assert!(message.contains(reason), "{request}: {message}");
        }
        let long = send_raw(&folder, &vec![b'x'; 80 << 10]);
        assert_eq!((long.len(), code(&long[0])), (1, "too_large"));
        let one = "{\"version\":1,\"request\":\"stats\"}\n";
        assert!(send_raw(&folder, one.trim().as_bytes()).is_empty(), "an unfinished line");
        send_raw(&folder, [one, "x\n", one].concat().as_bytes())
    });
    let replies = replies.await.unwrap();
    assert_eq!(replies.len(), 3, "a connection continues after an error");
    assert_eq!(replies[2]["result"]["stats"]["depth"], 1);
    assert_eq!(receiver.list(EventQuery::all()).await.len(), 1);
}

#[tokio::test]
async fn connections_are_limited_and_idle_ones_delay_neither_deliveries_nor_the_end() {
    let receiver = Receiver::new(with_socket()).await;
    let socket = receiver.place.path().join("control.sock");
    let mut idle: Vec<_> = (0..16).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    idle.iter_mut().for_each(|stream| stream.write_all(b"{\"version\":1,").unwrap());
    // Accepted after the others, because they are in the same queue.
    match Client::connect(receiver.place.path()).await {
        Err(ControlError::Refused { code, .. }) => assert_eq!(code, "busy"),
        other => panic!("not refused: {other:?}"),
    }
    assert_eq!(receiver.send(&deletions("7", [1])).await, 200);
    // One for each of the next two connections: the first may end later than its reply arrives.
    idle.truncate(14);
    let access = loop {
        match Client::connect(receiver.place.path()).await {
            Ok(client) => break InboxAccess::from(client.unwrap()),
            Err(ControlError::Refused { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(access.snapshot().await.unwrap().stats.depth, 1);
    let Receiver { place, inbox, pipeline } = receiver;
    drop((inbox, pipeline));
    // Fails if the connections keep the inbox open.
    let inbox = place.open(with_socket()).await.unwrap();
    assert!(matches!(idle[0].read(&mut [0; 8]), Ok(0) | Err(_)), "the connections are closed");
    inbox.close(Duration::ZERO).await;
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_file_in_the_place_of_the_socket_is_kept_and_the_inbox_opens_without_a_socket() {
    let receiver = Receiver::holding(inbox_settings(), [1]).await;
    let folder = receiver.close().await;
    let socket = folder.path().join("control.sock");
    fs::write(&socket, "mine").unwrap();
    let receiver = Receiver::open(&folder, with_socket()).await;
    let why = receiver.inbox.control_failure().unwrap();
    assert!(why.contains("control.sock") && why.contains("not a socket"), "{why}");
    let folder = receiver.close().await;
    assert_eq!(fs::read_to_string(&socket).unwrap(), "mine");
    fs::remove_file(&socket).unwrap();
    std::os::unix::fs::symlink("/dev/null", &socket).unwrap();
    let receiver = Receiver::open(&folder, with_socket()).await;
    assert!(receiver.inbox.control_failure().is_some(), "a link is not followed");
    receiver.close().await;
}

#[tokio::test]
async fn a_folder_whose_path_is_too_long_for_a_socket_opens_with_a_note() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("x".repeat(120));
    let inbox = with_socket().open(&folder).await.unwrap();
    let why = inbox.control_failure().unwrap();
    assert!(why.contains("shorter path") && why.contains("bytes"), "{why}");
    assert!(matches!(Client::connect(&folder).await, Err(ControlError::Unreachable { .. })));
    inbox.close(Duration::ZERO).await;
}

#[tokio::test]
async fn a_later_socket_at_the_same_path_is_not_removed() {
    let receiver = Receiver::new(with_socket()).await;
    let socket = receiver.place.path().join("control.sock");
    // Renamed, not removed, so that the file system cannot use its inode again.
    fs::rename(&socket, receiver.place.path().join("moved")).unwrap();
    let _other = UnixListener::bind(&socket).unwrap();
    let _folder = receiver.close().await;
    assert!(socket.exists());
}

/// Runs the test again in a process of its own, which holds the inbox until it is killed.
#[tokio::test]
async fn a_client_reaches_another_process_and_the_socket_of_a_killed_one_is_replaced() {
    const ASKED: &str = "BIRDHOOK_TEST_CONTROL";
    if let Ok(folder) = std::env::var(ASKED) {
        let inbox = with_socket().open(folder).await.unwrap();
        println!("open {}", inbox.stats().depth);
        std::future::pending::<()>().await;
    }
    let receiver = Receiver::holding(inbox_settings(), 1..=2).await;
    let folder = receiver.close().await;
    let mut owner = Command::new(std::env::current_exe().unwrap())
        .args(["a_client_reaches_another_process", "--nocapture"])
        .env(ASKED, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("open 2")));
    let error = with_socket().open(folder.path()).await.unwrap_err();
    assert!(matches!(error.reason, StoreError::InUse(_)), "{error}");
    let access: InboxAccess = Client::connect(folder.path()).await.unwrap().unwrap().into();
    let listed = access.list(EventQuery::all()).await.unwrap();
    assert_eq!(access.discard(&[listed[0].id]).await.unwrap(), 1);
    owner.kill().unwrap();
    owner.wait().unwrap();
    assert!(matches!(access.snapshot().await, Err(ControlError::Unreachable { .. })));
    assert!(folder.path().join("control.sock").exists());
    assert!(Client::connect(folder.path()).await.unwrap().is_none());
    let inbox: Inbox = with_socket().open(folder.path()).await.unwrap();
    assert_eq!(inbox.control_failure(), None);
    assert_eq!(access.snapshot().await.unwrap().stats.depth, 1, "the change is on disk, and the client continues");
    inbox.close(Duration::ZERO).await;
}

#[cfg(feature = "tracing")]
#[tokio::test]
async fn each_change_is_logged_with_ids_and_counts_and_without_text() {
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let receiver = Receiver::new(inbox_settings()).await;
    receiver.send(&message("4030201000", "8", "4030201000", "meet me at the pond")).await;
    let dead = dead_letter(&receiver).await;
    let access = InboxAccess::from(receiver.inbox.clone());
    access.requeue(&[dead]).await.unwrap();
    access.discard(&[dead]).await.unwrap();
    access.purge("4030201000").await.unwrap();
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for (action, count) in [("requeued", 1), ("discarded", 1), ("purged", 0)] {
        let line = text.lines().find(|line| line.contains(action)).unwrap_or_else(|| panic!("{action}: {text}"));
        assert!(line.contains("INFO") && line.contains(&format!("count={count}")), "{line}");
        assert!(action == "purged" || line.contains(&dead.to_string()), "{line}");
    }
    assert!(!text.contains("pond") && !text.contains("4030201000"), "{text}");
}
