//! The receiver's process: its control channel, and its memory and files.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use birdhook_test_harness::proc::{Memory, open_files};
use tokio::process::Command;
use tokio::sync::Mutex;

use crate::settings::{Settings, name};

/// The time for which the inbox remembers an event.
///
/// Short enough that keys expire during a soak, but longer than any delivery waits to be sent
/// again: when the deadline passes while the inbox stores an event, only the inbox knows that it
/// was stored.
const HORIZON: Duration = Duration::from_secs(120);

pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    id: u32,
    process: Mutex<birdhook_test_harness::process::Process>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) in_flight: usize,
    pub(crate) body_bytes: usize,
    /// Events that were accepted but not consumed.
    pub(crate) queue: usize,
    pub(crate) remembered: usize,
    pub(crate) consumed: usize,
}

/// The process's memory and its open files, as reported by the system.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Held {
    pub(crate) memory: Memory,
    pub(crate) files: usize,
}

impl Process {
    pub(crate) async fn start(program: &Path, settings: &Settings, folder: &Path) -> Self {
        let horizon = HORIZON.as_millis().to_string();
        let mut command = Command::new(program);
        command.args(["receive", &name(&settings.sink)]).arg(folder).stdin(Stdio::piped());
        command.args([settings.deadline.as_millis().to_string(), horizon, settings.capacity.to_string()]);
        command.args(settings.plant.as_ref().map(name));
        // With several arenas, glibc fills one after the other for minutes, which hides small leaks
        // and looks like large ones.
        command.env("MALLOC_ARENA_MAX", "1");
        let mut process = birdhook_test_harness::process::Process::run(&mut command);
        let port = process.line().await.expect("a receiver that starts");
        let address = SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap()));
        Self { address, id: process.id(), process: Mutex::new(process) }
    }

    /// Executes a command of the receiver, and returns its report.
    pub(crate) async fn command(&self, line: &str) -> State {
        let answer = self.process.lock().await.ask(line).await;
        let numbers: Vec<usize> = answer.split(' ').map(|number| number.parse().unwrap()).collect();
        let [in_flight, body_bytes, queue, remembered, consumed] = numbers[..] else { panic!("{answer}") };
        State { in_flight, body_bytes, queue, remembered, consumed }
    }

    pub(crate) async fn recover(&self) {
        self.command("well").await;
        self.command("go").await;
    }

    pub(crate) fn held(&self) -> Held {
        Held { memory: Memory::of(self.id), files: self.files() }
    }

    pub(crate) fn files(&self) -> usize {
        open_files(self.id)
    }

    pub(crate) async fn end(self) -> ExitStatus {
        self.process.into_inner().ended().await
    }
}
