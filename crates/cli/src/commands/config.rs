//! `birdhook config`: checks a configuration file of `birdhook listen`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use birdhook::app::SecretKind;
use clap::parser::ValueSource;
use clap::{Command, FromArgMatches, Subcommand};
use serde::Serialize;

use super::listen::Listen;
use super::listen::target::Target;
use crate::config::example::{bare, example};
use crate::config::{self, CommandLine, ConfigFile, Problem};
use crate::error::Report;
use crate::exit_status::ExitStatus;
use crate::output::{self, BAD, FAINT, STRONG, shown, styled};

/// Check a configuration file of `birdhook listen`, or print an example with every setting.
#[derive(Debug, clap::Args)]
pub(crate) struct Config {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check a file: keys, values, variables and secrets. Prints each problem with its line and key,
    /// or the settings in effect. Neither contains secrets. Nothing is opened or contacted.
    Check {
        /// The file that `birdhook listen --config` reads.
        #[arg(default_value = "birdhook.toml")]
        file: PathBuf,
    },
    /// Print a file in which every setting is explained, with its default.
    Example,
}

impl Config {
    pub(crate) fn run(self, mut tool: Command, json: bool) -> Result<ExitStatus> {
        // Adds the global options to each command.
        tool.build();
        let Some(listen) = tool.find_subcommand("listen") else { return Ok(ExitStatus::Problem) };
        match self.action {
            Action::Example => {
                output::line(example(listen).trim_end())?;
                Ok(ExitStatus::Success)
            }
            Action::Check { file } => {
                let text = config::read(&file)?;
                let settings = ConfigFile::parse(&file, &text, listen)
                    .and_then(|parsed| Effective::new(&tool, listen, CommandLine::of_file(parsed)));
                let is_valid = settings.is_ok();
                match (settings, json) {
                    (Ok(settings), true) => output::json(&settings)?,
                    (Ok(settings), false) => output::line(settings.text()?)?,
                    (Err(problems), true) => output::json(&Invalid { file: &file, valid: false, problems: &problems })?,
                    (Err(problems), false) => problems.iter().try_for_each(|problem| print_problem(&file, problem))?,
                }
                Ok(is_valid.into())
            }
        }
    }
}

fn print_problem(file: &Path, problem: &Problem) -> Result<()> {
    output::line(format!("{}\n    {STRONG}try:{STRONG:#} {}", styled(BAD, problem.text(file)), shown(&problem.fix)))
}

/// The result for a file with problems.
#[derive(Serialize)]
struct Invalid<'a> {
    file: &'a Path,
    valid: bool,
    problems: &'a [Problem],
}

/// The settings in effect, without secrets.
#[derive(Serialize)]
struct Effective {
    file: PathBuf,
    valid: bool,
    settings: Vec<Value>,
    apps: Vec<AppSummary>,
    targets: Vec<TargetSummary>,
}

#[derive(Serialize)]
struct Value {
    key: String,
    /// As TOML.
    value: String,
    source: String,
}

#[derive(Serialize)]
struct AppSummary {
    name: String,
    secrets: Vec<&'static str>,
}

#[derive(Serialize)]
struct TargetSummary {
    name: String,
    /// The URL or the program, without secrets.
    to: String,
}

impl Effective {
    fn new(tool: &Command, listen: &Command, line: CommandLine) -> Result<Self, Vec<Problem>> {
        let usage = |error: clap::Error| {
            let (message, fix) = Report::usage(&error, "birdhook config example").into_parts();
            vec![line.problem(tool, &error, &message, fix)]
        };
        let matches = tool.clone().try_get_matches_from(line.words()).map_err(usage)?;
        let Some(matches) = matches.subcommand_matches("listen") else { return Err(Vec::new()) };
        let mut parsed = Listen::from_arg_matches(matches).map_err(usage)?;
        let settings = config::options(listen).filter_map(|arg| {
            let source = matches.value_source(arg.get_id().as_str())?;
            let of_file = line.file.settings.iter().find(|setting| setting.id == arg.get_id().as_str());
            let (value, source) = match (of_file, source) {
                (Some(setting), _) => (setting.shown.clone(), format!("line {}", setting.line)),
                (None, ValueSource::EnvVariable) => {
                    let variable = arg.get_env().unwrap_or_default().to_string_lossy();
                    (config::literal(&format!("${{{variable}}}")), "environment".to_owned())
                }
                _ if config::is_switch(arg) => return None,
                _ => {
                    let values = arg.get_default_values().iter().map(|value| bare(&value.to_string_lossy()));
                    let value = values.collect::<Vec<_>>().join(", ");
                    (if config::is_list(arg) { format!("[{value}]") } else { value }, "default".to_owned())
                }
            };
            Some(Value { key: config::key(arg), value, source })
        });
        let settings = settings.collect();
        let CommandLine { file: ConfigFile { path, apps, targets, .. }, .. } = line;
        parsed.configure(apps, targets, Vec::new());
        let (apps, targets) = parsed.check().map_err(|error| {
            let (message, fix) = Report::of(&error).into_parts();
            vec![Problem { line: None, key: None, message, fix }]
        })?;
        let kinds = [(SecretKind::Client, "client"), (SecretKind::Consumer, "consumer")];
        let apps = apps.iter().map(|app| AppSummary {
            name: app.name().to_owned(),
            secrets: kinds.iter().filter(|(kind, _)| app.has(*kind)).map(|(_, name)| *name).collect(),
        });
        let apps = apps.collect();
        let target = |target: &Target| TargetSummary { name: target.name.clone(), to: target.place() };
        Ok(Self { file: path, valid: true, settings, apps, targets: targets.iter().map(target).collect() })
    }

    /// Returns the settings as TOML, each with its source.
    fn text(&self) -> Result<String> {
        let mut text = format!("{} is valid\n", shown(&self.file.display().to_string()));
        let mut add = |setting: String, source: &str| {
            let comment = styled(FAINT, format!("# {source}"));
            write!(text, "\n{:<40} {comment}", shown(&setting))
        };
        for Value { key, value, source } in &self.settings {
            add(format!("{key} = {value}"), source)?;
        }
        for AppSummary { name, secrets } in &self.apps {
            add(format!("[[apps]] {name}"), &plural_secrets(secrets))?;
        }
        for TargetSummary { name, to } in &self.targets {
            add(format!("[[targets]] {name}"), to)?;
        }
        Ok(text)
    }
}

fn plural_secrets(kinds: &[&str]) -> String {
    format!("{} {}", kinds.join(" and "), output::noun(kinds.len(), "secret"))
}
