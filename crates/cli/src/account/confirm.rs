//! Asks for confirmation before something is deleted.

use std::io::{self, IsTerminal, Write};

use anyhow::{Result, bail};

/// Returns whether to go on: `true` with `--yes`, else the answer from the terminal.
pub(crate) fn confirmed(yes: bool, question: &str) -> Result<bool> {
    if yes {
        return Ok(true);
    }
    if !io::stdin().is_terminal() {
        bail!("{question} Nobody is there to answer: say --yes");
    }
    let mut asked = anstream::stderr().lock();
    write!(asked, "{question} [y/N] ")?;
    asked.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
