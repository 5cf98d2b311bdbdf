//! Settings: the keys of a file that are options of `birdhook listen`.

use std::any::TypeId;
use std::path::{Path, PathBuf};

use birdhook::client::redact_url;
use clap::error::ContextKind;
use clap::{Arg, ArgAction, Command};
use toml::de::DeValue;

use super::problem::{Problem, use_nearest};
use crate::help::CREDENTIALS;

/// Options that a file cannot set.
const NOT_IN_FILES: [&str; 3] = ["config", "help", "version"];

/// A key of a file, and the words of the command line with the same meaning.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) line: usize,
    /// The value as TOML, without the values of variables and without passwords.
    pub(crate) shown: String,
    pub(super) words: Vec<String>,
    /// Whether all words after the option are its values, so that it must be the last one.
    pub(super) is_last: bool,
}

/// A text of a file.
pub(super) struct Text {
    /// With variables replaced.
    pub(super) text: String,
    /// As in the file.
    pub(super) raw: String,
    pub(super) is_string: bool,
}

impl Text {
    /// Returns the value as TOML, without passwords and the values of variables.
    fn shown(&self) -> String {
        if self.is_string { literal(&hidden(&self.raw)) } else { self.raw.clone() }
    }
}

/// Returns the options that a file can set.
pub(crate) fn options(listen: &Command) -> impl Iterator<Item = &Arg> {
    let is_option = |arg: &&Arg| arg.get_long().is_some_and(|long| !NOT_IN_FILES.contains(&long));
    listen.get_arguments().filter(is_option)
}

/// Returns the key of an option: its long name, with `_` for `-`.
pub(crate) fn key(arg: &Arg) -> String {
    arg.get_long().unwrap_or_default().replace('-', "_")
}

/// Returns whether an option is a switch, which has no value.
pub(crate) fn is_switch(arg: &Arg) -> bool {
    !arg.get_action().takes_values()
}

/// Returns whether an option has several values.
pub(crate) fn is_list(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append) || arg.get_num_args().is_some_and(|range| range.max_values() > 1)
}

/// Returns whether the option's value is a program with its arguments.
pub(crate) fn is_program(arg: &Arg) -> bool {
    arg.is_allow_hyphen_values_set() && is_list(arg)
}

/// Reads settings. `folder` is the folder of the file, to which relative paths refer.
pub(super) struct SettingReader<'a> {
    pub(super) listen: &'a Command,
    pub(super) folder: &'a Path,
}

impl SettingReader<'_> {
    /// Reads the value of a key. `None` if it is a switch that is off. The value's strings have their
    /// variables replaced; `raws` has them as they are in the file.
    pub(super) fn read(
        &self,
        key: &str,
        line: usize,
        value: &DeValue<'_>,
        raws: &[String],
    ) -> Result<Option<Setting>, Problem> {
        let problem =
            |message: String, fix: String| Problem { line: Some(line), key: Some(key.to_owned()), message, fix };
        let long = key.replace('_', "-");
        let Some(arg) = options(self.listen).find(|arg| arg.get_long() == Some(&*long)) else {
            return Err(problem(format!("unknown key `{key}`"), self.fix_of_unknown(&long)));
        };
        let mut setting = Setting {
            key: self::key(arg),
            id: arg.get_id().to_string(),
            line,
            shown: String::new(),
            words: Vec::new(),
            is_last: is_program(arg),
        };
        let expected = |what: &str, fix: &str| problem(format!("`{key}` is not {what}"), fix.to_owned());
        if is_switch(arg) {
            let is_on = value.as_bool().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
            setting.words.push(format!("--{long}"));
            setting.shown = "true".to_owned();
            let is_on = is_on.ok_or_else(|| expected("true or false", "use true or false, without quotes"))?;
            return Ok(is_on.then_some(setting));
        }
        let mut raws = raws.iter();
        let mut text = |value: &DeValue<'_>| {
            let (text, is_string) = match value {
                DeValue::String(text) => (text.to_string(), true),
                DeValue::Integer(number) => (number.to_string(), false),
                DeValue::Float(number) => (number.to_string(), false),
                _ => return None,
            };
            let raw = if is_string { raws.next().cloned() } else { None };
            Some(Text { raw: raw.unwrap_or_else(|| text.clone()), text, is_string })
        };
        let texts: Vec<Text> = match value.as_array() {
            Some(_) if !is_list(arg) => return Err(expected("one value", "use one value, without brackets")),
            Some(values) => {
                let texts: Option<_> = values.iter().map(|value| text(value.get_ref())).collect();
                texts.ok_or_else(|| expected("a list of texts", "use a list such as [\"a\", \"b\"]"))?
            }
            None => {
                vec![text(value).ok_or_else(|| expected("a text or a number", "use a text in quotes or a number"))?]
            }
        };
        for text in &texts {
            check(arg, key, text).map_err(|(message, fix)| problem(message, fix))?;
        }
        let shown: Vec<_> = texts.iter().enumerate().map(|(at, text)| shown(arg, at, text)).collect();
        setting.shown = if is_list(arg) { format!("[{}]", shown.join(", ")) } else { shown.concat() };
        let located = texts.iter().enumerate().map(|(at, text)| self.located(arg, at, &text.text));
        if is_program(arg) {
            setting.words.push(format!("--{long}"));
            setting.words.extend(located);
        } else {
            setting.words.extend(located.map(|text| format!("--{long}={text}")));
        }
        Ok((!texts.is_empty()).then_some(setting))
    }

    fn fix_of_unknown(&self, long: &str) -> String {
        let of_alias = options(self.listen).find(|arg| arg.get_all_aliases().unwrap_or_default().contains(&long));
        if let Some(arg) = of_alias {
            return format!("use `{}`", key(arg));
        }
        let keys: Vec<String> = options(self.listen).map(key).chain(["apps", "targets"].map(str::to_owned)).collect();
        use_nearest(
            &long.replace('-', "_"),
            keys.iter().map(String::as_str),
            "run `birdhook config example` for all keys",
        )
    }

    /// Returns a value whose relative path is resolved.
    fn located(&self, arg: &Arg, at: usize, text: &str) -> String {
        let names = arg.get_value_names().unwrap_or_default();
        let has_name = |name: &str| names.iter().any(|known| known.as_str() == name);
        // A program without a slash is searched for in PATH.
        if (is_program(arg) && at == 0) || has_name("PROGRAM") && !is_program(arg) {
            return if text.contains('/') { self.join(text) } else { text.to_owned() };
        }
        if arg.get_value_parser().type_id() == TypeId::of::<PathBuf>() {
            return self.join(text);
        }
        let is_variable = |source: &str| std::env::var_os(source).is_some();
        match text.split_once('=') {
            Some((name, source)) if has_name("NAME=ENV_OR_FILE") && !is_variable(source) => {
                format!("{name}={}", self.join(source))
            }
            // A missing file is reported by its name in the file, which is usually that of a variable.
            None if has_name("ENV_OR_FILE") && !is_variable(text) && Path::new(&self.join(text)).exists() => {
                self.join(text)
            }
            _ => text.to_owned(),
        }
    }

    fn join(&self, path: &str) -> String {
        self.folder.join(path).to_string_lossy().into_owned()
    }
}

/// Checks a value as clap does for the option of this name. Returns a message and a fix.
fn check(arg: &Arg, key: &str, text: &Text) -> Result<(), (String, String)> {
    let value = Arg::new("value").long("value").allow_hyphen_values(true).value_parser(arg.get_value_parser().clone());
    let parser = Command::new("value").no_binary_name(true).disable_help_flag(true).arg(value);
    let Err(error) = parser.try_get_matches_from([format!("--value={}", text.text)]) else { return Ok(()) };
    let similar = error.get(ContextKind::SuggestedValue).map(ToString::to_string).filter(|text| !text.is_empty());
    let values: Vec<_> = arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    let cause = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
    let help = || "run `birdhook listen --help` for the values of each option".to_owned();
    let fix = match similar {
        Some(similar) => format!("use `{similar}`"),
        None if values.is_empty() => help(),
        None => format!("use one of {}", values.join(", ")),
    };
    // The value may be a secret in the wrong place.
    let is_private = arg.get_help_heading() == Some(CREDENTIALS) || has_source(arg);
    let message = if is_private { format!("invalid `{key}`") } else { format!("invalid `{key}` {}", text.shown()) };
    Err((format!("{message}{cause}"), fix))
}

/// Returns whether the values of an option name secrets.
fn has_source(arg: &Arg) -> bool {
    arg.get_value_names().unwrap_or_default().iter().any(|name| name.contains("ENV_OR_FILE"))
}

/// Returns a value as TOML. Hides the arguments of programs, which may contain secrets.
fn shown(arg: &Arg, at: usize, text: &Text) -> String {
    // The path of a chat's URL is a secret.
    let is_chat = arg.get_long() == Some("notify");
    match text.raw.split_once("://") {
        _ if is_program(arg) && at > 0 => literal("***"),
        Some((scheme, rest)) if is_chat => {
            let host = rest.split('/').next().and_then(|host| host.rsplit('@').next()).unwrap_or_default();
            literal(&format!("{scheme}://{host}/***"))
        }
        _ => text.shown(),
    }
}

/// Returns a text without the password and the query of a URL.
fn hidden(raw: &str) -> String {
    if raw.contains("://") && raw.contains(['@', '?']) { redact_url(raw).to_string() } else { raw.to_owned() }
}

/// Returns a text as a TOML string.
pub(crate) fn literal(text: &str) -> String {
    toml::Value::from(text).to_string()
}
