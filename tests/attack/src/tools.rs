//! Runs attack and load tools that Debian packages.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// Runs a program and returns its output. Fails if it is missing, fails, or exceeds the time limit.
pub async fn run(program: &str, arguments: &[String], within: Duration) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(within, command.output()).await.map_err(|_| format!("{program} does not end"))?;
    let output = output.map_err(|error| format!("{program}: {error}; `cargo xtask attack` installs it"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(format!("{program}: {}", text(&output.stderr))) }
}
