//! The command line of `birdhook listen` together with its configuration file.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use super::setting::{Setting, is_switch, options};
use super::{ConfigFile, Problem, failure, read};

/// Options that replace the apps of a file.
const OF_APPS: [&str; 2] = ["app", "client-secret"];

/// Options that replace the targets of a file.
const OF_TARGETS: [&str; 2] = ["forward", "exec"];

/// The words of a command line of `birdhook listen`, and its configuration file.
#[derive(Debug)]
pub(crate) struct CommandLine {
    /// The words up to `listen`.
    before: Vec<OsString>,
    /// The words after `listen`.
    after: Vec<OsString>,
    pub(crate) file: ConfigFile,
}

/// Returns the words before and after the subcommand `listen`. `None` if it is another command.
pub(crate) fn listen_words(words: &[OsString]) -> Option<(&[OsString], &[OsString])> {
    let at = words.iter().position(|word| word == "listen")?;
    let (before, after) = words.split_at_checked(at + 1)?;
    let mut between = before.iter().skip(1).take(at.saturating_sub(1)).peekable();
    while let Some(word) = between.next() {
        if word == "--color" {
            between.next();
        } else if !word.to_string_lossy().starts_with('-') {
            return None;
        }
    }
    Some((before, after))
}

impl CommandLine {
    /// Reads the file that the words name. `None` if they name none, or are not understood: the parser
    /// reports that.
    pub(crate) fn read(words: &[OsString], listen: &Command) -> Result<Option<Self>> {
        let Some((before, after)) = listen_words(words) else { return Ok(None) };
        let Some(given) = given(listen, after) else { return Ok(None) };
        let Some(path) = given.get_one::<OsString>("config").map(PathBuf::from) else { return Ok(None) };
        let text = read(&path)?;
        let file = ConfigFile::parse(&path, &text, listen).map_err(|problems| failure(&path, &problems))?;
        Ok(Some(Self { before: before.to_vec(), after: after.to_vec(), file }.without_overridden(listen, &given)))
    }

    /// Returns the command line that consists of this file.
    pub(crate) fn of_file(file: ConfigFile) -> Self {
        Self { before: ["birdhook", "listen"].map(OsString::from).to_vec(), after: Vec::new(), file }
    }

    /// Removes what options on the command line override.
    fn without_overridden(mut self, listen: &Command, given: &ArgMatches) -> Self {
        let is_given = |arg: &Arg| given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
        let given: Vec<&Arg> = options(listen).filter(|arg| is_given(arg)).collect();
        let names_one =
            |names: [&str; 2]| given.iter().any(|arg| arg.get_long().is_some_and(|long| names.contains(&long)));
        if names_one(OF_APPS) {
            self.file.apps.clear();
        }
        if names_one(OF_TARGETS) {
            self.file.targets.clear();
        }
        self.file.settings.retain(|setting| {
            let of_setting = |arg: &&Arg| arg.get_id().as_str() == setting.id;
            let Some(arg) = options(listen).find(of_setting) else { return true };
            // `--quiet` overrides `requests = true`. Other conflicts are errors: `--record` must not
            // silently remove the inbox.
            let conflicts = |one: &Arg, other: &Arg| {
                listen.get_arg_conflicts_with(one).iter().any(|arg| arg.get_id() == other.get_id())
            };
            let is_overridden = |given: &&Arg| {
                given.get_id() == arg.get_id()
                    || (is_switch(arg) && is_switch(given) && (conflicts(given, arg) || conflicts(arg, given)))
            };
            !given.iter().any(is_overridden)
        });
        self
    }

    /// Returns the words with those of the file.
    pub(crate) fn words(&self) -> Vec<OsString> {
        self.words_of(|_| true)
    }

    fn words_of(&self, is_used: impl Fn(&Setting) -> bool) -> Vec<OsString> {
        let used = || self.file.settings.iter().filter(|setting| is_used(setting));
        let of =
            |is_last: bool| used().filter(move |setting| setting.is_last == is_last).flat_map(|setting| &setting.words);
        let mut words = self.before.clone();
        words.extend(of(false).map(OsString::from));
        words.extend(self.after.iter().cloned());
        words.extend(of(true).map(OsString::from));
        words
    }

    /// Returns the settings of the file without which this error would not occur.
    fn causes(&self, tool: &Command, error: &clap::Error) -> Vec<&Setting> {
        let causes = |removed: &&Setting| {
            let words = self.words_of(|setting| setting.id != removed.id);
            let found = tool.clone().try_get_matches_from(words);
            found.map_or_else(|other| other.to_string() != error.to_string(), |_| true)
        };
        self.file.settings.iter().filter(causes).collect()
    }

    /// Returns the parts of the file that cause an error of the command line, as text.
    pub(crate) fn explain(&self, tool: &Command, error: &clap::Error) -> Option<String> {
        let causes = self.causes(tool, error);
        let lines: Vec<_> =
            causes.iter().map(|setting| format!("`{}` is in line {}", setting.key, setting.line)).collect();
        (!lines.is_empty()).then(|| format!("{} of {}", lines.join(" and "), self.file.path.display()))
    }

    /// Returns an error of the command line as a problem of the file.
    pub(crate) fn problem(&self, tool: &Command, error: &clap::Error, message: &str, fix: String) -> Problem {
        let last = self.causes(tool, error).into_iter().max_by_key(|setting| setting.line);
        let (line, key) = (last.map(|setting| setting.line), last.map(|setting| setting.key.clone()));
        let message = key.as_ref().map_or_else(|| message.to_owned(), |key| format!("`{key}`: {message}"));
        Problem { line, key, message, fix }
    }
}

/// Reads which options the words name. Checks neither values nor conflicts, because those depend on
/// the file.
fn given(listen: &Command, words: &[OsString]) -> Option<ArgMatches> {
    let parser = listen.clone().no_binary_name(true).ignore_errors(true);
    let parser = parser.mut_args(|arg| match is_switch(&arg) {
        true => arg,
        false => arg.value_parser(clap::value_parser!(OsString)),
    });
    parser.try_get_matches_from(words).ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::args::tool;

    fn os(words: &str) -> Vec<OsString> {
        words.split(' ').map(OsString::from).collect()
    }

    fn merged(text: &str, words: &str) -> String {
        let mut tool = tool();
        tool.build();
        let listen = tool.find_subcommand("listen").unwrap();
        let words = os(words);
        let (before, after) = listen_words(&words).unwrap();
        let given = given(listen, after).unwrap();
        let file = ConfigFile::parse(Path::new("/f.toml"), text, listen).unwrap();
        let line = CommandLine { before: before.to_vec(), after: after.to_vec(), file };
        let words = line.without_overridden(listen, &given).words();
        words.iter().map(|word| word.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn an_option_on_the_command_line_overrides_its_key() {
        let file = "addr = '127.0.0.1:1'\nmax_attempts = 3\napp = ['a=b', 'c=d']\nrequests = true\nexec = ['e', '-f']";
        for (words, expected) in [
            ("listen", "listen --addr=127.0.0.1:1 --max-attempts=3 --app=a=/b --app=c=/d --requests --exec e -f"),
            (
                "listen --addr 127.0.0.1:2 --tries=4",
                "listen --app=a=/b --app=c=/d --requests --addr 127.0.0.1:2 --tries=4 --exec e -f",
            ),
            ("listen --app x=y -q", "listen --addr=127.0.0.1:1 --max-attempts=3 --app x=y -q --exec e -f"),
            ("listen --json", "listen --addr=127.0.0.1:1 --max-attempts=3 --app=a=/b --app=c=/d --json --exec e -f"),
            (
                "--color never listen --exec a -b",
                "--color never listen --addr=127.0.0.1:1 --max-attempts=3 --app=a=/b --app=c=/d --requests --exec a -b",
            ),
        ] {
            assert_eq!(merged(file, &format!("birdhook {words}")), format!("birdhook {expected}"));
        }
        assert!(
            merged("inbox = 'i'", "birdhook listen --record r").contains("--inbox=/i --record r"),
            "an error later"
        );
    }

    #[test]
    fn only_the_subcommand_listen_reads_a_file() {
        assert!(listen_words(&os("birdhook trigger listen")).is_none());
        assert!(listen_words(&os("birdhook inspect")).is_none());
        let words = os("birdhook --json --color always listen -q");
        assert_eq!(listen_words(&words).unwrap().1, os("-q"));
    }
}
