//! Output of the commands.

mod escape;
mod flood;
mod outlet;
mod served;

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use serde::Serialize;

use self::escape::styled_text;
pub(crate) use self::escape::{json as escaped_json, shown};
pub(crate) use self::outlet::Outlet;
pub(crate) use self::served::{finish, print, serving, try_print};

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const CAREFUL: Style = AnsiColor::Yellow.on_default();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const STRONG: Style = Style::new().bold();

/// Prints one line, with colours if standard output supports them.
pub(crate) fn line(text: impl AsRef<str>) -> Result<()> {
    writeln!(anstream::stdout().lock(), "{}", styled_text(text.as_ref()))?;
    Ok(())
}

/// Prints one line of JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    writeln!(io::stdout().lock(), "{}", json_line(value)?)?;
    Ok(())
}

/// Returns a value as one line of JSON.
pub(crate) fn json_line(value: &impl Serialize) -> Result<String> {
    Ok(escape::json(&serde_json::to_string(value)?).into_owned())
}

/// Prints an action and its object: `deleted 5`, or `{"deleted":"5"}`.
pub(crate) fn done(what: &str, to: &str, as_json: bool) -> Result<()> {
    if as_json { json(&std::collections::BTreeMap::from([(what, to)])) } else { line(format!("{what} {}", shown(to))) }
}

/// Returns a number with its noun: `1 event`, `2 events`.
pub(crate) fn plural(number: usize, thing: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{ending}")
}

/// Prints a note on standard error. A command that [serves](serving) does not wait for the write.
pub(crate) fn note(text: impl AsRef<str>) {
    if !served::noted(text.as_ref()) {
        // Standard error may be closed.
        let _ = writeln!(anstream::stderr().lock(), "{}", styled_text(text.as_ref()));
    }
}

/// Returns an error with its sources. Skips a source whose text is already included, because some
/// libraries include it in their own message.
pub(crate) fn told(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let words = error.to_string();
        if !text.ends_with(&words) {
            text += &format!(": {words}");
        }
        source = error.source();
    }
    text
}

/// Returns one line of text in a style, which is stripped if the output has no colours.
pub(crate) fn styled(style: Style, text: impl AsRef<str>) -> String {
    format!("{style}{}{style:#}", shown(text.as_ref()))
}

/// Prints the steps of a plan, one per line.
pub(crate) fn steps<T: Display>(steps: &[T]) -> Result<()> {
    if steps.is_empty() {
        return line("nothing is to be done");
    }
    steps.iter().try_for_each(|step| line(shown(&step.to_string())))
}

/// Returns whether an error reports that our output is closed.
pub(crate) fn is_closed(error: &anyhow::Error) -> bool {
    error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>()).any(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_source_is_told_twice() {
        let refused = || anyhow::anyhow!("refused (os error 111)");
        let of = |error: anyhow::Error| told(error.as_ref());
        assert_eq!(of(refused().context("no answer")), "no answer: refused (os error 111)");
        assert_eq!(
            of(refused().context("io: refused (os error 111)").context("no answer")),
            "no answer: io: refused (os error 111)"
        );
    }
}
