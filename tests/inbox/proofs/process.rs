//! A receiver in a separate process that tests can kill.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::PATIENCE;

/// The setup of a receiver process: a folder with an inbox and the consumer's journal, and a socket
/// that outlives the process, so that no connection is refused between two processes.
pub(crate) struct Place {
    program: PathBuf,
    listener: TcpListener,
    folder: TempDir,
}

impl Place {
    pub(crate) fn new(program: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self { program: program.to_owned(), listener, folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.listener.local_addr().unwrap())
    }

    pub(crate) fn inbox(&self) -> PathBuf {
        self.folder.path().join("inbox")
    }

    pub(crate) fn consumed(&self) -> PathBuf {
        self.folder.path().join("consumed")
    }

    /// Returns the path of another file in the folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn run(&self, options: &[&str], environment: &[(&str, &str)]) -> Process {
        self.run_under(&[], options, environment)
    }

    /// Runs the receiver under another program, such as strace.
    pub(crate) fn run_under(&self, under: &[&str], options: &[&str], environment: &[(&str, &str)]) -> Process {
        let mut words = under.iter().map(AsRef::as_ref).chain([self.program.as_os_str()]);
        let mut command = Command::new(words.next().unwrap());
        command.args(words).arg(self.inbox()).arg(self.consumed()).args(options);
        let listener: OwnedFd = self.listener.try_clone().unwrap().into();
        Process::run(command.envs(environment.iter().copied()).stdin(Stdio::from(listener)))
    }
}

pub struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts a program that prints a line when it is ready. It is killed on drop.
    pub fn run(command: &mut Command) -> Self {
        let mut child = command.kill_on_drop(true).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Waits until the receiver accepts requests. Returns `false` if it has exited instead.
    pub async fn is_ready(&mut self) -> bool {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await.expect("a receiver that starts");
        line.unwrap().is_some()
    }

    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Sends SIGTERM to the process.
    pub fn terminate(&self) {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
    }

    /// Sends SIGTERM to the children of the process, for example of strace.
    pub fn terminate_all(&self) {
        let pid = self.child.id().unwrap();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        for child in children.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)) {
            kill_process(child, Signal::TERM).unwrap();
        }
    }

    pub async fn ended(&mut self) -> ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("a receiver that ends").unwrap()
    }
}
