//! Command-line arguments.

use std::ffi::OsString;

use anyhow::Result;
use clap::{ColorChoice, CommandFactory, Parser, Subcommand};

use crate::apps::{ConfigSource, ConfiguredApp};
use crate::commands::{
    activity, auth, completions, config, console, consume, crc, doctor, ensure, inbox, inspect, listen, man, migrate,
    mock_x, postgres, relay, replay, rotate, sign, stream_links, subscriptions, trigger, validate, verify, watch,
    webhooks,
};
use crate::config::{CommandLine, ConfigFile};
use crate::exit_status::ExitStatus;
use crate::help;

/// Receive, send, diagnose and replay Twitter/X webhooks, and manage them at X.
#[derive(Debug, Parser)]
#[command(name = "birdhook", version, after_long_help = AFTER, propagate_version = true, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Args {
    /// Print JSON, one object per line.
    #[arg(long, global = true, display_order = LAST)]
    pub(crate) json: bool,
    /// Use colours: only on a terminal without NO_COLOR (auto), always or never.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", display_order = LAST)]
    pub(crate) color: ColorChoice,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Places the options of every command after those of one command.
const LAST: usize = 900;

const AFTER: &str = "\
Secrets are never taken from the command line, because every user of the machine could read them there. Options take \
the name of an environment variable or of a file that holds the secret. The default variables are \
BIRDHOOK_CLIENT_SECRET, for the OAuth 2.0 client secret that new apps have, and BIRDHOOK_CONSUMER_SECRET. An app may \
have both.

Exit codes: 0 success; 1 the command found a problem (a receiver with faults, a wrong signature, an unreadable body, \
an unexpected response, a damaged inbox); 2 the command could not run. The help of each command lists its own.

An error is printed once on standard error, as the lines error:, cause: and try:. With --json it is one JSON object \
with the members code, message, cause, try and, if try contains a command that can be run as it is, command. The \
code is stable; docs/cli/errors.md lists all codes. A cause that is not known is left out.";

/// The command line with its complete help.
pub(crate) fn tool() -> clap::Command {
    help::with_topics(Args::command())
}

/// Returns the command that prints the help of the command on this command line.
pub(crate) fn help_command(words: &[OsString]) -> String {
    let tool = Args::command();
    let (mut command, mut path) = (&tool, "birdhook".to_owned());
    for word in words.iter().skip(1) {
        if let Some(below) = command.find_subcommand(word) {
            path += &format!(" {}", below.get_name());
            command = below;
        }
    }
    path + " --help"
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Listen(listen::Listen),
    Trigger(trigger::Trigger),
    Doctor(doctor::Doctor),
    Crc(crc::Crc),
    Sign(sign::Sign),
    Verify(verify::Verify),
    Inspect(inspect::Inspect),
    Record(listen::Record),
    Inbox(inbox::Inbox),
    Postgres(postgres::PostgresCommand),
    Console(console::ConsoleCommand),
    Relay(relay::Relay),
    Consume(consume::Consume),
    Replay(replay::Replay),
    MockX(mock_x::MockX),
    Auth(auth::Auth),
    Ensure(ensure::Ensure),
    Migrate(migrate::Migrate),
    Watch(watch::Watch),
    Rotate(rotate::Rotate),
    Validate(validate::Validate),
    Webhooks(webhooks::Webhooks),
    Subscriptions(subscriptions::Subscriptions),
    Activity(activity::Activity),
    StreamLinks(stream_links::StreamLinks),
    Config(config::Config),
    Completions(completions::Completions),
    Man(man::Man),
    #[command(hide = true)]
    Pages(man::Pages),
}

impl Command {
    /// Sets the apps and the targets of a configuration file.
    pub(crate) fn configure(&mut self, file: ConfigFile) {
        if let Self::Listen(listen) = self {
            let has_apps = !file.apps.is_empty();
            listen.configure(file.apps, file.targets, file.secret_variables);
            if has_apps {
                listen.configure_source(ConfigSource { path: file.path, read: configured_apps });
            }
        }
    }

    pub(crate) async fn run(self, json: bool) -> Result<ExitStatus> {
        match self {
            Self::Listen(listen) => listen.run(json).await,
            Self::Trigger(trigger) => trigger.run(json).await,
            Self::Doctor(doctor) => doctor.run(json).await,
            Self::Crc(crc) => crc.run(json),
            Self::Sign(sign) => sign.run(json),
            Self::Verify(verify) => verify.run(json),
            Self::Inspect(inspect) => inspect.run(json),
            Self::Record(record) => record.run(json).await,
            Self::Inbox(inbox) => inbox.run(json).await,
            Self::Postgres(postgres) => postgres.run(json).await,
            Self::Console(console) => console.run().await,
            Self::Relay(relay) => relay.run(json).await,
            Self::Consume(consume) => consume.run(json).await,
            Self::Replay(replay) => replay.run(json).await,
            Self::MockX(mock_x) => mock_x.run(json).await,
            Self::Auth(auth) => auth.run(json).await,
            Self::Ensure(ensure) => ensure.run(json).await,
            Self::Migrate(migrate) => migrate.run(json).await,
            Self::Watch(watch) => watch.run(json).await,
            Self::Rotate(rotate) => rotate.run(json).await,
            Self::Validate(validate) => validate.run(json).await,
            Self::Webhooks(webhooks) => webhooks.run(json).await,
            Self::Subscriptions(subscriptions) => subscriptions.run(json).await,
            Self::Activity(activity) => activity.run(json).await,
            Self::StreamLinks(links) => links.run(json).await,
            Self::Config(config) => config.run(tool(), json),
            Self::Completions(completions) => completions.run(tool()),
            Self::Man(man) => man.run(tool()),
            Self::Pages(pages) => pages.run(tool()),
        }
    }
}

/// Reads the apps of the configuration file on the command line of this process again.
fn configured_apps() -> Result<Vec<ConfiguredApp>> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let mut tool = tool();
    // Adds the global options to each command.
    tool.build();
    let line = tool.find_subcommand("listen").map_or(Ok(None), |listen| CommandLine::read(&words, listen))?;
    Ok(line.map(|line| line.file.apps).unwrap_or_default())
}
