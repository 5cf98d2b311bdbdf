//! A receiver in its own process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::SECRET;
use crate::process::Spent;

/// The time limit for a start. Python may take long on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts this program as a server. It prints its own address.
    pub(crate) fn birdhook() -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["serve", "Axum-Birdhook", "0"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server =
            Self { process: command.spawn().expect("this program"), address: (Ipv4Addr::LOCALHOST, 0).into() };
        let mut line = String::new();
        BufReader::new(server.process.stdout.take().expect("a pipe")).read_line(&mut line).expect("a server that runs");
        server.address = line.trim_end().parse().expect("the server's address");
        server
    }

    /// Starts a server that reads its port from the environment. The error explains why it does not
    /// run.
    pub(crate) fn start(mut command: Command) -> Result<Self, String> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        let address = free.map_err(|error| error.to_string())?;
        command.env("PORT", address.port().to_string()).env("CONSUMER_SECRET", SECRET);
        let process =
            command.stdin(Stdio::null()).stdout(std::io::stderr()).spawn().map_err(|error| error.to_string())?;
        let mut server = Self { process, address };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Ok(Some(status)) = server.process.try_wait() {
                return Err(format!("it ended with {status} as soon as it was started"));
            }
            if started.elapsed() > PATIENCE {
                return Err(format!("nobody listens after {PATIENCE:?}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the CPU time, including that of its children.
    pub(crate) fn spent(&self) -> Spent {
        let own = self.process.id();
        let children = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
        let children = children.split_ascii_whitespace().filter_map(|child| child.parse().ok());
        std::iter::once(own).chain(children).map(Spent::of).sum()
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
