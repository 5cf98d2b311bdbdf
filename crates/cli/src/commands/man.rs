//! `birdhook man`: the manual, as man pages and as Markdown.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, Result};
use clap::{Arg, Command};

use crate::error::Code;
use crate::exit_status::ExitStatus;
use crate::help::{self, Group, Topic};

/// Print the man page, or write one for each command into a folder.
#[derive(Debug, clap::Args)]
pub(crate) struct Man {
    /// The folder, for example ~/.local/share/man/man1.
    folder: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(self, tool: Command) -> Result<ExitStatus> {
        match self.folder {
            Some(folder) => fs::create_dir_all(&folder)
                .and_then(|()| clap_mangen::generate_to(tool, &folder))
                .with_context(|| format!("cannot write to {}", folder.display()))?,
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(tool).render(&mut page)?;
                io::Write::write_all(&mut io::stdout().lock(), &page)?;
            }
        }
        Ok(ExitStatus::Success)
    }
}

/// Write the manual into a folder as Markdown, one page per command.
#[derive(Debug, clap::Args)]
pub(crate) struct Pages {
    folder: PathBuf,
}

impl Pages {
    pub(crate) fn run(self, mut tool: Command) -> Result<ExitStatus> {
        fs::create_dir_all(&self.folder)?;
        tool.build();
        let mut index = page(&mut tool);
        index += "\n## Commands\n";
        for Group { heading, commands } in help::GROUPS {
            write!(index, "\n### {heading}\n\n")?;
            for topic in *commands {
                let Some(command) = tool.find_subcommand_mut(topic.name) else { continue };
                let file = format!("{}.md", topic.name);
                let about = sentence(command.get_about().map(ToString::to_string).unwrap_or_default());
                writeln!(index, "- [`birdhook {}`]({file}): {about}", topic.name)?;
                write_page(&self.folder.join(file), &page(command))?;
            }
        }
        index += "\n## Errors\n\n[The codes of errors](errors.md) are stable.\n";
        write_page(&self.folder.join("README.md"), &index)?;
        write_page(&self.folder.join("errors.md"), &errors())?;
        Ok(ExitStatus::Success)
    }
}

/// Returns the page of the codes of errors.
fn errors() -> String {
    let mut text = ERRORS.to_owned();
    for code in Code::ALL {
        text += &format!("| `{}` | {} |\n", code.as_str(), code.meaning());
    }
    text
}

const ERRORS: &str = r#"# Errors of birdhook

A command that cannot run prints one error on standard error, and its exit code is 2:

```text
error: what failed
cause: why, if it is known
try: what to do
```

With `--json` the last line is the error as one JSON object. Its `code` is stable; the texts may change. `command` is
the command in `try`, if it can be run as it is and deletes nothing.

```json
{"code":"no_secret","message":"what failed","cause":"why","try":"what to do","command":"birdhook auth app"}
```

| Code | Meaning |
|---|---|
"#;

fn write_page(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn page(command: &mut Command) -> String {
    let mut text = section(command, 1);
    match help::find(command.get_name()) {
        Some(topic) => text += &usage_notes(command, topic),
        None => text += &command.get_after_long_help().map(|after| format!("\n{after}\n")).unwrap_or_default(),
    }
    let is_the_tool = command.get_name() == "birdhook";
    let name = command.get_name().to_owned();
    for below in command.get_subcommands_mut().filter(|below| !is_the_tool && below.get_name() != "help") {
        text += &format!("\n{}", section(below, 2));
        if let Some(example) = help::example_below(&name, below.get_name()) {
            text += &format!("\n```sh\n{example}\n```\n");
        }
    }
    text
}

/// Returns the details, examples and exit codes of a command.
fn usage_notes(command: &Command, topic: &Topic) -> String {
    let details = help::details(command).map(|details| format!("\n{details}\n")).unwrap_or_default();
    let examples: String = topic.examples.iter().map(|example| format!("{example}\n")).collect();
    let problem = topic.problem.map(|problem| format!("- `1`: {problem}.\n")).unwrap_or_default();
    format!(
        "{details}\n## Examples\n\n```sh\n{examples}```\n\n## Exit codes\n\n- `0`: success.\n{problem}- `2`: the command could not run.\n"
    )
}

/// Returns the description and the arguments of a command, under a heading of this level.
fn section(command: &mut Command, level: usize) -> String {
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let is_word = |word: &&str| word.chars().all(|letter| letter.is_ascii_lowercase() || matches!(letter, '-' | '2'));
    let name = usage.split([' ', '\n']).take_while(is_word).collect::<Vec<_>>().join(" ");
    let heading = "#".repeat(level);
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let mut text = format!("{heading} {name}\n\n{}\n\n```text\n{usage}\n```\n", sentence(about));
    // Global options are listed once, not for each subcommand.
    let shown = |arg: &&Arg| {
        !arg.is_hide_set()
            && !matches!(arg.get_id().as_str(), "help" | "version")
            && (level == 1 || !arg.is_global_set())
    };
    let (arguments, options): (Vec<_>, Vec<_>) =
        command.get_arguments().filter(shown).partition(|arg| arg.is_positional());
    let (credentials, options): (Vec<_>, Vec<_>) =
        options.into_iter().partition(|arg| arg.get_help_heading() == Some(help::CREDENTIALS));
    for (title, args) in [("Arguments", arguments), ("Options", options), (help::CREDENTIALS, credentials)] {
        if !args.is_empty() {
            text += &format!("\n{heading}# {title}\n\n");
            args.iter().for_each(|arg| text += &item(arg));
        }
    }
    text
}

fn item(arg: &Arg) -> String {
    let values =
        || arg.get_value_names().unwrap_or_default().iter().map(|name| format!(" <{name}>")).collect::<String>();
    let takes = arg.get_action().takes_values();
    let short = arg.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
    let name = match arg.get_long() {
        Some(long) => format!("{short}--{long}{}", if takes { values() } else { String::new() }),
        None => values().trim_start().to_owned(),
    };
    let help = sentence(arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default());
    let default: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    let possible: Vec<_> = arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    let mut text = format!("- `{name}`: {help}");
    if takes && !possible.is_empty() && possible.len() < 10 {
        text += &format!(" One of {}.", possible.join(", "));
    }
    if takes && !default.is_empty() {
        text += &format!(" Default: `{}`.", default.join(" "));
    }
    text + "\n"
}

/// Restores the full stop that clap removes.
fn sentence(text: String) -> String {
    if text.ends_with(['.', ':']) { text } else { text + "." }
}
