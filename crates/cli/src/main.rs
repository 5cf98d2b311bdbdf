//! `birdhook` on the command line.
#![allow(clippy::print_stderr, reason = "a command-line tool")]
#![allow(clippy::doc_markdown, reason = "the comments of arguments are what the tool prints")]

mod account;
mod apps;
mod args;
mod commands;
mod engine;
mod input;
mod lines;
mod output;
mod tally;
mod wrapped;

use std::process::ExitCode;

use clap::Parser;

/// How a command ended that could be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// All is well: exit code 0.
    Good,
    /// What was looked at is not well: exit code 1.
    Bad,
}

impl From<bool> for Verdict {
    fn from(good: bool) -> Self {
        if good { Self::Good } else { Self::Bad }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = args::Args::parse();
    match commands::run(args).await {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::from(1),
        // Whoever reads our output has seen enough, such as `head`.
        Err(error) if output::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("birdhook: {}", output::told(error.as_ref()));
            ExitCode::from(2)
        }
    }
}
