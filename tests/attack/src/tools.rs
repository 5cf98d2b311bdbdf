//! Programs that attack or load, as Debian packages them.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// Runs one and hands back what it prints; `None` within this time, or when there is none.
pub async fn run(program: &str, arguments: &[String], within: Duration) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(within, command.output()).await.map_err(|_| format!("{program} does not end"))?;
    let output = output.map_err(|error| format!("{program}: {error}; `cargo xtask attack` installs it"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(format!("{program}: {}", text(&output.stderr))) }
}
