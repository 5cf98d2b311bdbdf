//! An example server or `birdhook listen` in a process of its own, and its memory on Linux.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

use crate::book::Book;

pub const SECRET: &str = "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu";
pub const PATH: &str = "/webhooks/twitter";

/// Time limit for a server to end: its own shutdown timeout, plus a margin.
const STOPPING: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Axum,
    Hyper,
    TowerLayer,
    Actix,
    Listen,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Axum, Self::Hyper, Self::TowerLayer, Self::Actix, Self::Listen];

    pub fn name(self) -> &'static str {
        match self {
            Self::Axum => "axum",
            Self::Hyper => "hyper",
            Self::TowerLayer => "tower-layer",
            Self::Actix => "actix",
            Self::Listen => "listen",
        }
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
    child: Child,
    address: SocketAddr,
    printed: Option<JoinHandle<()>>,
    complained: Option<JoinHandle<String>>,
    book: Arc<Book>,
}

impl Server {
    /// Starts the server, with a limit on its open files and a number of threads, if given.
    pub fn start(kind: Kind, book: Arc<Book>, files: Option<u64>, threads: Option<usize>) -> Result<Self> {
        // Cargo builds the servers beside this program.
        let own = std::env::current_exe()?;
        let folder = own.parent().unwrap_or(Path::new("."));
        let (program, args): (_, &[&str]) = match kind {
            Kind::Listen => (folder.join("birdhook"), &["listen", "--addr", "127.0.0.1:0", "--json", "--raw"]),
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
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.with_context(|| format!("{} does not start", program.display()))?;
        // The server would block if its output were not read.
        let stdout = child.stdout.take().context("a pipe")?;
        let pages = Arc::clone(&book);
        let printed = std::thread::spawn(move || {
            let mut lines = BufReader::with_capacity(1 << 20, stdout);
            let mut line = String::new();
            while matches!(lines.read_line(&mut line), Ok(1..)) {
                pages.read(&line);
                pages.wait_to_read();
                line.clear();
            }
        });
        let mut stderr = BufReader::new(child.stderr.take().context("a pipe")?);
        let mut first = String::new();
        stderr.read_line(&mut first)?;
        let complained =
            std::thread::spawn(move || stderr.lines().map_while(Result::ok).collect::<Vec<_>>().join("\n"));
        let (printed, complained) = (Some(printed), Some(complained));
        let mut server = Self { child, address: ([127, 0, 0, 1], 0).into(), printed, complained, book };
        let address = first.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        server.address = address.and_then(|text| text.parse().ok()).with_context(|| format!("{first:?}: where?"))?;
        Ok(server)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the resident memory and its peak since [`forget_peak`](Self::forget_peak), in bytes.
    pub fn memory(&self) -> Result<(u64, u64)> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id())).context("the server has ended")?;
        let bytes = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).context("the server has ended")?;
            anyhow::Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? << 10)
        };
        Ok((bytes("VmRSS:")?, bytes("VmHWM:")?))
    }

    pub fn forget_peak(&self) -> Result<()> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?)
    }

    /// Returns whether the server runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks the server to end. Fails if it has crashed or panicked, or does not end cleanly.
    pub fn stop(mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the server CRASHED: {status}: {}", self.complaints());
        }
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let asked = Instant::now();
        let status = loop {
            match self.child.try_wait()? {
                Some(status) => break status,
                None if asked.elapsed() > STOPPING => bail!("asked to end, it still runs after {STOPPING:?}"),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        self.book.read_again();
        self.printed.take().map(JoinHandle::join);
        let complaints = self.complaints();
        if !status.success() || complaints.contains("panicked") {
            bail!("it ended with {status}: {complaints}");
        }
        Ok(())
    }

    fn complaints(&mut self) -> String {
        self.complained.take().and_then(|reading| reading.join().ok()).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Raises this process's limit of open files, which the servers inherit. Returns the limit.
pub fn open_files() -> u64 {
    const WANTED: u64 = 65_536;
    let most = getrlimit(Resource::Nofile).maximum;
    let set = |maximum| setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    // Root can raise the limit; other users cannot.
    if !most.is_some_and(|most| most < WANTED && set(Some(WANTED)).is_ok()) {
        let _ = set(most);
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
