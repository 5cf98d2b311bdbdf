//! Output of the commands.

mod escape;
mod note_limit;
mod queued;
mod queued_writer;

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use serde::Serialize;

use self::escape::styled_text;
pub(crate) use self::escape::{json as escaped_json, shown};
pub(crate) use self::queued::{finish, log, print, queue_output, try_print};
pub(crate) use self::queued_writer::QueuedWriter;

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// Bold, because yellow is illegible on a light background.
pub(crate) const WARNING: Style = Style::new().bold();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const STRONG: Style = Style::new().bold();

/// Prints one line, with colours if standard output supports them.
pub(crate) fn line(text: impl AsRef<str>) -> Result<()> {
    writeln!(anstream::stdout().lock(), "{}", styled_text(text.as_ref()))?;
    Ok(())
}

pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    writeln!(io::stdout().lock(), "{}", json_line(value)?)?;
    Ok(())
}

pub(crate) fn json_line(value: &impl Serialize) -> Result<String> {
    Ok(escape::json(&serde_json::to_string(value)?).into_owned())
}

/// Prints an action and its object: `deleted 5`, or `{"deleted":"5"}`.
pub(crate) fn done(what: &str, object: &str, as_json: bool) -> Result<()> {
    if as_json {
        json(&std::collections::BTreeMap::from([(what, object)]))
    } else {
        line(format!("{what} {}", shown(object)))
    }
}

/// Returns a number with its noun: `1 event`, `2 events`, `3 deliveries`.
pub(crate) fn plural(number: impl Display, noun: &str) -> String {
    format!("{number} {}", self::noun(&number, noun))
}

/// Returns a noun in the singular if the number is 1, else in the plural.
pub(crate) fn noun(number: impl Display, noun: &str) -> String {
    match noun.strip_suffix('y') {
        _ if number.to_string() == "1" => noun.to_owned(),
        Some(stem) => format!("{stem}ies"),
        None => format!("{noun}s"),
    }
}

/// Prints a note on standard error. A command that [queues its output](queue_output) does not wait for the write.
pub(crate) fn note(text: impl AsRef<str>) {
    if !crate::logging::note(text.as_ref()) && !queued::queue_note(text.as_ref()) {
        // Standard error may be closed.
        let _ = writeln!(anstream::stderr().lock(), "{}", styled_text(text.as_ref()));
    }
}

/// Returns an error with its sources. Skips a source whose text is already included, because some
/// libraries include it in their own message.
pub(crate) fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let source_text = error.to_string();
        if !text.ends_with(&source_text) {
            text += &format!(": {source_text}");
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
        return line("nothing to do");
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
    fn every_style_is_legible_on_light_and_on_dark_backgrounds() {
        for style in [GOOD, BAD, WARNING, FAINT, STRONG] {
            let is_legible = |colour| [AnsiColor::Green, AnsiColor::Red].map(anstyle::Color::from).contains(&colour);
            assert!(style.get_fg_color().is_none_or(is_legible) && style.get_bg_color().is_none(), "{style:?}");
        }
    }

    #[test]
    fn a_noun_is_singular_for_one_only() {
        let counted = [0_usize, 1, 2].map(|number| plural(number, "event"));
        assert_eq!(counted, ["0 events", "1 event", "2 events"]);
        assert_eq!([1_u64, 3].map(|number| plural(number, "delivery")), ["1 delivery", "3 deliveries"]);
    }

    #[test]
    fn a_source_that_the_message_includes_is_not_repeated() {
        let refused = || anyhow::anyhow!("refused (os error 111)");
        let of = |error: anyhow::Error| error_chain(error.as_ref());
        assert_eq!(of(refused().context("no answer")), "no answer: refused (os error 111)");
        assert_eq!(
            of(refused().context("io: refused (os error 111)").context("no answer")),
            "no answer: io: refused (os error 111)"
        );
    }
}
