//! Tests of receivers whose output is not read: a full pipe, as with a blocked log driver or a
//! terminal after Ctrl-S.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Ended, Folder, birdhook, call, like};
use serde_json::Value;

/// Enough bytes to fill a pipe, whose default capacity on Linux is 64 KiB.
static FULL: [u8; 64 << 10] = [b'\n'; 64 << 10];

/// Time limit for a command to end: 10 s for requests in flight, plus a margin.
const ENDING: Duration = Duration::from_secs(15);

/// A receiver with both outputs connected to one full pipe.
struct Stalled {
    child: Child,
    url: String,
    reader: BufReader<PipeReader>,
    _writer: PipeWriter,
}

impl Stalled {
    fn start(args: &[&str]) -> Self {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let mut command = birdhook(args);
        // With one worker thread, no other thread can take over from a blocked one.
        command
            .env("TOKIO_WORKER_THREADS", "1")
            .args(["--addr", "127.0.0.1:0"])
            .stdout(writer.try_clone().unwrap())
            .stderr(writer.try_clone().unwrap());
        let child = command.spawn().unwrap();
        let mut reader = BufReader::with_capacity(1, reader);
        let mut note = String::new();
        let url = loop {
            reader.read_line(&mut note).unwrap();
            if let Some(url) = note.split_whitespace().find(|word| word.starts_with("http://")) {
                break url.to_owned();
            }
        };
        // Before the first request only short notes are written.
        for _ in args.iter().filter(|arg| ["--inbox", "--forward"].contains(arg)) {
            reader.read_line(&mut note).unwrap();
        }
        writer.write_all(&FULL).unwrap();
        Self { child, url, reader, _writer: writer }
    }

    fn challenge(&self) {
        let (asked, (address, path)) = (Instant::now(), self.url[7..].split_once('/').unwrap());
        let (head, _) = call(address, "GET", &format!("/{path}?crc_token=t"), &[], "");
        assert!(head.starts_with("HTTP/1.1 200 ") && asked.elapsed() < Duration::from_secs(1), "{head}");
    }

    fn deliver(&self) -> Ended {
        like(&self.url, &["--seed", "1"])
    }

    /// Asks the receiver to end, and checks that it succeeds in time.
    fn end(&mut self) {
        let asked = Instant::now();
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return assert!(status.success(), "{status} after {:?}", asked.elapsed());
            }
            assert!(asked.elapsed() < ENDING, "it still runs");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn read_to(&mut self, what: &str) -> String {
        let mut line = String::new();
        while !line.contains(what) {
            line.clear();
            assert!(self.reader.read_line(&mut line).unwrap() > 0, "the output ends before {what}");
        }
        line
    }
}

impl Drop for Stalled {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_receiver_with_unread_output_answers_challenges_and_stops_on_request() {
    let mut stalled = Stalled::start(&["listen", "--json"]);
    stalled.deliver().answered("503", 1);
    stalled.challenge();
    stalled.end();
}

#[test]
fn an_event_answered_200_is_printed_once_the_output_is_read() {
    let mut stalled = Stalled::start(&["listen", "--json"]);
    stalled.deliver().answered("503", 1);
    let delivered = thread::scope(|scope| {
        // The receiver blocks in the write of the first event, and nowhere else.
        let (url, stalled) = (stalled.url.clone(), &mut stalled);
        let reading = scope.spawn(move || {
            let first = stalled.read_to("liked");
            (first, stalled.read_to("liked"))
        });
        like(&url, &["--seed", "2"]).answered("200", 1);
        reading.join().unwrap()
    });
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["ids"]["like"].as_str().unwrap().to_owned();
    assert_ne!(id(&delivered.0), id(&delivered.1));
}

#[test]
fn unread_notes_block_nothing_and_are_counted() {
    let mut stalled = Stalled::start(&["listen", "--forward", "http://127.0.0.1:1/"]);
    let asked = Instant::now();
    like(&stalled.url, &["--count", "50"]).answered("503", 50);
    assert!(asked.elapsed() < ENDING, "each waits for a note");
    stalled.read_to("not forwarded, so answered 503");
    stalled.end();
    stalled.read_to("49 notes dropped");
}

#[test]
fn a_blocked_recording_is_answered_503_and_blocks_nothing() {
    let folder = Folder::new("stalled-recording");
    let fifo = folder.path("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let mut stalled = Stalled::start(&["record", &fifo]);
    File::options().write(true).open(&fifo).unwrap().write_all(&FULL).unwrap();
    stalled.deliver().answered("503", 1);
    stalled.challenge();
    stalled.end();
    fs::remove_file(fifo).unwrap();
}

#[test]
fn an_inbox_keeps_events_that_cannot_be_printed() {
    let folder = Folder::new("stalled-inbox");
    let inbox = folder.path("inbox");
    let args = ["listen", "--json", "--inbox", &inbox];
    let mut stalled = Stalled::start(&args);
    stalled.deliver().answered("200", 1);
    stalled.challenge();
    stalled.end();
    let listening = crate::support::Serving::start(&args);
    assert_eq!(listening.json()["kind"], "liked");
}
