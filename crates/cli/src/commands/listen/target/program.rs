//! Runs a program for each message.

use std::ffi::OsStr;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::Target;
use super::client::AttemptError;
use super::message::Message;
use super::secret::PREFIX;
use super::trace::TraceContext;
use crate::output::{log, shown};

/// Maximum number of bytes of a run's output that are logged.
const MAX_OUTPUT: usize = 4 << 10;

/// Time to read the rest of the output after the program has ended. A process that it started may
/// keep the output open.
const LAST_OUTPUT: Duration = Duration::from_millis(100);

/// The prefix of birdhook's own variables, some of which hold secrets.
const OWN: &str = "BIRDHOOK_";

/// A program that runs once for each message.
pub(super) struct Program {
    name: String,
    words: Vec<String>,
    time_limit: Duration,
    hidden: Vec<String>,
}

impl Program {
    pub(super) fn new(target: &Target, hidden: Vec<String>) -> Self {
        Self { name: target.name.clone(), words: target.exec.clone(), time_limit: target.time_limit(), hidden }
    }

    /// Runs the program, with the body on standard input. If the time limit expires or the future is
    /// dropped, the processes of its group are killed.
    pub(super) async fn run(&self, message: &Message, attempt: u32, trace: &TraceContext) -> Result<(), AttemptError> {
        let program = self.words.first().map(String::as_str).unwrap_or_default();
        let started = self.command(program, message, attempt, trace).spawn();
        let mut child = started.map_err(|error| AttemptError::Unreachable(format!("cannot run {program}: {error}")))?;
        // Dropped before `child`, so that the id of the group is still in use.
        let group = Group::of(&child);
        let output = Mutex::new(Vec::new());
        let ended = timeout(self.time_limit, self.finish(&mut child, message, &output)).await;
        if ended.is_ok() {
            group.keep();
        }
        self.log(&output.into_inner().unwrap_or_else(PoisonError::into_inner));
        match ended {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(AttemptError::failed(format!("{program} ended with {status}"))),
            Ok(Err(error)) => Err(AttemptError::failed(format!("cannot wait for {program}: {error}"))),
            Err(_) => {
                Err(AttemptError::failed(format!("{program} was killed after {} s", self.time_limit.as_secs_f64())))
            }
        }
    }

    fn command(&self, program: &str, message: &Message, attempt: u32, trace: &TraceContext) -> Command {
        let mut command = Command::new(program);
        command.args(self.words.iter().skip(1)).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        command.process_group(0);
        std::env::vars_os().filter(|(name, value)| is_own(name, value)).for_each(|(name, _)| {
            command.env_remove(name);
        });
        self.hidden.iter().for_each(|name| {
            command.env_remove(name);
        });
        let is_id = |id: &&String| id.bytes().all(|byte| byte.is_ascii_graphic());
        let trace = trace.traceparent.as_ref().and_then(|value| value.to_str().ok());
        let variables = [
            ("BIRDHOOK_TARGET", Some(self.name.clone())),
            ("BIRDHOOK_KIND", message.kind.map(str::to_owned)),
            ("BIRDHOOK_KEY", Some(message.id.to_string())),
            ("BIRDHOOK_SUBSCRIBER", message.subscriber.as_ref().filter(is_id).cloned()),
            ("BIRDHOOK_ATTEMPT", Some(attempt.to_string())),
            ("TRACEPARENT", trace.map(str::to_owned)),
        ];
        command.envs(variables.into_iter().filter_map(|(name, value)| Some((name, value?))));
        command
    }

    /// Writes the body, collects the output, and returns how the program ended.
    async fn finish(&self, child: &mut Child, message: &Message, output: &Mutex<Vec<u8>>) -> io::Result<ExitStatus> {
        let (input, out, error) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let write = async {
            if let Some(mut input) = input {
                // A program need not read its input.
                let _ = input.write_all(&message.body).await;
            }
        };
        let copied = async { tokio::join!(write, collect(out, output), collect(error, output)) };
        let mut copied = std::pin::pin!(copied);
        tokio::select! {
            status = child.wait() => {
                let _ = timeout(LAST_OUTPUT, copied).await;
                status
            }
            _ = &mut copied => child.wait().await,
        }
    }

    /// Prints the output together, so that many lines take one place in the queue of notes.
    fn log(&self, output: &[u8]) {
        let text = String::from_utf8_lossy(output);
        let mut lines: Vec<_> = text.lines().map(|line| format!("{}: {}", self.name, shown(line))).collect();
        if output.len() >= MAX_OUTPUT {
            lines.push(format!("{}: more than {MAX_OUTPUT} bytes of output; the rest is left out", self.name));
        }
        if !lines.is_empty() {
            log(&lines.join("\n"));
        }
    }
}

/// Returns whether a variable is one of birdhook's own, or a signing secret of any name.
fn is_own(name: &OsStr, value: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(OWN.as_bytes()) || value.as_encoded_bytes().starts_with(PREFIX.as_bytes())
}

/// Reads to the end, and keeps the first bytes.
async fn collect(stream: Option<impl AsyncRead + Unpin>, output: &Mutex<Vec<u8>>) {
    let Some(mut stream) = stream else { return };
    let mut buffer = [0; 1024];
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MAX_OUTPUT.saturating_sub(output.len()).min(length);
        output.extend_from_slice(buffer.get(..room).unwrap_or_default());
    }
}

/// The process group of a program. Killed when dropped.
struct Group(#[cfg(unix)] Option<rustix::process::Pid>);

impl Group {
    #[cfg(unix)]
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| rustix::process::Pid::from_raw(id.try_into().ok()?)))
    }

    /// Other systems have no process groups. The program itself is killed.
    #[cfg(not(unix))]
    fn of(_: &Child) -> Self {
        Self()
    }

    /// Forgets the group, because its program has ended.
    fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.0.take() {
            // Fails if the processes have ended.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}
