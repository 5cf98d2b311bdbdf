//! Runs the tool as its users do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

pub(crate) mod fake_x;
pub(crate) mod libraries;
pub(crate) mod target_app;
#[cfg(unix)]
pub(crate) mod terminal;

use std::fmt::{self, Display, Formatter};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

pub(crate) const SECRET: &str = "cli-test-secret";

/// Time limit for something that must happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Returns the tool with a secret in its environment, and without variables that change its output.
pub(crate) fn birdhook(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_birdhook"));
    command.args(args).env("BIRDHOOK_CONSUMER_SECRET", SECRET).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command.stdin(Stdio::null());
    command
}

pub(crate) struct Ended {
    pub(crate) command: String,
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// Checks that standard error contains these texts.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        texts.iter().for_each(|text| assert!(self.stderr.contains(text), "{text:?}: {self}"));
        self
    }

    /// Checks that standard output contains these texts.
    #[track_caller]
    pub(crate) fn prints(self, texts: &[&str]) -> Self {
        texts.iter().for_each(|text| assert!(self.stdout.contains(text), "{text:?}: {self}"));
        self
    }

    /// Checks that no output contains these texts.
    #[track_caller]
    pub(crate) fn hides(self, texts: &[&str]) -> Self {
        let is_shown = |text: &str| self.stdout.contains(text) || self.stderr.contains(text);
        texts.iter().for_each(|text| assert!(!is_shown(text), "{text:?}: {self}"));
        self
    }

    #[track_caller]
    pub(crate) fn says_only(self, text: &str) -> Self {
        assert_eq!(self.stderr, text, "{self}");
        self
    }

    #[track_caller]
    pub(crate) fn prints_only(self, text: &str) -> Self {
        assert_eq!(self.stdout, text, "{self}");
        self
    }

    /// Checks that the command failed with exit code 2 and that standard error contains `text`.
    #[track_caller]
    pub(crate) fn refused(self, text: &str) -> Self {
        self.exits(2).says(&[text])
    }

    /// Checks that `birdhook trigger --json` got this number of responses, all with this status.
    #[track_caller]
    pub(crate) fn answered(self, status: &str, count: usize) -> Self {
        assert_eq!(self.json()[0]["answers"], json!({status: count}), "{self}");
        self
    }

    /// Returns standard output, parsed as lines of JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
    }
}

pub(crate) fn run(args: &[&str]) -> Ended {
    end(&mut birdhook(args))
}

pub(crate) fn run_with_input(args: &[&str], input: &str) -> Ended {
    run_command_with_input(&mut birdhook(args), input)
}

pub(crate) fn run_command_with_input(command: &mut Command, input: &str) -> Ended {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    ended(format!("{command:?}"), child.wait_with_output().unwrap())
}

/// Sends likes of one user through the X Activity API.
pub(crate) fn like(url: &str, more: &[&str]) -> Ended {
    run(&[&["trigger", url, "like.create", "--api", "xaa", "--json"], more].concat())
}

/// Returns the tool with this credentials file, and without a secret in its environment.
pub(crate) fn with_keys(args: &[&str], keys: &str) -> Command {
    let mut command = birdhook(args);
    command.env("BIRDHOOK_CREDENTIALS", keys).env_remove("BIRDHOOK_CONSUMER_SECRET");
    command
}

/// Returns a line of a recording.
pub(crate) fn recorded(time: &str, body: &str) -> String {
    json!({"time": time, "method": "POST", "target": "/", "headers": [], "body": body}).to_string()
}

/// Returns this member of each value.
pub(crate) fn texts(values: &[Value], member: &str) -> Vec<String> {
    values.iter().map(|value| value[member].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn end(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    ended(format!("{command:?}"), output)
}

fn ended(command: String, output: Output) -> Ended {
    Ended {
        command,
        code: output.status.code().expect("it must not be killed"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Display for Ended {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { command, code, stdout, stderr } = self;
        write!(f, "{command}: {code}\n{stdout}{stderr}")
    }
}

/// A command that serves until it is stopped.
pub(crate) struct Serving {
    child: Child,
    pub(crate) url: String,
    lines: Receiver<String>,
    notes: Receiver<String>,
}

impl Serving {
    /// Starts the command on a free port, and waits until it listens.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_command(&mut birdhook(args))
    }

    pub(crate) fn start_command(command: &mut Command) -> Self {
        Self::start_at("127.0.0.1:0", command)
    }

    pub(crate) fn start_at(address: &str, command: &mut Command) -> Self {
        // After the command, because the words after --exec belong to its program.
        let args: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        let mut with_address = Command::new(command.get_program());
        let (name, rest) = args.split_first().unwrap();
        with_address.arg(name).args(["--addr", address]).args(rest).stdin(Stdio::null());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => with_address.env(name, value),
                None => with_address.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            with_address.current_dir(folder);
        }
        let mut child = with_address.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = follow(child.stdout.take().unwrap());
        let notes = follow(child.stderr.take().unwrap());
        let url = loop {
            let note: String = notes.recv_timeout(PATIENCE).expect("it prints its address");
            if let Some(url) = note.split_whitespace().find(|word| word.starts_with("http://")) {
                break url.to_owned();
            }
            assert!(note.starts_with("created ") || note.starts_with("warning: "), "{note}");
        };
        Self { child, url, lines, notes }
    }

    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://").split('/').next().unwrap()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    pub(crate) fn note(&self) -> String {
        self.notes.recv_timeout(PATIENCE).expect("a note")
    }

    /// Returns the next line of standard error that contains `what`, and skips the lines before it.
    pub(crate) fn note_of(&self, what: &str) -> String {
        std::iter::repeat_with(|| self.note()).find(|note| note.contains(what)).unwrap()
    }

    /// Kills the process, so that it cannot shut down properly.
    pub(crate) fn kill(self) {
        drop(self);
    }

    /// Stops the process as a service manager does. Returns the remaining lines of standard output
    /// and of standard error.
    pub(crate) fn stop(mut self) -> (Vec<String>, Vec<String>) {
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
        (self.lines.iter().collect(), self.notes.iter().collect())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn follow(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    std::thread::spawn(move || lines.try_for_each(|line| sender.send(line)));
    receiver
}

/// A folder that is removed at the end of the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Sends a request on a new connection. Returns the head and the body of the response.
pub(crate) fn call(url: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (String, String) {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    headers.iter().for_each(|(name, value)| request += &format!("{name}: {value}\r\n"));
    request += &format!("content-length: {}\r\n\r\n{body}", body.len());
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}
