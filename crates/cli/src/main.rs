//! The `birdhook` command-line tool.
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
mod version;
mod wrapped;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic;
use std::process::ExitCode;

use clap::Parser;

/// The result of a command that could be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// All is well: exit code 0.
    Good,
    /// The command found a problem: exit code 1.
    Bad,
}

impl From<bool> for Verdict {
    fn from(good: bool) -> Self {
        if good { Self::Good } else { Self::Bad }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    // Prints each panic as one line, also a caught one. `RUST_BACKTRACE` adds a backtrace.
    panic::set_hook(Box::new(|report| {
        let backtrace = Backtrace::capture();
        let asked = matches!(backtrace.status(), BacktraceStatus::Captured);
        output::note(format!("birdhook: {report}{}", if asked { format!("\n{backtrace}") } else { String::new() }));
    }));
    let args = args::Args::parse();
    let ended = match commands::run(args).await {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::from(1),
        // The reader has closed our output, as `head` does.
        Err(error) if output::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(format!("birdhook: {}", output::told(error.as_ref())));
            ExitCode::from(2)
        }
    };
    output::finish().await;
    ended
}
