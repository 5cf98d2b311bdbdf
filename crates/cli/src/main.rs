//! The `birdhook` command-line tool.
#![allow(clippy::doc_markdown, reason = "the comments of arguments are what the tool prints")]

mod account;
mod apps;
mod args;
mod commands;
mod engine;
mod event_format;
mod exit_status;
mod input;
mod logged_request;
mod output;
mod progress;
mod response_summary;
mod shutdown;
mod values;
mod version;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic;
use std::process::ExitCode;

use clap::Parser;

use self::args::Args;
use self::exit_status::ExitStatus;

#[tokio::main]
async fn main() -> ExitCode {
    // Prints each panic as one line, also a caught one. `RUST_BACKTRACE` adds a backtrace.
    panic::set_hook(Box::new(|report| {
        let backtrace = Backtrace::capture();
        let asked = matches!(backtrace.status(), BacktraceStatus::Captured);
        output::note(format!("birdhook: {report}{}", if asked { format!("\n{backtrace}") } else { String::new() }));
    }));
    let Args { json, command } = Args::parse();
    let exit_code = match command.run(json).await {
        Ok(ExitStatus::Success) => ExitCode::SUCCESS,
        Ok(ExitStatus::Problem) => ExitCode::from(1),
        // The reader has closed our output, as `head` does.
        Err(error) if output::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(format!("birdhook: {}", output::error_chain(error.as_ref())));
            ExitCode::from(2)
        }
    };
    output::finish().await;
    exit_code
}
