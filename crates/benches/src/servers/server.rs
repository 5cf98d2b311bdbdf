//! A server in its own process.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::SERVERS_PROCESSOR;
use super::candidate::Candidate;

pub(crate) struct Server {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Server {
    /// Starts this program as a server, on the servers' processor.
    pub(crate) fn start(candidate: Candidate) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["serve", &candidate.argument(), &SERVERS_PROCESSOR.to_string()]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("this program");
        let input = process.stdin.take().expect("a pipe");
        let mut output = BufReader::new(process.stdout.take().expect("a pipe"));
        let address = line(&mut output).parse().expect("the server's address");
        Self { process, input, output, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }

    /// Returns the number of events that its app has consumed.
    pub(crate) fn events(&mut self) -> u64 {
        self.input.write_all(b"\n").expect("a server that runs");
        line(&mut self.output).parse().expect("a number of events")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        if let Err(error) = ended {
            eprintln!("a server does not end: {error}");
        }
    }
}

fn line(output: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    output.read_line(&mut line).expect("a server that runs");
    line.trim_end().to_owned()
}
