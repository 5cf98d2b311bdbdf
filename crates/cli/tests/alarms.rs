//! Tests of `birdhook listen --notify` and `--notify-exec`.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use birdhook_testkit::mock::{Clock, MockApi};
use serde_json::Value;

use crate::catching_up::{USER, keys, mock_x};
use crate::support::target_app::{TargetApp, answer};
use crate::support::{Folder, Serving, like, run};

/// The disk of the machine that runs the tests may be full.
const ANY_DISK: [&str; 2] = ["--alarm-free-disk", "1"];

const PATIENCE: Duration = Duration::from_secs(20);

/// A server that a person's alarms go to.
struct Notified {
    url: String,
    messages: Receiver<Value>,
}

impl Notified {
    /// Answers the requests with these statuses, then with 200.
    fn start(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hooks/secret", listener.local_addr().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut statuses = statuses.iter();
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let (mut length, mut line) = (0, String::new());
                while stream.read_line(&mut line).unwrap_or(0) > 2 {
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                let status = statuses.next().copied().unwrap_or(200);
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                let _ = stream.get_mut().write_all(answer.as_bytes());
                if status == 200 && sender.send(serde_json::from_slice(&body).unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { url, messages }
    }

    /// Returns the next accepted message as `ALARM STATE`.
    #[track_caller]
    fn next(&self) -> String {
        let message = self.messages.recv_timeout(PATIENCE).unwrap();
        format!("{} {}", message["alarm"].as_str().unwrap(), message["state"].as_str().unwrap())
    }
}

fn listen(inbox: &str, more: &[&str]) -> Serving {
    let args = ["listen", "--quiet", "--json", "--inbox", inbox, "--notify-interval", "0.05"];
    Serving::start(&[&args, more].concat())
}

#[test]
fn a_dead_letter_and_its_end_are_notified_once_over_a_restart() {
    let folder = Folder::new("alarms-dead");
    let inbox = folder.path("inbox");
    let notified = Notified::start(&[500]);
    let app = TargetApp::start(|_| answer("500 Internal Server Error", ""));
    let failing = ["--forward", &app.url, "--max-attempts", "1", ANY_DISK[0], ANY_DISK[1], "--notify", &notified.url];
    let first = listen(&inbox, &failing);
    like(&first.url, &["--count", "1"]).exits(0);
    let refused = first.note_of("not notified");
    assert!(refused.contains("http://127.0.0.1: it responded with 500") && !refused.contains("secret"), "{refused}");
    let message = notified.messages.recv_timeout(PATIENCE).unwrap();
    assert_eq!((&message["alarm"], &message["state"]), (&"dead_letters".into(), &"raised".into()));
    assert_eq!(message["summary"], "1 dead letter is in the inbox");
    assert_eq!(message["receiver"], first.url);
    first.stop();

    let second = listen(&inbox, &[ANY_DISK[0], ANY_DISK[1], "--notify", &notified.url]);
    // Many checks, without another message.
    std::thread::sleep(Duration::from_millis(300));
    assert!(notified.messages.try_recv().is_err());
    second.stop();
    run(&["inbox", "discard", &inbox, "--all-dead", "--yes"]).exits(0);
    let third = listen(&inbox, &[ANY_DISK[0], ANY_DISK[1], "--notify", &notified.url]);
    assert_eq!(notified.next(), "dead_letters ended");
    third.stop();
    assert!(notified.messages.try_recv().is_err());
}

#[test]
fn a_program_reads_the_alarm_and_sees_no_secret() {
    let folder = Folder::new("alarms-program");
    let inbox = folder.path("inbox");
    let program = folder.file("notify", "#!/bin/sh\nenv > \"$0.env\"\ncat > \"$0.new\" && mv \"$0.new\" \"$0.json\"\n");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let serving = listen(&inbox, &["--notify-exec", &program, "--alarm-free-disk", "8000 PiB"]);
    let started = Instant::now();
    let message: Value = loop {
        match fs::read(format!("{program}.json")) {
            Ok(text) => break serde_json::from_slice(&text).unwrap(),
            Err(_) => assert!(started.elapsed() < PATIENCE, "{:?}", serving.note()),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    serving.stop();
    assert_eq!(message["alarm"], "low_disk");
    let environment = fs::read_to_string(format!("{program}.env")).unwrap();
    assert!(environment.contains("BIRDHOOK_ALARM=low_disk\n") && !environment.contains("SECRET"), "{environment}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_missing_webhook_is_notified_and_ends_when_x_has_it() {
    let folder = Folder::new("alarms-webhook");
    let inbox = folder.path("inbox");
    let x = mock_x(Clock::real()).await;
    let keys = keys(&folder, &x);
    let notified = Notified::start(&[]);
    let wanted = Serving::start(&["listen", "--quiet", "--json"]);
    let url = wanted.url.clone();
    let more = [
        ANY_DISK[0],
        ANY_DISK[1],
        "--notify",
        &notified.url,
        "--webhook-url",
        &url,
        "--poll-interval",
        "0.2",
        &*keys[0],
        &*keys[1],
    ];
    let serving = listen(&inbox, &more);
    assert_eq!(notified.next(), "webhook_invalid raised");
    let webhook = x.register_for(x.app(), &url, MockApi::V2).await.unwrap();
    x.subscribe(&webhook, USER).unwrap();
    let message = notified.messages.recv_timeout(PATIENCE).unwrap();
    assert_eq!((&message["alarm"], &message["state"]), (&"webhook_invalid".into(), &"ended".into()));
    assert_eq!(message["receiver"], url);
    serving.stop();
}
