//! Prompts on the terminal.

use std::io::{self, IsTerminal, Write};

use anyhow::{Result, bail};

use crate::error::{Code, Failure};

/// Asks for confirmation of a deletion, unless `--yes` was passed. Fails with `refused` if the user
/// does not confirm it.
pub(crate) fn confirm(yes: bool, question: &str, refused: &'static str) -> Result<()> {
    if !yes && !io::stdin().is_terminal() {
        let message = format!("cannot ask {question:?}: standard input is not a terminal");
        bail!(Failure::new(Code::ConfirmationRequired, message, "pass --yes to confirm"));
    }
    if !yes && !matches!(ask(&format!("{question} [y/N] "))?.as_str(), "y" | "Y" | "yes") {
        bail!(Failure::new(Code::NotConfirmed, refused, "answer y, or pass --yes"));
    }
    Ok(())
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
