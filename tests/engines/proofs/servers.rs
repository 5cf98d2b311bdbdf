//! NATS and Redis as processes of their own: Debian's `nats-server` and `redis-server`, on a port and in a folder that outlive
//! them.
//!
//! Whatever starts or ends one waits for it, without a runtime; and everything is gone when it is dropped.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::PATIENCE;

/// NATS with JetStream.
#[derive(Debug)]
pub struct Nats(Server);

/// Redis, which has everything on the disk before it says so.
#[derive(Debug)]
pub struct Redis(Server);

impl Nats {
    /// # Panics
    /// When `nats-server` is not installed.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Started with these arguments too, now and whenever it is started again.
    pub fn start_with(more: &[&str]) -> Self {
        Self(Server::start(&NATS, more))
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port())
    }
}

impl Redis {
    /// # Panics
    /// When `redis-server` is not installed.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Started with these arguments too, now and whenever it is started again.
    pub fn start_with(more: &[&str]) -> Self {
        Self(Server::start(&REDIS, more))
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port())
    }
}

impl Deref for Nats {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}

impl DerefMut for Nats {
    fn deref_mut(&mut self) -> &mut Server {
        &mut self.0
    }
}

impl Deref for Redis {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.0
    }
}

impl DerefMut for Redis {
    fn deref_mut(&mut self) -> &mut Server {
        &mut self.0
    }
}

#[derive(Debug)]
struct Engine {
    program: &'static str,
    /// What is in its folder's file `settings`.
    settings: &'static str,
    arguments: fn(u16, &Path) -> Vec<String>,
    /// Whether it answers, and is the one with this folder.
    answers: fn(TcpStream, &Path) -> std::io::Result<bool>,
}

const NATS: Engine = Engine {
    program: "nats-server",
    // Unless told, it promises no more room than the machine's disk has just now.
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

const REDIS: Engine = Engine {
    program: "redis-server",
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

/// Either of them.
#[derive(Debug)]
pub struct Server {
    engine: &'static Engine,
    more: Vec<String>,
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Server {
    fn start(engine: &'static Engine, more: &[&str]) -> Self {
        let more = more.iter().map(|&word| word.to_owned()).collect();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("settings"), engine.settings).unwrap();
        let mut server = Self { engine, more, folder, port: 0, child: None };
        for _ in 0..20 {
            server.port = free_port();
            if server.run() {
                return server;
            }
        }
        panic!("{} does not start: {}", engine.program, server.log());
    }

    /// It listens on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it keeps what it is told.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it has printed.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder().join("log")).unwrap_or_default()
    }

    /// SIGKILL: it ends at once.
    pub fn kill(&mut self) {
        self.end(Signal::KILL);
    }

    /// SIGTERM: it ends in order.
    pub fn stop(&mut self) {
        self.end(Signal::TERM);
    }

    /// Starts it again, where it is and with what it had; if it runs, it is killed before.
    pub fn restart(&mut self) {
        self.kill();
        let start = Instant::now();
        while !self.run() {
            assert!(start.elapsed() < PATIENCE, "{} does not start again: {}", self.engine.program, self.log());
        }
    }

    /// SIGSTOP: connections stay, and nothing is answered.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// Until it answers; `false` when it ends instead, as when its port is somebody else's.
    fn run(&mut self) -> bool {
        let log = File::options().create(true).append(true).open(self.folder().join("log")).unwrap();
        let mut command = Command::new(program(self.engine.program));
        command.args((self.engine.arguments)(self.port, self.folder())).args(&self.more).stdin(Stdio::null());
        command.stdout(log.try_clone().unwrap()).stderr(log);
        // libfaketime, which shifts the clock of the tests, breaks redis-server's allocator.
        command.env_remove("LD_PRELOAD");
        self.child = Some(command.spawn().unwrap());
        let start = Instant::now();
        while self.is_running() {
            if self.answers().unwrap_or(false) && self.is_running() {
                return true;
            }
            assert!(start.elapsed() < PATIENCE, "{} does not answer: {}", self.engine.program, self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        self.child = None;
        false
    }

    fn answers(&self) -> std::io::Result<bool> {
        let stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        (self.engine.answers)(stream, self.folder())
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.child.as_ref().and_then(|child| Pid::from_raw(child.id().cast_signed())) {
            kill_process(pid, signal).unwrap();
        }
    }

    fn end(&mut self, signal: Signal) {
        if self.is_running() {
            self.signal(signal);
            // What is paused would not end in order.
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

/// What the other side says, until it is enough.
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

/// Below those that the system gives to outgoing connections, which could take it while a server is being restarted.
pub fn free_port() -> u16 {
    let free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    std::iter::repeat_with(|| fastrand::u16(12_000..32_000)).take(10_000).find(free).expect("a free port")
}

/// Where Debian puts programs, for a user's PATH seldom has /usr/sbin.
fn program(name: &str) -> PathBuf {
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

    fn ask(redis: &Redis, command: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
        stream.write_all(command.as_bytes()).unwrap();
        said(&stream, |said| said.ends_with("\n")).unwrap()
    }

    #[test]
    fn what_redis_was_told_is_there_after_it_was_killed() {
        let mut redis = Redis::start();
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
        let mut nats = Nats::start_with(&["--user", "a", "--pass", "b"]);
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
    fn what_is_paused_answers_once_it_is_resumed() {
        let redis = Redis::start();
        let mut stream = TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
        redis.pause();
        stream.write_all(b"PING\r\n").unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        assert!(said(&stream, |said| said.ends_with("\n")).is_err());
        redis.resume();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(said(&stream, |said| said.ends_with("\n")).unwrap(), "+PONG\r\n");
    }

    #[test]
    fn what_is_paused_can_be_ended() {
        let mut nats = Nats::start();
        nats.pause();
        nats.stop();
        assert!(!nats.is_running());
    }

    #[test]
    fn another_s_port_is_given_up() {
        let redis = Redis::start();
        let mut other = Server {
            engine: &REDIS,
            more: Vec::new(),
            folder: tempfile::tempdir().unwrap(),
            port: redis.port(),
            child: None,
        };
        assert!(!other.run());
    }

    #[test]
    fn what_is_dropped_is_gone() {
        let redis = Redis::start();
        let (port, folder) = (redis.port(), redis.folder().to_owned());
        drop(redis);
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
        assert!(!folder.exists());
    }
}
