//! A process that prints lines and can be killed.

use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

#[cfg(unix)]
pub use rustix::process::Signal;

use crate::TIMEOUT;

#[cfg(unix)]
pub fn signal(process: u32, signal: Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_raw(process.cast_signed()).unwrap(), signal).unwrap();
}

/// A signal of Unix. Tests that send one do not run elsewhere, but compile.
#[cfg(not(unix))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    CONT,
    KILL,
    STOP,
    TERM,
}

#[cfg(not(unix))]
pub fn signal(_: u32, signal: Signal) {
    panic!("this system has no signal {signal:?}");
}

/// A process that is killed on drop.
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts a program that prints a line when it is ready.
    pub fn run(command: &mut Command) -> Self {
        let mut child = command.kill_on_drop(true).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { input: child.stdin.take(), child, output }
    }

    pub fn id(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Returns the next line that the process prints, or `None` if it has ended.
    pub async fn line(&mut self) -> Option<String> {
        timeout(TIMEOUT, self.output.next_line()).await.expect("a line").unwrap()
    }

    /// Waits until the process is ready. Returns `false` if it has ended instead.
    pub async fn is_ready(&mut self) -> bool {
        self.line().await.is_some()
    }

    /// Writes a line to the standard input, and returns the line that the process prints then.
    pub async fn ask(&mut self, line: &str) -> String {
        self.input.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).await.unwrap();
        self.line().await.expect("a process that runs")
    }

    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    pub fn terminate(&self) {
        signal(self.id(), Signal::TERM);
    }

    /// Sends SIGTERM to the children of the process, for example of strace.
    pub fn terminate_children(&self) {
        crate::proc::children(self.id()).for_each(|child| signal(child, Signal::TERM));
    }

    /// Closes the standard input, and waits for the end.
    pub async fn ended(&mut self) -> ExitStatus {
        self.input = None;
        timeout(TIMEOUT, self.child.wait()).await.expect("a process that ends").unwrap()
    }
}
