//! What the commands print.

use std::error::Error;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use serde::Serialize;

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const CAREFUL: Style = AnsiColor::Yellow.on_default();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const STRONG: Style = Style::new().bold();

/// Prints one line, in colours where they are wanted.
pub(crate) fn line(text: impl AsRef<str>) -> Result<()> {
    writeln!(anstream::stdout().lock(), "{}", text.as_ref())?;
    Ok(())
}

/// Prints one line of JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    // The only line breaks in valid JSON are white space between its values.
    let text = serde_json::to_string(value)?.replace(['\n', '\r'], " ");
    writeln!(io::stdout().lock(), "{text}")?;
    Ok(())
}

/// Prints that something was done to something: `deleted 5`, or `{"deleted":"5"}`.
pub(crate) fn done(what: &str, to: &str, as_json: bool) -> Result<()> {
    if as_json { json(&std::collections::BTreeMap::from([(what, to)])) } else { line(format!("{what} {}", shown(to))) }
}

/// A number of things: `1 event`, `2 events`.
pub(crate) fn plural(number: usize, thing: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{ending}")
}

/// Prints a note for whoever looks on.
pub(crate) fn note(text: impl AsRef<str>) {
    // Nobody may be looking.
    let _ = writeln!(anstream::stderr().lock(), "{}", text.as_ref());
}

/// An error with its sources, save those whose words stand in it already: some libraries tell their source twice.
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

/// Text in a style, its colours taken out again where they are not wanted.
pub(crate) fn styled(style: Style, text: impl AsRef<str>) -> String {
    format!("{style}{}{style:#}", text.as_ref())
}

/// Text that strangers wrote, on one line, without what steers a terminal.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        // Marks that turn the direction of what follows can make a line read as another one.
        let turns = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if letter.is_control() || turns || matches!(letter, '\u{2028}' | '\u{2029}') {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Whether an error says that nobody reads our output any more.
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

    #[test]
    fn what_strangers_write_cannot_steer_a_terminal() {
        assert_eq!(shown("a\u{1b}[2J\nb\u{202e}c é🐦"), "a\\u{1b}[2J\\nb\\u{202e}c é🐦");
    }
}
