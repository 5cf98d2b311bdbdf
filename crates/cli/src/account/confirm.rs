//! Prompts on the terminal.

use std::io::{self, IsTerminal, Write};

use anyhow::{Result, bail};

/// Asks for confirmation of a deletion. Returns whether to continue: `true` with `--yes`, else the
/// answer from the terminal.
pub(crate) fn confirmed(yes: bool, question: &str) -> Result<bool> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        bail!("{question} stdin is not a terminal; pass --yes");
    }
    Ok(matches!(ask(&format!("{question} [y/N] "))?.as_str(), "y" | "Y" | "yes"))
}

/// Prints a prompt if standard input is a terminal, and reads a line.
pub(crate) fn ask(prompt: &str) -> Result<String> {
    if io::stdin().is_terminal() {
        let mut stderr = anstream::stderr().lock();
        write!(stderr, "{prompt}")?;
        stderr.flush()?;
    }
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
