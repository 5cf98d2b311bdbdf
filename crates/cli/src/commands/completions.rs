//! `birdhook completions`: prints shell completions.

use anyhow::Result;
use clap::Command;
use clap_complete::Shell;

use crate::exit_status::ExitStatus;

/// Print completions for a shell.
///
/// For bash, run `birdhook completions bash > ~/.local/share/bash-completion/completions/birdhook`.
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, mut tool: Command) -> Result<ExitStatus> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut tool, "birdhook", &mut script);
        std::io::Write::write_all(&mut std::io::stdout().lock(), &script)?;
        Ok(ExitStatus::Success)
    }
}
