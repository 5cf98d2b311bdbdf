//! The setup of a receiver in a separate process that tests can kill.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use birdhook_test_harness::load::Load;
use birdhook_test_harness::process::Process;
use birdhook_test_harness::violation::Violation;
use tempfile::TempDir;
use tokio::process::Command;

use crate::fixture::settle;

/// A folder with an inbox and the consumer's journal, and a socket that outlives the process, so that
/// no connection is refused between two processes.
pub(crate) struct Receiver {
    program: PathBuf,
    listener: TcpListener,
    folder: TempDir,
}

impl Receiver {
    pub(crate) fn new(program: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self { program: program.to_owned(), listener, folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.listener.local_addr().unwrap())
    }

    pub(crate) fn consumed(&self) -> PathBuf {
        self.file("consumed")
    }

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
        command.args(words).arg(self.file("inbox")).arg(self.consumed()).args(options);
        let listener: OwnedFd = self.listener.try_clone().unwrap().into();
        Process::run(command.envs(environment.iter().copied()).stdin(Stdio::from(listener)))
    }

    /// Sends the rest of a load to the inbox that the process left behind, consumes everything and
    /// checks the result.
    pub(crate) async fn settle(&self, load: &Load) -> Result<(), Violation> {
        settle(load, &self.file("inbox"), &self.consumed()).await
    }
}
