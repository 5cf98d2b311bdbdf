//! NATS and Redis servers in their own processes: Debian's `nats-server` and `redis-server`.
//!
//! A server keeps its port and its folder across restarts. Functions that start or end one block
//! until that is done, without a runtime. Dropping a server ends it and deletes its folder.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::TIMEOUT;
use crate::process::{Signal, signal};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nats,
    /// Redis, which syncs every write to disk before it replies.
    Redis,
}

struct Program {
    name: &'static str,
    /// The content of the file `settings` in its folder.
    settings: &'static str,
    arguments: fn(u16, &Path) -> Vec<String>,
    /// Returns whether a server responds at this connection and uses this folder.
    answers: fn(TcpStream, &Path) -> std::io::Result<bool>,
}

const NATS: Program = Program {
    name: "nats-server",
    // By default, JetStream offers no more space than the disk has at the moment.
    settings: "jetstream { max_file_store: 64GB }",
    arguments: |port, folder| {
        let (port, settings) = (port.to_string(), folder.join("settings"));
        let words =
            ["-c", text(&settings), "-js", "-sd", text(folder), "-a", "127.0.0.1", "-p", &port, "-n", text(folder)];
        words.map(str::to_owned).into()
    },
    answers: |stream, folder| {
        let greeting = said(&stream, |said| said.ends_with("\n"))?;
        Ok(greeting.starts_with("INFO ") && greeting.contains(&format!("\"server_name\":\"{}\"", text(folder))))
    },
};

const REDIS: Program = Program {
    name: "redis-server",
    settings: "",
    arguments: |port, folder| {
        let port = port.to_string();
        let fixed = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
        let own = ["--port", &port, "--bind", "127.0.0.1", "--dir", text(folder)];
        own.into_iter().chain(fixed).map(str::to_owned).collect()
    },
    answers: |mut stream, folder| {
        stream.write_all(b"PING\r\n")?;
        let answer = said(&stream, |said| said.ends_with("\n"))?;
        if answer.starts_with("-NOAUTH") {
            return Ok(true);
        }
        stream.write_all(b"CONFIG GET dir\r\n")?;
        let own = said(&stream, |said| said.starts_with('-') || said.lines().count() > 4)?;
        Ok(answer == "+PONG\r\n" && own.contains(text(folder)))
    },
};

impl Kind {
    fn program(self) -> &'static Program {
        match self {
            Self::Nats => &NATS,
            Self::Redis => &REDIS,
        }
    }

    /// Starts a server. Panics if its program is not installed.
    pub fn start(self) -> Server {
        self.start_with(&[])
    }

    /// Starts a server with further arguments, which are also used for restarts.
    pub fn start_with(self, more: &[&str]) -> Server {
        let more = more.iter().map(|&word| word.to_owned()).collect();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("settings"), self.program().settings).unwrap();
        let mut server = Server { kind: self, more, folder, port: 0, child: None };
        for _ in 0..20 {
            server.port = free_port();
            if server.run() {
                return server;
            }
        }
        panic!("{self:?} does not start: {}", server.log());
    }
}

#[derive(Debug)]
pub struct Server {
    kind: Kind,
    more: Vec<String>,
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Server {
    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn url(&self) -> String {
        self.url_at(self.port)
    }

    /// Returns the server's URL with the port of a proxy.
    pub fn url_at(&self, port: u16) -> String {
        match self.kind {
            Kind::Nats => format!("nats://127.0.0.1:{port}"),
            Kind::Redis => format!("redis://127.0.0.1:{port}/"),
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder().join("log")).unwrap_or_default()
    }

    pub fn kill(&mut self) {
        self.end(Signal::KILL);
    }

    pub fn stop(&mut self) {
        self.end(Signal::TERM);
    }

    /// Restarts the server with the same port and data. Kills it first if it is running.
    pub fn restart(&mut self) {
        self.kill();
        let start = Instant::now();
        while !self.run() {
            assert!(start.elapsed() < TIMEOUT, "{:?} does not start again: {}", self.kind, self.log());
        }
    }

    /// Suspends the server with SIGSTOP: connections stay open, but it does not respond.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Resumes the server with SIGCONT.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// Starts the process and waits until it responds. Returns `false` if it ends instead, for
    /// example because its port is in use.
    fn run(&mut self) -> bool {
        let log = File::options().create(true).append(true).open(self.folder().join("log")).unwrap();
        let program = self.kind.program();
        let mut command = Command::new(path_of(program.name));
        command.args((program.arguments)(self.port, self.folder())).args(&self.more).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        // libfaketime, which shifts the clock of the tests, breaks redis-server's allocator.
        command.env_remove("LD_PRELOAD");
        self.child = Some(command.spawn().unwrap());
        let start = Instant::now();
        while self.is_running() {
            if self.answers().unwrap_or(false) && self.is_running() {
                return true;
            }
            assert!(start.elapsed() < TIMEOUT, "{:?} does not answer: {}", self.kind, self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        self.child = None;
        false
    }

    fn answers(&self) -> std::io::Result<bool> {
        let stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        (self.kind.program().answers)(stream, self.folder())
    }

    fn signal(&self, to_send: Signal) {
        self.child.iter().for_each(|child| signal(child.id(), to_send));
    }

    fn end(&mut self, signal: Signal) {
        if self.is_running() {
            self.signal(signal);
            // A suspended process would not handle SIGTERM.
            self.signal(Signal::CONT);
        }
        if let Some(mut child) = self.child.take() {
            child.wait().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Reads from the stream until the text is enough.
fn said(mut stream: &TcpStream, is_enough: impl Fn(&str) -> bool) -> std::io::Result<String> {
    let (mut text, mut part) = (String::new(), [0; 4096]);
    while !is_enough(&text) {
        match stream.read(&mut part)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            length => text += &String::from_utf8_lossy(&part[..length]),
        }
    }
    Ok(text)
}

/// Returns a free port below the range for outgoing connections, which could use it during a
/// restart.
pub fn free_port() -> u16 {
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    std::iter::repeat_with(|| fastrand::u16(12_000..32_000)).take(10_000).find(free).expect("a free port")
}

/// Returns the path of a program. Also searches Debian's folders that a user's `PATH` often lacks.
pub fn path_of(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"].map(PathBuf::from);
    let found = std::env::split_paths(&path).chain(more).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("{name} is not installed: run `cargo xtask ci engines` as root, or `apt-get install nats-server redis-server`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(redis: &Server, command: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
        stream.write_all(command.as_bytes()).unwrap();
        said(&stream, |said| said.ends_with("\n")).unwrap()
    }

    #[test]
    fn redis_keeps_its_data_when_it_is_killed() {
        let mut redis = Kind::Redis.start();
        let port = redis.port();
        assert_eq!(ask(&redis, "SET a 1\r\n"), "+OK\r\n");
        redis.kill();
        assert!(!redis.is_running());
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
        redis.restart();
        assert_eq!(redis.port(), port);
        assert_eq!(ask(&redis, "GET a\r\n"), "$1\r\n1\r\n");
        redis.stop();
        assert!(!redis.is_running());
    }

    #[test]
    fn nats_has_jetstream_and_its_folder() {
        let mut nats = Kind::Nats.start_with(&["--user", "a", "--pass", "b"]);
        let stream = TcpStream::connect(("127.0.0.1", nats.port())).unwrap();
        let greeting = said(&stream, |said| said.ends_with("\n")).unwrap();
        assert!(greeting.contains("\"jetstream\":true"), "{greeting}");
        assert!(greeting.contains("\"auth_required\":true"), "{greeting}");
        assert!(nats.folder().join("jetstream").is_dir());
        nats.stop();
        assert!(!nats.is_running());
        nats.restart();
        assert!(nats.is_running());
    }

    #[test]
    fn a_paused_server_answers_once_it_is_resumed() {
        let redis = Kind::Redis.start();
        let mut stream = TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
        redis.pause();
        stream.write_all(b"PING\r\n").unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        assert!(said(&stream, |said| said.ends_with("\n")).is_err());
        redis.resume();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        assert_eq!(said(&stream, |said| said.ends_with("\n")).unwrap(), "+PONG\r\n");
    }

    #[test]
    fn a_paused_server_can_be_stopped() {
        let mut nats = Kind::Nats.start();
        nats.pause();
        nats.stop();
        assert!(!nats.is_running());
    }

    #[test]
    fn a_server_does_not_take_a_used_port() {
        let redis = Kind::Redis.start();
        let mut other = Server {
            kind: Kind::Redis,
            more: Vec::new(),
            folder: tempfile::tempdir().unwrap(),
            port: redis.port(),
            child: None,
        };
        assert!(!other.run());
    }

    #[test]
    fn a_dropped_server_and_its_folder_are_gone() {
        let redis = Kind::Redis.start();
        let (port, folder) = (redis.port(), redis.folder().to_owned());
        drop(redis);
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
        assert!(!folder.exists());
    }
}
