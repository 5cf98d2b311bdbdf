//! Runs commands with visible output.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// Returns a command for the cargo that runs this program.
pub(crate) fn cargo<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    command
}

/// Prints the command and runs it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", text(command));
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("cannot run {}", text(command)))?;
    succeeded(command, status)
}

/// Runs a command like [`run`], and passes every line of its output to `look`, which returns
/// whether to print it.
pub(crate) fn watch(command: &mut Command, mut look: impl FnMut(&str) -> bool) -> Result<()> {
    println!("$ {}", text(command));
    let (reader, writer) = std::io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("cannot run {}", text(command)))?;
    // Drops this process's ends of the pipe: the output ends with the last process that writes.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (mut reader, mut line) = (BufReader::new(reader), Vec::new());
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        if look(&String::from_utf8_lossy(&line)) {
            // Ignores write errors: the command runs to its end even if the output is closed.
            let _ = std::io::stdout().write_all(&line);
        }
        line.clear();
    }
    let status = child.wait()?;
    succeeded(command, status)
}

/// Runs a command like [`run`], and returns its standard output. Its standard error is printed.
pub(crate) fn printed(command: &mut Command) -> Result<String> {
    println!("$ {}", text(command));
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().with_context(|| format!("cannot run {}", text(command)))?;
    succeeded(command, output.status)?;
    String::from_utf8(output.stdout).with_context(|| format!("{} prints no text", text(command)))
}

/// Returns whether a command runs and succeeds. Prints nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).output().is_ok_and(|output| output.status.success())
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() { Ok(()) } else { bail!("{} ended with {status}", text(command)) }
}

fn text(command: &Command) -> String {
    let envs = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}='{}'", name.to_string_lossy(), value?.to_string_lossy())));
    let program = Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy().into_owned());
    envs.chain(words).collect::<Vec<_>>().join(" ")
}
