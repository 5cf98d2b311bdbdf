//! The `birdhook` command-line tool.
#![allow(clippy::doc_markdown, reason = "the comments of arguments are what the tool prints")]

mod account;
mod apps;
mod args;
mod commands;
mod config;
mod database;
mod engine;
mod error;
mod event_format;
mod exit_status;
mod help;
mod input;
mod logged_request;
mod logging;
mod output;
mod progress;
mod response_summary;
mod secret_report;
mod shutdown;
mod signature_mistakes;
mod values;
mod version;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::ffi::OsString;
use std::panic;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ColorChoice, FromArgMatches, ValueEnum};

use self::args::Args;
use self::config::CommandLine;
use self::error::Report;
use self::exit_status::ExitStatus;

/// Exit code of a command that could not run.
const COULD_NOT_RUN: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    // Prints each panic as one line, also a caught one. `RUST_BACKTRACE` adds a backtrace.
    panic::set_hook(Box::new(|report| {
        let backtrace = Backtrace::capture();
        let asked = matches!(backtrace.status(), BacktraceStatus::Captured);
        output::note(format!("birdhook: {report}{}", if asked { format!("\n{backtrace}") } else { String::new() }));
    }));
    let words: Vec<OsString> = std::env::args_os().collect();
    if words.len() <= 1 {
        output::note(help::FIRST_STEPS);
        return ExitCode::from(COULD_NOT_RUN);
    }
    let early = EarlyOptions::read(&words);
    early.color.write_global();
    let help = args::help_command(&words);
    let mut tool = args::tool();
    let configured = match with_config(&words, &mut tool) {
        Ok(configured) => configured,
        Err(error) => {
            Report::of(&error).with_command(is_command).print(early.json);
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    let words = configured.as_ref().map_or(words, CommandLine::words);
    // The file may set them.
    let early = EarlyOptions::read(&words);
    early.color.write_global();
    let parsed = tool.clone().color(early.clap_color()).try_get_matches_from(words);
    let Args { json, mut command, .. } = match parsed.and_then(|matches| Args::from_arg_matches(&matches)) {
        Ok(args) => args,
        // Help and version, which are no errors, and the help that a person gets for a missing command.
        Err(error) if error.exit_code() == 0 || (is_help(&error) && !early.json) => error.exit(),
        Err(error) => {
            let cause = configured.and_then(|line| line.explain(&tool, &error));
            Report::usage(&error, &help).with_cause(cause).with_command(is_command).print(early.json);
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    if let Some(line) = configured {
        command.configure(line.file);
    }
    let exit_code = match command.run(json).await {
        Ok(ExitStatus::Success) => ExitCode::SUCCESS,
        Ok(ExitStatus::Problem) => ExitCode::from(1),
        // The reader has closed our output, as `head` does.
        Err(error) if output::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            Report::of(&error).with_command(is_command).print(json);
            ExitCode::from(COULD_NOT_RUN)
        }
    };
    output::finish().await;
    exit_code
}

/// Returns the command line with its configuration file, if it names one.
fn with_config(words: &[OsString], tool: &mut clap::Command) -> anyhow::Result<Option<CommandLine>> {
    if config::listen_words(words).is_none() {
        return Ok(None);
    }
    // Adds the global options to each command.
    tool.build();
    tool.find_subcommand("listen").map_or(Ok(None), |listen| CommandLine::read(words, listen))
}

/// Returns whether these words are a command line that the tool accepts.
fn is_command(words: &[&str]) -> bool {
    args::tool().try_get_matches_from(words).map_or_else(|error| error.exit_code() == 0, |_| true)
}

fn is_help(error: &clap::Error) -> bool {
    error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
}

/// The options that apply to errors of the command line itself, so they are read before parsing.
struct EarlyOptions {
    color: anstream::ColorChoice,
    json: bool,
}

impl EarlyOptions {
    fn read(words: &[OsString]) -> Self {
        let texts: Vec<_> = words.iter().skip(1).map(|word| word.to_string_lossy()).collect();
        let options = || texts.iter().take_while(|word| *word != "--");
        let attached = options().find_map(|word| word.strip_prefix("--color="));
        let separate = || Some(texts.get(options().position(|word| word == "--color")? + 1)?.as_ref());
        let choice = attached.or_else(separate).and_then(|word| ColorChoice::from_str(word, false).ok());
        let color = match choice {
            Some(ColorChoice::Always) => anstream::ColorChoice::Always,
            Some(ColorChoice::Never) => anstream::ColorChoice::Never,
            _ => anstream::ColorChoice::Auto,
        };
        Self { color, json: options().any(|word| word == "--json") }
    }

    fn clap_color(&self) -> ColorChoice {
        match self.color {
            anstream::ColorChoice::Always => ColorChoice::Always,
            anstream::ColorChoice::Never => ColorChoice::Never,
            _ => ColorChoice::Auto,
        }
    }
}
