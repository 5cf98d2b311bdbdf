//! Runs commands with visible output.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::{Context, Result, bail};

/// Returns a command for the cargo that runs this program.
pub(crate) fn cargo<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    command
}

/// Prints the command and runs it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    announce(command);
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("cannot run {}", text(command)))?;
    if status.success() { Ok(()) } else { bail!("{} ended with {status}", text(command)) }
}

/// Runs a command like [`run`], and passes every line of its output to `look`, which returns
/// whether to print it.
pub(crate) fn watch(command: &mut Command, look: impl FnMut(&str) -> bool + Send) -> Result<()> {
    announce(command);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot run {}", text(command)))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let look = Mutex::new(look);
    std::thread::scope(|scope| {
        scope.spawn(|| stdout.map(|from| pass(from, std::io::stdout(), &look)));
        scope.spawn(|| stderr.map(|from| pass(from, std::io::stderr(), &look)));
    });
    let status = child.wait()?;
    if status.success() { Ok(()) } else { bail!("{} ended with {status}", text(command)) }
}

/// Runs a command like [`run`], and returns its standard output. Its standard error is printed.
pub(crate) fn printed(command: &mut Command) -> Result<String> {
    announce(command);
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().with_context(|| format!("cannot run {}", text(command)))?;
    if !output.status.success() {
        bail!("{} ended with {}", text(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{} prints what is no text", text(command)))
}

/// Returns whether a command runs and succeeds. Prints nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).output().is_ok_and(|output| output.status.success())
}

fn pass(from: impl Read, mut to: impl Write, look: &Mutex<impl FnMut(&str) -> bool>) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        if look.lock().is_ok_and(|mut look| look(&String::from_utf8_lossy(&line))) {
            // Ignores write errors: the command runs to its end even if the output is closed.
            let _ = to.write_all(&line);
        }
        line.clear();
    }
}

fn announce(command: &Command) {
    println!("$ {}", text(command));
}

fn text(command: &Command) -> String {
    let envs = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}='{}'", name.to_string_lossy(), value?.to_string_lossy())));
    let program = Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy().into_owned());
    envs.chain(words).collect::<Vec<_>>().join(" ")
}
