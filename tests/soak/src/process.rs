//! The receiver's process: its control channel, and its memory and files.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use crate::settings::{Plant, Settings};

/// The time for which the inbox remembers an event.
///
/// Short enough that keys expire during a soak, but longer than any delivery waits to be sent
/// again: when the deadline passes while the inbox stores an event, only the inbox knows that it
/// was stored.
const HORIZON: Duration = Duration::from_secs(120);

pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    id: u32,
    wire: Mutex<Wire>,
}

struct Wire {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

/// The receiver's own report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) in_flight: usize,
    pub(crate) body_bytes: usize,
    /// Events that were accepted but not consumed.
    pub(crate) queue: usize,
    pub(crate) remembered: usize,
    pub(crate) consumed: usize,
}

/// The process's memory in bytes and its open files, as reported by the system.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Held {
    pub(crate) resident: f64,
    pub(crate) proportional: f64,
    pub(crate) files: usize,
}

impl Process {
    pub(crate) async fn start(program: &Path, settings: &Settings, folder: &Path) -> Self {
        let horizon = HORIZON.as_millis().to_string();
        let mut command = Command::new(program);
        command.args(["receive", settings.sink.name()]).arg(folder);
        command.args([settings.deadline.as_millis().to_string(), horizon, settings.capacity.to_string()]);
        command.args(settings.plant.map(Plant::name));
        // With several arenas, glibc fills one after the other for minutes, which hides small leaks
        // and looks like large ones.
        command.env("MALLOC_ARENA_MAX", "1");
        let mut child = command.kill_on_drop(true).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (id, input) = (child.id().unwrap(), child.stdin.take().unwrap());
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = output.next_line().await.unwrap().expect("a receiver that starts");
        let address = SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap()));
        Self { address, id, wire: Mutex::new(Wire { child, input, output }) }
    }

    pub(crate) async fn tell(&self, line: &str) -> State {
        let mut wire = self.wire.lock().await;
        wire.input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        let answer = wire.output.next_line().await.unwrap().expect("a receiver that lives");
        let numbers: Vec<usize> = answer.split(' ').map(|number| number.parse().unwrap()).collect();
        let [in_flight, body_bytes, queue, remembered, consumed] = numbers[..] else { panic!("{answer}") };
        State { in_flight, body_bytes, queue, remembered, consumed }
    }

    pub(crate) fn held(&self) -> Held {
        let memory = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.id)).expect("a receiver that lives");
        let bytes = |name: &str| {
            let line = memory.lines().find_map(|line| line.strip_prefix(name)).expect("what Linux tells");
            line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0
        };
        Held { resident: bytes("Rss:"), proportional: bytes("Pss:"), files: self.files() }
    }

    pub(crate) fn files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.id)).expect("a receiver that lives").count()
    }

    pub(crate) async fn end(self) -> ExitStatus {
        let Wire { mut child, input, .. } = self.wire.into_inner();
        drop(input);
        child.wait().await.unwrap()
    }
}
