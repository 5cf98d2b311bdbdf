//! The configuration file of `birdhook listen`.
//!
//! A key is the long name of an option, and its value becomes a word of the command line. The option's
//! own definition checks it, so a new option needs nothing here.

mod app;
mod command_line;
pub(crate) mod example;
mod problem;
mod setting;
mod variables;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use self::app::AppEntry;
pub(crate) use self::command_line::{CommandLine, listen_words};
pub(crate) use self::problem::Problem;
use self::problem::use_nearest;
use self::setting::SettingReader;
pub(crate) use self::setting::{Setting, is_list, is_switch, key, literal, options};
use crate::apps::ConfiguredApp;
use crate::commands::listen::target::Target;
use crate::error::Report;
use crate::version;

/// The latest version of the file that this version of birdhook reads.
const VERSION: u32 = 1;

/// A configuration file without problems.
#[derive(Debug, Default)]
pub(crate) struct ConfigFile {
    pub(crate) path: PathBuf,
    pub(crate) settings: Vec<Setting>,
    pub(crate) apps: Vec<ConfiguredApp>,
    pub(crate) targets: Vec<Target>,
    /// The variables whose values are secrets, or parts of URLs that may contain one.
    pub(crate) secret_variables: Vec<String>,
}

/// Reads the text of a file. Fails if a later version of birdhook wrote it.
pub(crate) fn read(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    version::check(path, &text, VERSION)?;
    Ok(text)
}

impl ConfigFile {
    /// Reads a file for this definition of `birdhook listen`, and returns all of its problems.
    pub(crate) fn parse(path: &Path, text: &str, listen: &clap::Command) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::new(path, text, listen);
        match DeTable::parse(text) {
            Ok(table) => reader.read(table.into_inner()),
            Err(error) => {
                let fix = "correct the line; texts are in quotes, as in TOML".to_owned();
                let line = error.span().map(|span| reader.line(span.start));
                reader.problems.push(Problem { line, key: None, message: error.message().to_owned(), fix });
            }
        }
        reader.check_permissions();
        let Reader { file, mut problems, .. } = reader;
        problems.sort_by_key(|problem| problem.line);
        if problems.is_empty() { Ok(file) } else { Err(problems) }
    }
}

/// Returns the error of a command that needs a file with these problems.
pub(crate) fn failure(path: &Path, problems: &[Problem]) -> anyhow::Error {
    match problems {
        [first, others @ ..] => first.failure(path, others.len()),
        [] => anyhow::anyhow!("cannot use {}", path.display()),
    }
}

struct Reader<'a> {
    text: &'a str,
    folder: PathBuf,
    listen: &'a clap::Command,
    /// The line and the key of the first secret that is in the file itself.
    secret: Option<(usize, String)>,
    file: ConfigFile,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    fn new(path: &Path, text: &'a str, listen: &'a clap::Command) -> Self {
        // A file such as `/proc/self/fd/3` has no folder of its own, but then it names no relative path.
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let file = ConfigFile { path: path.to_owned(), ..ConfigFile::default() };
        Self { text, folder, listen, secret: None, file, problems: Vec::new() }
    }

    /// Returns the number of the line at an offset.
    fn line(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or_default();
        // An error at the end of the file may point past the last line.
        (1 + before.matches('\n').count()).min(self.text.lines().count().max(1))
    }

    fn read(&mut self, table: DeTable<'a>) {
        let mut seen: Vec<(String, usize)> = Vec::new();
        let mut entries: Vec<_> = table.into_iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        for (name, mut value) in entries {
            let (line, name) = (self.line(name.span().start), name.into_inner().into_owned());
            match &*name {
                "version" => {}
                "apps" => self.entries("apps", line, value, Self::app),
                "targets" => self.entries("targets", line, value, Self::target),
                _ => {
                    let Some(raws) = self.expand(&name, &mut value) else { continue };
                    raws.iter().for_each(|raw| self.find_password(&name, line, raw));
                    let reader = SettingReader { listen: self.listen, folder: &self.folder };
                    let setting = match reader.read(&name, line, value.get_ref(), &raws) {
                        Ok(Some(setting)) => setting,
                        Ok(None) => continue,
                        Err(problem) => {
                            self.problems.push(problem);
                            continue;
                        }
                    };
                    if let Some((_, first)) = seen.iter().find(|(key, _)| *key == setting.key) {
                        let message = format!("`{name}` is also in line {first}, with `_` or `-`");
                        self.problem(line, &name, message, "remove one of them");
                    }
                    seen.push((setting.key.clone(), line));
                    self.file.settings.push(setting);
                }
            }
        }
    }

    fn problem(&mut self, line: usize, key: &str, message: impl Into<String>, fix: impl Into<String>) {
        let (line, key) = (Some(line), Some(key.to_owned()));
        self.problems.push(Problem { line, key, message: message.into(), fix: fix.into() });
    }

    /// Replaces the variables in all strings of a value. Returns the strings as they are in the file.
    /// `None` if one has a problem.
    fn expand(&mut self, key: &str, value: &mut Spanned<DeValue<'_>>) -> Option<Vec<String>> {
        let (mut raws, at) = (Vec::new(), value.span().start);
        let is_valid = match value.get_mut() {
            DeValue::String(text) => {
                raws.push(text.to_string());
                match variables::expand(text, |name| std::env::var(name).ok()) {
                    Ok(None) => true,
                    Ok(Some(expanded)) => {
                        *text = expanded.into();
                        true
                    }
                    Err(message) => {
                        let line = self.line(at);
                        let message = format!("invalid `{key}`: {message}");
                        self.problem(line, key, message, "set the variable, or write `$${` for a literal `${`");
                        false
                    }
                }
            }
            DeValue::Array(values) => {
                let each: Vec<_> = values.iter_mut().map(|value| self.expand(key, value)).collect();
                let all: Option<Vec<Vec<String>>> = each.into_iter().collect();
                let is_valid = all.is_some();
                raws.extend(all.into_iter().flatten().flatten());
                is_valid
            }
            _ => true,
        };
        is_valid.then_some(raws)
    }

    /// Reads the tables of a list, such as `[[apps]]`.
    fn entries(
        &mut self,
        name: &str,
        line: usize,
        list: Spanned<DeValue<'a>>,
        read: fn(&mut Self, usize, Spanned<DeValue<'a>>),
    ) {
        let DeValue::Array(entries) = list.into_inner() else {
            return self.problem(line, name, format!("`{name}` is not a list of tables"), format!("use [[{name}]]"));
        };
        for mut entry in entries.iter().cloned() {
            let line = self.line(entry.span().start);
            let DeValue::Table(table) = entry.get_mut() else {
                self.problem(line, name, format!("`{name}` is not a list of tables"), format!("use [[{name}]]"));
                continue;
            };
            let mut is_valid = true;
            for (key, value) in table.iter_mut() {
                let line = self.line(key.span().start);
                let key = key.get_ref().to_string();
                match self.expand(&key, value) {
                    None => is_valid = false,
                    Some(raws) => raws.iter().for_each(|raw| self.find_secret(&key, line, raw)),
                }
            }
            if is_valid {
                read(self, line, entry);
            }
        }
    }

    fn app(&mut self, line: usize, entry: Spanned<DeValue<'a>>) {
        let Some(entry) = self.entry::<AppEntry>(line, entry) else { return };
        match entry.app(&self.folder) {
            Ok(app) if self.file.apps.iter().any(|known| known.name == app.name) => {
                let message = format!("two apps have the name {}", app.name);
                self.problem(line, "name", message, "put all secrets of an app into one [[apps]]");
            }
            Ok(app) => self.file.apps.push(app),
            Err((key, message)) => {
                let fix =
                    "name the secret as \"${VARIABLE}\", or its file in client_secret_file or consumer_secret_file";
                self.problem(line, key.unwrap_or("apps"), message, fix);
            }
        }
    }

    fn target(&mut self, line: usize, mut entry: Spanned<DeValue<'a>>) {
        if let DeValue::Table(table) = entry.get_mut() {
            for (key, value) in table.iter_mut() {
                let DeValue::Array(values) = value.get_mut() else { continue };
                let is_exec = key.get_ref() == "exec";
                for (at, value) in values.iter_mut().enumerate() {
                    let DeValue::String(text) = value.get_mut() else { continue };
                    let path = self.folder.join(&**text);
                    let is_file = std::env::var_os(&**text).is_none() && path.exists();
                    if (is_exec && at == 0 && text.contains('/')) || (key.get_ref() == "secrets" && is_file) {
                        *text = path.to_string_lossy().into_owned().into();
                    }
                }
            }
        }
        if let Some(target) = self.entry::<Target>(line, entry) {
            if let Err(error) = target.check() {
                let (message, fix) = Report::of(&error).into_parts();
                return self.problem(line, "targets", message, fix);
            }
            if self.file.targets.iter().any(|known| known.name == target.name) {
                let message = format!("two targets have the name {}", target.name);
                return self.problem(line, "name", message, "give each target its own name");
            }
            self.file.targets.push(target);
        }
    }

    /// Deserializes an entry of a list. Its errors never repeat a value, which may be a secret.
    fn entry<T: DeserializeOwned>(&mut self, line: usize, entry: Spanned<DeValue<'a>>) -> Option<T> {
        let error = match T::deserialize(ValueDeserializer::from(entry)) {
            Ok(entry) => return Some(entry),
            Err(error) => error,
        };
        let line = error.span().map_or(line, |span| self.line(span.start));
        let message = error.message().to_owned();
        let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        let otherwise = "run `birdhook config example` for all keys";
        match (message.split_once(" field "), names.as_slice()) {
            (Some(("unknown", _)), [name, known @ ..]) => {
                let fix = use_nearest(name, known.iter().copied(), otherwise);
                self.problem(line, name, format!("unknown key `{name}`"), fix);
            }
            (Some(("missing", _)), [name, ..]) => {
                self.problem(line, name, format!("`{name}` is missing"), format!("add `{name}`"));
            }
            _ => {
                let expected = message.rsplit_once(", expected ").map(|(_, what)| format!("expected {what}"));
                let key =
                    self.text.lines().nth(line.saturating_sub(1)).and_then(|text| Some(text.split_once('=')?.0.trim()));
                let key = key.unwrap_or_default().to_owned();
                let message = format!("invalid `{key}`: {}", expected.unwrap_or(message));
                self.problem(line, &key, message, otherwise);
            }
        }
        None
    }

    /// Notes a secret in the file itself.
    fn find_secret(&mut self, key: &str, line: usize, raw: &str) {
        if app::SECRETS.contains(&key) || key == "secrets" {
            self.file.secret_variables.extend(variables::names(raw).map(str::to_owned));
        }
        let is_secret = app::SECRETS.contains(&key) && !variables::is_only_variables(raw);
        if is_secret || raw.starts_with("whsec_") {
            self.secret.get_or_insert((line, key.to_owned()));
        }
        self.find_password(key, line, raw);
    }

    /// Notes a password in a URL.
    fn find_password(&mut self, key: &str, line: usize, raw: &str) {
        if raw.contains("://") {
            self.file.secret_variables.extend(variables::names(raw).map(str::to_owned));
        }
        let authority = raw.split_once("://").and_then(|(_, rest)| rest.split('/').next());
        let login = authority.and_then(|authority| authority.rsplit_once('@')).map(|(login, _)| login);
        let password = login.map(|login| login.split_once(':').map_or(login, |(_, password)| password));
        if password.is_some_and(|password| !variables::is_only_variables(password)) {
            self.secret.get_or_insert((line, key.to_owned()));
        }
    }

    /// Rejects a file with a secret that others can read.
    fn check_permissions(&mut self) {
        #[cfg(unix)]
        if let (Some((line, key)), Ok(about)) = (self.secret.take(), self.file.path.metadata()) {
            let mode = std::os::unix::fs::PermissionsExt::mode(&about.permissions()) & 0o7777;
            if mode & 0o077 != 0 {
                let message = format!("`{key}` contains a secret, but other users can read the file (mode {mode:04o})");
                let fix = format!("run `chmod 600 {}`, or use \"${{VARIABLE}}\" or a file", self.file.path.display());
                self.problem(line, &key, message, fix);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::tool;

    fn parse(text: &str) -> Result<ConfigFile, Vec<String>> {
        let mut tool = tool();
        tool.build();
        let listen = tool.find_subcommand("listen").unwrap();
        let path = Path::new("/etc/birdhook/birdhook.toml");
        let text_of = |problem: &Problem| format!("{} ({})", problem.text(path), problem.fix);
        ConfigFile::parse(path, text, listen).map_err(|problems| problems.iter().map(text_of).collect())
    }

    fn words(text: &str) -> Vec<String> {
        parse(text).unwrap().settings.into_iter().flat_map(|setting| setting.words).collect()
    }

    #[test]
    fn each_key_is_an_option_with_its_value() {
        assert_eq!(words(""), [""; 0]);
        assert_eq!(words("version = 1\naddr = '127.0.0.1:1'"), ["--addr=127.0.0.1:1"]);
        assert_eq!(
            words("quiet = true\njson = false\nmax_attempts = 3\ninbox = '/i'"),
            ["--quiet", "--max-attempts=3", "--inbox=/i"]
        );
        assert_eq!(words("max-attempts = '3'\nforward_timeout = 2.5"), ["--max-attempts=3", "--forward-timeout=2.5"]);
        assert_eq!(words("app = ['a=PATH', 'b=c']"), ["--app=a=PATH", "--app=b=/etc/birdhook/c"]);
        assert_eq!(words("app = 'a=PATH'"), ["--app=a=PATH"]);
        assert_eq!(words("exec = ['./mail', '-v', './x']"), ["--exec", "/etc/birdhook/./mail", "-v", "./x"]);
        assert_eq!(words("exec = ['mail']"), ["--exec", "mail"]);
        assert_eq!(words("notify_exec = ['mail', './m']"), ["--notify-exec=mail", "--notify-exec=/etc/birdhook/./m"]);
    }

    #[test]
    fn relative_paths_are_those_of_the_files_folder() {
        assert_eq!(words("inbox = 'in'\nrecord = '/r'"), ["--inbox=/etc/birdhook/in", "--record=/r"]);
        assert_eq!(words("path = 'hook'"), ["--path=hook"], "not a file");
    }

    #[test]
    fn each_problem_has_its_line_and_a_fix() {
        let birdhook = |line: usize, text: &str| format!("/etc/birdhook/birdhook.toml:{line}: {text}");
        for (text, problem) in [
            ("\nadr = 'x'", birdhook(2, "unknown key `adr` (use `addr`)")),
            ("cut_over = true", birdhook(1, "unknown key `cut_over` (use `dual_mode`)")),
            ("zzzz = 1", birdhook(1, "unknown key `zzzz` (run `birdhook config example` for all keys)")),
            ("config = 'x'", birdhook(1, "unknown key `config`")),
            ("addr = 'x'", birdhook(1, "invalid `addr` \"x\": invalid socket address syntax")),
            ("max_attempts = 0", birdhook(1, "invalid `max_attempts` 0: 0 is not in 1..")),
            ("addr = 5", birdhook(1, "invalid `addr` 5")),
            ("addr = ['127.0.0.1:1']", birdhook(1, "`addr` is not one value")),
            ("addr = true", birdhook(1, "`addr` is not a text or a number")),
            ("quiet = 'yes'", birdhook(1, "`quiet` is not true or false")),
            ("answer_with = 'clint'", birdhook(1, "invalid `answer_with` (use `client`)")),
            ("app = 'hunter2'", birdhook(1, "invalid `app`: expected NAME=ENV_OR_FILE")),
            ("addr = '${NO_SUCH_VARIABLE}'", birdhook(1, "invalid `addr`: the variable NO_SUCH_VARIABLE is not set")),
            ("addr = \n", birdhook(1, "")),
            ("max_attempts = 1\nmax-attempts = 2", birdhook(2, "`max-attempts` is also in line 1")),
            ("apps = 5", birdhook(1, "`apps` is not a list of tables (use [[apps]])")),
            ("[[apps]]\nname = 'a'", birdhook(1, "the app a has no secret")),
            ("[[apps]]\nnam = 'a'", birdhook(2, "unknown key `nam` (use `name`)")),
            ("[[apps]]\nclient_secret = 'hunter2'", birdhook(1, "`name` is missing")),
            (
                "[[apps]]\nname = 'a'\nclient_secret = 5",
                birdhook(3, "invalid `client_secret`: expected a text or a list"),
            ),
            (
                "[[apps]]\nname = 'a'\nclient_secret = 'hun ter2'",
                birdhook(1, "invalid `client_secret`: the secret holds"),
            ),
            ("[[apps]]\nname = 'a'\nclient_secret_file = 'no'", birdhook(1, "cannot read /etc/birdhook/no")),
            ("[[targets]]\nname = 'a'\nurls = 'x'", birdhook(3, "unknown key `urls` (use `url`)")),
            ("[[targets]]\nname = 'a'\nurl = 'x'", birdhook(1, "invalid url of the target a")),
            ("[[targets]]\nname = 'a'\nkinds = ['like']", birdhook(3, "invalid `kinds`: unknown event kind \"like\"")),
        ] {
            let problems = parse(text).unwrap_err();
            let found = problems.iter().any(|found| found.starts_with(&problem));
            assert!(found && !problems.concat().contains("ter2"), "{text}: {problems:?}, not {problem}");
        }
    }

    #[test]
    fn all_problems_are_reported_in_the_order_of_their_lines() {
        let problems = parse("b = 1\nquiet = 1\na = 1\n").unwrap_err();
        let lines: Vec<_> = problems.iter().filter_map(|problem| problem.split(':').nth(1)).collect();
        assert_eq!(lines, ["1", "2", "3"], "{problems:?}");
    }

    #[test]
    fn passwords_and_arguments_of_programs_are_not_shown() {
        let shown = |text: &str| parse(text).unwrap().settings.remove(0).shown;
        assert_eq!(shown("nats = 'nats://me:hunter2@host:4222'"), "\"nats://***@host:4222/\"");
        assert_eq!(shown("nats = 'nats://${PATH}'"), "\"nats://${PATH}\"");
        assert_eq!(shown("exec = ['mail', '--key', 'hunter2']"), "[\"mail\", \"***\", \"***\"]");
        assert_eq!(shown("notify = ['https://hooks.example/hunter2']"), "[\"https://hooks.example/***\"]");
        assert_eq!(shown("max_attempts = 3"), "3");
    }
}
