//! Receivers whose inbox, recording and output are on one small disk that other files fill.

use std::fs::{self, File};
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use birdhook::Delivery;
use birdhook_testkit::mock::{Clock, DeliveryResult, Entry, MockApi};
use birdhook_testkit::{MockX, Recording};
use serde_json::Value;

use crate::backups::{Keys, answered, emit, key};
use crate::catching_up::{USER, ago, mock_x};
use crate::support::{Folder, birdhook, call, run};

/// Above the 128 MiB that an inbox leaves free.
const MEGABYTES: u64 = 160;
const PATIENCE: Duration = Duration::from_secs(30);

/// A small disk, unmounted on drop.
struct SmallDisk(Folder);

impl SmallDisk {
    fn mount(name: &str) -> Option<Self> {
        let folder = Folder::new(name);
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={MEGABYTES}m"), "birdhook-test"]).arg(&folder.0);
        mount.output().is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.0.join(name)
    }

    /// Fills the disk with another file until at most this many bytes are free.
    fn fill(&self, left: u64) {
        let mut others = File::options().create(true).append(true).open(self.path("others")).unwrap();
        loop {
            let room = free(&self.0.0).saturating_sub(left);
            let chunk = vec![1; usize::try_from(room.min(1 << 20)).unwrap()];
            if room == 0 || others.write_all(&chunk).is_err() {
                return;
            }
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.path("others")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0.0).output();
    }
}

fn free(folder: &Path) -> u64 {
    let output = Command::new("stat").args(["--file-system", "--format", "%a %S"]).arg(folder).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().map(|number| number.parse::<u64>().unwrap()).product()
}

/// A receiver whose output goes to files, and a mock X with a webhook for it.
struct Receiver {
    child: Child,
    url: String,
    x: MockX,
    /// The number of ledger entries that were looked at.
    seen: usize,
}

impl Receiver {
    async fn start(disk: &SmallDisk, name: &str, args: &[&str]) -> Self {
        let output = |stream: &str| File::create(disk.path(&format!("{name}.{stream}"))).unwrap();
        let mut command = birdhook(&[&["listen", "--addr", "127.0.0.1:0"], args].concat());
        // Only the recording decides whether a delivery is answered 503.
        let stdout = if args.contains(&"--record") { Stdio::null() } else { output("out").into() };
        let child = command.stdout(stdout).stderr(output("err")).spawn().unwrap();
        let started = Instant::now();
        let url = loop {
            let notes = fs::read_to_string(disk.path(&format!("{name}.err"))).unwrap();
            let listening = notes.lines().find(|note| note.contains("listening on "));
            if let Some(url) = listening.and_then(|note| note.split_whitespace().find(|word| word.starts_with("http")))
            {
                break url.to_owned();
            }
            assert!(started.elapsed() < PATIENCE, "{notes}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        let x = mock_x(Clock::manual(ago(180))).await;
        let webhook = x.register_for(x.app(), &url, MockApi::V2).await.unwrap();
        x.subscribe(&webhook, USER).unwrap();
        Self { child, url, x, seen: 0 }
    }

    /// Sends this many deliveries, and returns the statuses of the replies.
    async fn send(&mut self, count: usize) -> Vec<u16> {
        emit(&self.x, count).await;
        let entries = self.x.ledger().entries();
        let statuses = entries[self.seen..].iter().filter_map(|entry| match entry {
            Entry::Sent(sent) => match sent.outcome {
                DeliveryResult::Status(status) => Some(status),
                _ => panic!("{:?}", sent.outcome),
            },
            _ => None,
        });
        let statuses = statuses.collect();
        self.seen = entries.len();
        statuses
    }

    /// Sends until a delivery gets this status.
    async fn send_until(&mut self, status: u16) {
        let started = Instant::now();
        while self.send(1).await != [status] {
            assert!(started.elapsed() < PATIENCE, "no reply has the status {status}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn answers_challenges(&self) {
        let (address, path) = self.url.trim_start_matches("http://").split_once('/').unwrap();
        let (head, body) = call(address, "GET", &format!("/{path}?crc_token=abc"), &[], "");
        assert!(head.starts_with("HTTP/1.1 200") && body.contains("response_token"), "{head}{body}");
    }

    /// Stops the receiver, and returns the keys of the events that it answered 200.
    fn stop(mut self) -> Keys {
        assert!(self.child.try_wait().unwrap().is_none(), "a full disk does not end a receiver");
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success() && self.child.wait().unwrap().success());
        answered(&self.x)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn receivers_on_a_full_disk_answer_503_and_recover_without_losing_what_they_answered_200() {
    let Some(disk) = SmallDisk::mount("full-disk") else {
        // Not `eprintln`, whose output is hidden when the test succeeds.
        let line = b"SKIPPED: no tmpfs can be mounted here, which root can: receivers on a full disk are not tested\n";
        std::io::stderr().write_all(line).unwrap();
        return;
    };
    let (inbox, record) = (disk.path("inbox"), disk.path("r.jsonl"));
    let (inbox, record) = (inbox.to_str().unwrap(), record.to_str().unwrap());
    let mut storing = Receiver::start(&disk, "storing", &["--json", "--inbox", inbox]).await;
    let limits = ["--record-max-bytes", "20KiB", "--record-keep", "1000"];
    let mut recording =
        Receiver::start(&disk, "recording", &[&["--requests", "--record", record][..], &limits].concat()).await;
    assert_eq!(storing.send(20).await, [200; 20]);
    assert_eq!(recording.send(40).await, [200; 40]);

    // Less is free than the inbox leaves: only the inbox refuses.
    disk.fill(100 << 20);
    storing.send_until(503).await;
    assert_eq!(recording.send(1).await, [200]);
    // Nothing is free: no line can be written either.
    disk.fill(0);
    storing.send_until(503).await;
    recording.send_until(503).await;
    for receiver in [&mut storing, &mut recording] {
        assert!(receiver.send(10).await.contains(&503));
        receiver.answers_challenges();
    }

    disk.make_room();
    storing.send_until(200).await;
    recording.send_until(200).await;
    assert_eq!(storing.send(20).await, [200; 20]);
    assert_eq!(recording.send(40).await, [200; 40]);
    // Events whose line could not be written are retried.
    let started = Instant::now();
    loop {
        let stats = run(&["inbox", "stats", inbox, "--json"]).exits(0).json().remove(0);
        assert_eq!(stats["dead"], 0, "{stats}");
        if stats["depth"] == 0 {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{stats}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let stored = storing.stop();
    let output = fs::read_to_string(disk.path("storing.out")).unwrap();
    let lines: Vec<Value> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let printed: Keys = lines.iter().filter(|line| line["type"] == "event").map(key).collect();
    let lost: Vec<_> = stored.difference(&printed).collect();
    assert!(lost.is_empty(), "answered 200 but not printed: {lost:?}");
    assert!(stored.len() > 40);

    let answered = recording.stop();
    let mut recorded = Keys::new();
    let files = fs::read_dir(disk.path("")).unwrap().map(|file| file.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.to_string_lossy().contains("r.jsonl")).collect();
    assert!(files.len() > 2, "{files:?}");
    for file in &files {
        assert!(fs::metadata(file).unwrap().len() < 40 << 10);
        for line in Recording::new(BufReader::new(File::open(file).unwrap())) {
            let body = String::from_utf8(line.unwrap().body.to_vec()).unwrap();
            let events = Delivery::restore("default", body, 1000).unwrap().into_events();
            recorded.extend(events.iter().map(|event| event.delivery_key().to_string()));
        }
    }
    let lost: Vec<_> = answered.difference(&recorded).collect();
    assert!(lost.is_empty(), "answered 200 but not recorded: {lost:?}");
}
