//! `birdhook` on the command line.
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

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic;
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
    // One line, as all that is noted, also of a panic that is caught. Where RUST_BACKTRACE asks for it, more.
    panic::set_hook(Box::new(|report| {
        let backtrace = Backtrace::capture();
        let asked = matches!(backtrace.status(), BacktraceStatus::Captured);
        output::note(format!("birdhook: {report}{}", if asked { format!("\n{backtrace}") } else { String::new() }));
    }));
    let args = args::Args::parse();
    let ended = match commands::run(args).await {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::from(1),
        // Whoever reads our output has seen enough, such as `head`.
        Err(error) if output::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(format!("birdhook: {}", output::told(error.as_ref())));
            ExitCode::from(2)
        }
    };
    output::finish().await;
    ended
}
