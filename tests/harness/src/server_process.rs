//! A server in a process of its own, which prints its URL to standard error.

use std::io::{BufRead, BufReader, Error, ErrorKind, Result};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

use crate::process::{Signal, signal};

/// A server that is killed on drop.
pub struct ServerProcess {
    child: Child,
    url: String,
    stdout: Option<JoinHandle<()>>,
    stderr: Option<JoinHandle<String>>,
}

impl ServerProcess {
    /// Starts the server and waits until it prints its URL. A thread calls `on_line` with each line
    /// of the standard output: the server would block if its output were not read.
    pub fn start(command: &mut Command, mut on_line: impl FnMut(&str) + Send + 'static) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut stdout = BufReader::with_capacity(1 << 20, child.stdout.take().unwrap());
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let stdout = spawn(move || {
            let mut line = String::new();
            while matches!(stdout.read_line(&mut line), Ok(1..)) {
                on_line(line.trim_end_matches('\n'));
                line.clear();
            }
        });
        let mut first = String::new();
        stderr.read_line(&mut first)?;
        let stderr = spawn(move || stderr.lines().map_while(Result::ok).collect::<Vec<_>>().join("\n"));
        let mut server = Self { child, url: String::new(), stdout: Some(stdout), stderr: Some(stderr) };
        let url = first.split_whitespace().find(|word| word.starts_with("http://"));
        url.ok_or_else(|| Error::other(format!("no URL in {first:?}")))?.clone_into(&mut server.url);
        Ok(server)
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://").split('/').next().unwrap_or_default()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the status of a server that has ended.
    pub fn status(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Sends SIGTERM, as a service manager does, and waits for the end. Kills nothing: a server that
    /// still runs after `limit` is an error.
    pub fn terminate(&mut self, limit: Duration) -> Result<ExitStatus> {
        signal(self.id(), Signal::TERM);
        let begun = Instant::now();
        loop {
            match self.status()? {
                Some(status) => return Ok(status),
                None if begun.elapsed() > limit => return Err(ErrorKind::TimedOut.into()),
                None => sleep(Duration::from_millis(5)),
            }
        }
    }

    /// Waits until all output of a server that has ended is read. Returns its standard error without
    /// the first line.
    pub fn output_read(&mut self) -> String {
        self.stdout.take().map(JoinHandle::join);
        self.stderr.take().and_then(|stderr| stderr.join().ok()).unwrap_or_default()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
