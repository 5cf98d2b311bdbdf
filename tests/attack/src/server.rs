//! An example server or `birdhook listen` in a process of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use birdhook_test_harness::server_process::ServerProcess;
use clap::ValueEnum;

use crate::journal::Journal;

pub const SECRET: &str = "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu";

/// Time limit for a server to end: its own shutdown timeout, plus a margin.
const STOPPING: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Axum,
    Hyper,
    TowerLayer,
    Actix,
    Listen,
}

impl Kind {
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    pub fn speaks_http2(self) -> bool {
        self != Self::Actix
    }

    /// Maximum number of bytes that a connection can hold before its head is complete. For hyper
    /// this is `max_buf_size` of examples/support/serve.rs and of `birdhook listen`, plus one read.
    /// For actix-web it is actix-http's `MAX_BUFFER_SIZE`, which is fixed.
    pub fn head_buffer(self) -> usize {
        if self == Self::Actix { 160 << 10 } else { 64 << 10 }
    }

    /// Memory in bytes for responses that clients do not read. actix-web has no limit: it answers
    /// until the system closes the connections after about 15 s.
    pub fn untaken_answers(self) -> u64 {
        if self == Self::Actix { 160 << 20 } else { 0 }
    }
}

pub struct Server {
    process: ServerProcess,
    journal: Arc<Journal>,
}

impl Server {
    /// Starts the server, with a limit on its open files and a number of threads, if given.
    pub fn start(kind: Kind, journal: Arc<Journal>, files: Option<u64>, threads: Option<usize>) -> Result<Self> {
        // Cargo builds the servers beside this program.
        let own = std::env::current_exe()?;
        let folder = own.parent().unwrap_or(Path::new("."));
        let (program, args): (_, &[&str]) = match kind {
            Kind::Listen => {
                (folder.join("birdhook"), &["listen", "--addr", "127.0.0.1:0", "--quiet", "--json", "--raw"])
            }
            example => (folder.join("examples").join(example.name()), &[]),
        };
        let mut command = match files {
            None => Command::new(&program),
            Some(files) => {
                let mut shell = Command::new("sh");
                shell.arg("-c").arg(format!("ulimit -n {files}; exec \"$0\" \"$@\"")).arg(&program);
                shell
            }
        };
        command.args(args).envs([("BIRDHOOK_CONSUMER_SECRET", SECRET), ("PORT", "0")]);
        command.envs(threads.map(|threads| ("TOKIO_WORKER_THREADS", threads.to_string())));
        let printed = Arc::clone(&journal);
        let process = ServerProcess::start(&mut command, move |line| printed.read(line));
        let process = process.with_context(|| format!("{} does not start", program.display()))?;
        Ok(Self { process, journal })
    }

    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.process.address().parse()?)
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn is_alive(&mut self) -> bool {
        matches!(self.process.status(), Ok(None))
    }

    /// Asks the server to end. Fails if it has crashed or panicked, or does not end cleanly.
    pub fn stop(mut self) -> Result<()> {
        if let Some(status) = self.process.status()? {
            self.journal.resume_reading();
            bail!("the server CRASHED: {status}: {}", self.process.output_read());
        }
        let status = self.process.terminate(STOPPING).context("asked to end, it still runs")?;
        self.journal.resume_reading();
        let complaints = self.process.output_read();
        if !status.success() || complaints.contains("panicked") {
            bail!("it ended with {status}: {complaints}");
        }
        Ok(())
    }
}
