//! A PostgreSQL server of its own in a temporary folder, from Debian's package `postgresql`.
//!
//! Never the system's cluster. The server refuses to run as root, so it runs as `nobody` then. It
//! listens on a socket in its folder, and on a loopback port if asked to.

use std::fs::{File, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::TIMEOUT;
use crate::process::{Signal, signal};
use crate::servers::free_port;

/// The user and the group `nobody`.
const NOBODY: u32 = 65_534;

/// The folder of the server's programs, if not Debian's.
const PROGRAMS: &str = "BIRDHOOK_POSTGRES_PROGRAMS";

#[derive(Debug)]
pub struct PostgresServer {
    folder: TempDir,
    settings: Vec<String>,
    port: u16,
    child: Option<Child>,
}

impl PostgresServer {
    /// Creates a cluster and starts its server.
    pub fn start() -> Self {
        Self::start_with([])
    }

    /// Creates a cluster and starts its server with these settings, such as `max_connections=10`.
    pub fn start_with<'a>(settings: impl IntoIterator<Item = &'a str>) -> Self {
        Self::start_in(&std::env::temp_dir(), settings)
    }

    /// Creates the cluster in a new folder below this one.
    pub fn start_in<'a>(parent: &Path, settings: impl IntoIterator<Item = &'a str>) -> Self {
        let folder = tempfile::Builder::new().prefix("birdhook-postgres-").tempdir_in(parent).unwrap();
        if is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let settings = settings.into_iter().map(str::to_owned).collect();
        let mut server = Self { folder, settings, port: free_port(), child: None };
        let mut initdb = server.program("initdb");
        initdb.arg("-D").arg(server.data()).args(["-A", "trust", "-U", "app"]);
        let made = initdb.args(["--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.run();
        server
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the connection string for the server's socket.
    pub fn url(&self) -> String {
        let folder = self.folder.path().to_str().unwrap().replace('/', "%2F");
        format!("postgres://app@{folder}:{}/postgres", self.port)
    }

    /// Returns the connection string for a port of this machine: the server's own or a proxy's.
    pub fn url_at(&self, port: u16) -> String {
        format!("postgres://app@127.0.0.1:{port}/postgres")
    }

    /// Kills the server and all its processes, as a crash of the machine would, except that the
    /// system's cache survives.
    pub fn kill(&mut self) {
        self.end(Signal::KILL);
    }

    /// Stops the server: it ends all connections.
    pub fn stop(&mut self) {
        self.end(Signal::INT);
    }

    /// Suspends the server and its processes: connections stay open, but nothing responds.
    pub fn pause(&self) {
        self.processes().into_iter().for_each(|process| signal(process, Signal::STOP));
    }

    pub fn resume(&self) {
        self.processes().into_iter().for_each(|process| signal(process, Signal::CONT));
    }

    /// Starts the server again, with the same settings and data. Kills it first if it is running.
    pub fn restart(&mut self) {
        self.kill();
        self.run();
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Executes a statement by `psql` and returns its output, unaligned and without headers.
    pub fn psql(&self, sql: &str) -> String {
        let run =
            self.program("psql").args(["-AtqX", "-v", "ON_ERROR_STOP=1", "-c", sql, &self.url()]).output().unwrap();
        assert!(run.status.success(), "{sql}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap().trim_end().to_owned()
    }

    /// Returns a command that runs a program of the server as an unprivileged user.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(programs().join(name));
        command.current_dir(self.folder.path()).stdin(Stdio::null()).env("TZ", "UTC");
        // libfaketime, which shifts the clock of the tests, needs a build of the server for it.
        command.env_remove("LD_PRELOAD");
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    fn run(&mut self) {
        let log = File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let port = self.port.to_string();
        let mut command = self.program("postgres");
        command.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path()).args(["-p", &port]);
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_permissions=0777", "log_min_messages=warning"] {
            command.args(["-c", setting]);
        }
        command.args(self.settings.iter().flat_map(|setting| ["-c", setting]));
        self.child = Some(command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap());
        let start = Instant::now();
        while !self.program("pg_isready").args(["-q", "-d", &self.url()]).status().unwrap().success() {
            assert!(start.elapsed() < TIMEOUT, "PostgreSQL does not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns the server's process and those that it started.
    fn processes(&self) -> Vec<u32> {
        let Some(child) = &self.child else { return Vec::new() };
        let children = format!("/proc/{0}/task/{0}/children", child.id());
        let children = std::fs::read_to_string(children).unwrap_or_default();
        std::iter::once(child.id()).chain(children.split_whitespace().filter_map(|id| id.parse().ok())).collect()
    }

    fn end(&mut self, to_send: Signal) {
        let processes = self.processes();
        let Some(mut child) = self.child.take() else { return };
        signal(child.id(), to_send);
        child.wait().unwrap();
        // The processes of a killed server notice its end. A new one starts only after theirs.
        let start = Instant::now();
        while processes.iter().any(|process| Path::new(&format!("/proc/{process}")).exists()) {
            assert!(start.elapsed() < TIMEOUT, "a process of PostgreSQL does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.resume();
        self.end(Signal::QUIT);
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Returns the folder of the server's programs.
fn programs() -> PathBuf {
    if let Some(folder) = std::env::var_os(PROGRAMS) {
        return folder.into();
    }
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let folders =
        installed.map(|version| version.path().join("bin")).filter(|folder| folder.join("postgres").is_file());
    folders.max().unwrap_or_else(|| {
        panic!("PostgreSQL is not installed: run `cargo xtask ci postgres` as root, or `apt-get install postgresql`")
    })
}
