//! A receiver in its own process, on the servers' processor.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use birdhook_test_harness::proc::{Memory, children};
use rustix::process::{Pid, Signal, kill_process};

use crate::process::Spent;

/// Servers and load generator use separate processors.
pub(crate) const SERVERS_PROCESSOR: usize = 0;
pub(crate) const LOADS_PROCESSOR: usize = 1;

/// The time limit for a start. Python may take long on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    process: Child,
    /// Only of this program: answers a line with the number of consumed events.
    pipes: Option<(ChildStdin, BufReader<ChildStdout>)>,
    address: SocketAddr,
}

impl Server {
    /// Starts this program as a server. It prints its own address.
    pub(crate) fn own(candidate: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["serve", candidate]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("this program");
        let input = process.stdin.take().expect("a pipe");
        let mut output = BufReader::new(process.stdout.take().expect("a pipe"));
        let address = line(&mut output).parse().expect("the server's address");
        Self { process, pipes: Some((input, output)), address }
    }

    /// Starts a server that reads its port and secret from the environment. The error explains why
    /// it does not run.
    pub(crate) fn other(mut command: Command, secret: &str) -> Result<Self, String> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        let address = free.map_err(|error| error.to_string())?;
        command.env("PORT", address.port().to_string()).env("CONSUMER_SECRET", secret);
        let process =
            command.stdin(Stdio::null()).stdout(std::io::stderr()).spawn().map_err(|error| error.to_string())?;
        let mut server = Self { process, pipes: None, address };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Ok(Some(status)) = server.process.try_wait() {
                return Err(format!("it ended with {status} as soon as it was started"));
            }
            if started.elapsed() > PATIENCE {
                return Err(format!("it does not listen after {PATIENCE:?}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the number of events that its app has consumed.
    pub(crate) fn events(&mut self) -> Option<u64> {
        let (input, output) = self.pipes.as_mut()?;
        input.write_all(b"\n").expect("a server that runs");
        Some(line(output).parse().expect("a number of events"))
    }

    /// Returns the CPU time, including that of its children.
    pub(crate) fn spent(&self) -> Spent {
        let own = self.process.id();
        std::iter::once(own).chain(children(own)).map(Spent::of).sum()
    }

    /// Waits until the server is idle. Returns its memory.
    pub(crate) fn at_rest(&self) -> Memory {
        let mut spent = self.spent();
        loop {
            std::thread::sleep(Duration::from_millis(50));
            let now = self.spent();
            if now.since(spent).running < 0.001 {
                return Memory::of(self.process.id());
            }
            spent = now;
        }
    }

    /// Returns the status and text of the response. The request must contain `connection: close`.
    pub(crate) fn ask(&self, request: &str) -> std::io::Result<(u16, String)> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Ok((status, answer))
    }
}

impl Drop for Server {
    /// Ends the server: gunicorn stops its worker on SIGTERM. Kills it if it does not end in 3 s.
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.process), Signal::TERM);
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_secs(3) {
            if matches!(self.process.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        if let Err(error) = self.process.kill().and_then(|()| self.process.wait()) {
            eprintln!("process {} does not end: {error}", self.process.id());
        }
    }
}

fn line(output: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    output.read_line(&mut line).expect("a server that runs");
    line.trim_end().to_owned()
}
