//! Events as a table that fits the terminal.

use anyhow::Result;
use birdhook::activity::User;
use birdhook::{Activity, Event};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::output::{self, FAINT, STRONG, note, shown, styled};

/// Width without a terminal.
const DEFAULT_WIDTH: usize = 80;

const GAP: &str = "  ";

/// Minimum width of the column of texts. In a narrower table, each text is on a line of its own.
const MIN_TEXT: usize = 24;

/// Indentation of a text on a line of its own.
const INDENT: &str = "    ";

const FOR: usize = 2;
const TEXT: usize = 6;

/// A column: its title, its minimum width, and whether a cell is shortened in the middle, so that
/// both ends of an id stay.
struct Column {
    title: &'static str,
    min: usize,
    is_id: bool,
}

const COLUMNS: [Column; 7] = [
    Column { title: "TIME (UTC)", min: 19, is_id: false },
    Column { title: "KIND", min: 18, is_id: false },
    Column { title: "FOR", min: 7, is_id: true },
    Column { title: "ACTOR", min: 7, is_id: true },
    Column { title: "TARGET", min: 7, is_id: true },
    Column { title: "ID", min: 7, is_id: true },
    Column { title: "TEXT", min: MIN_TEXT, is_id: false },
];

/// The order in which columns give up width: the text, ids, the kind, and users.
const SHRINKS: [usize; 6] = [TEXT, 5, FOR, 1, 4, 3];

type Row = [String; COLUMNS.len()];

/// Returns the cells of an event, safe for a terminal.
pub(super) fn row(event: &Event) -> Row {
    let activity = event.activity();
    let cell = |text: Option<String>| text.map(|text| shown(&text)).unwrap_or_default();
    let time = event.occurred_at().map(|time| time.to_string().chars().take(19).collect::<String>().replace('T', " "));
    [
        cell(time),
        event.kind().as_str().to_owned(),
        cell(event.subscriber().map(str::to_owned)),
        cell(activity.actor().and_then(user)),
        cell(activity.target().and_then(user)),
        cell(id(event, &activity)),
        cell(activity.text().map(str::to_owned)),
    ]
}

fn user(user: &User<'_>) -> Option<String> {
    user.handle.as_deref().map(|handle| format!("@{handle}")).or_else(|| user.id.as_deref().map(str::to_owned))
}

/// Returns the id of what the event is about.
fn id(event: &Event, activity: &Activity<'_>) -> Option<String> {
    let deleted = || match activity {
        Activity::PostDeleted(deleted) => deleted.post_id.as_deref().map(str::to_owned),
        Activity::ReplayFinished(replay) => replay.job_id.as_deref().map(str::to_owned),
        _ => None,
    };
    let message = event.message_id().map(|id| id.to_string());
    message.or_else(|| event.post_id().map(|id| id.to_string())).or_else(deleted)
}

pub(super) fn print(rows: &[Row]) -> Result<()> {
    if rows.is_empty() {
        note("no events");
        return Ok(());
    }
    let width = terminal_size::terminal_size().map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0));
    let subscriber = common_subscriber(rows);
    let mut lines = lines(rows, subscriber.is_none(), width).into_iter();
    lines.next().map_or(Ok(()), |header| output::line(styled(STRONG, header)))?;
    lines.try_for_each(output::line)?;
    let subscriber = subscriber.map(|id| format!(" for {id}")).unwrap_or_default();
    output::line(styled(FAINT, output::plural(rows.len(), "event") + &subscriber))
}

/// Returns the subscriber if all events have the same. It is then printed once, below the table.
fn common_subscriber(rows: &[Row]) -> Option<&str> {
    let mut ids = rows.iter().filter_map(|row| row.get(FOR)).map(String::as_str);
    let first = ids.next().filter(|id| !id.is_empty())?;
    ids.all(|id| id == first).then_some(first)
}

/// Returns the header and a line for each row, at most `width` characters each. Empty columns are
/// left out. If the column of texts would be too narrow, each text is a line below its row.
fn lines(rows: &[Row], has_subscriber: bool, width: usize) -> Vec<String> {
    let widest =
        |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|text| text.width()).max().unwrap_or_default();
    let mut widths: Vec<usize> = Vec::new();
    for (at, column) in COLUMNS.iter().enumerate() {
        let widest = if at == FOR && !has_subscriber { 0 } else { widest(at) };
        widths.push(if widest == 0 { 0 } else { widest.max(column.title.len()) });
    }
    let is_text_below = shrink(&mut widths, width) > 0;
    if is_text_below {
        for (at, column) in COLUMNS.iter().enumerate() {
            if let Some(one) = widths.get_mut(at).filter(|one| **one > 0) {
                *one = if at == TEXT { 0 } else { widest(at).max(column.title.len()) };
            }
        }
        shrink(&mut widths, width);
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells = cells.zip(&COLUMNS).zip(&widths).filter(|(_, width)| **width > 0);
        let cells: Vec<String> =
            cells.map(|((text, column), width)| padded(&shortened(text, *width, column.is_id), *width)).collect();
        cells.join(GAP).trim_end().to_owned()
    };
    let mut lines = vec![line(&mut COLUMNS.iter().map(|column| column.title))];
    for row in rows {
        lines.push(line(&mut row.iter().map(String::as_str)));
        if let Some(text) = row.get(TEXT).filter(|text| is_text_below && !text.is_empty()) {
            lines.push(format!("{INDENT}{}", shortened(text, width.saturating_sub(INDENT.len()), false)));
        }
    }
    lines
}

/// Shrinks columns until they fit the width or all have their minimum. Returns the excess.
fn shrink(widths: &mut [usize], width: usize) -> usize {
    let excess = |widths: &[usize]| {
        let gaps = widths.iter().filter(|width| **width > 0).count().saturating_sub(1) * GAP.len();
        (widths.iter().sum::<usize>() + gaps).saturating_sub(width)
    };
    for at in SHRINKS {
        let excess = excess(widths);
        if let (Some(shrunk), Some(column)) = (widths.get_mut(at), COLUMNS.get(at)) {
            *shrunk = shrunk.saturating_sub(excess).max(column.min.min(*shrunk));
        }
    }
    excess(widths)
}

/// Returns text of at most `width` columns.
fn shortened(text: &str, width: usize, in_the_middle: bool) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let end = if in_the_middle && !text.starts_with('@') { kept / 2 } else { 0 };
    let start = first(text.chars(), kept - end);
    let end = first(text.chars().rev(), end);
    start.into_iter().chain(['…']).chain(end.into_iter().rev()).collect()
}

/// Returns the first characters that fit into `width` columns.
fn first(letters: impl Iterator<Item = char>, width: usize) -> Vec<char> {
    let mut used = 0;
    let fits = |letter: &char| {
        used += letter.width().unwrap_or_default();
        used <= width
    };
    letters.take_while(fits).collect()
}

/// Returns text with spaces up to `width` columns.
fn padded(text: &str, width: usize) -> String {
    text.to_owned() + &" ".repeat(width.saturating_sub(text.width()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(rows: &[Row], has_subscriber: bool, width: usize) -> Vec<String> {
        let lines = lines(rows, has_subscriber, width);
        assert!(lines.iter().all(|line| line.width() <= width), "{width}: {lines:#?}");
        lines
    }

    fn row(text: &str) -> Row {
        let id = "1790000000000000001";
        ["2026-11-23 09:32:00", "message_received", id, id, "@a_long_handle", id, text].map(str::to_owned)
    }

    #[test]
    fn lines_fit_the_width_and_keep_both_ends_of_ids_and_a_readable_text() {
        let rows = [row(&"word ".repeat(60)), row("")];
        for width in [80, 100, 120, 200] {
            let lines = texts(&rows, true, width);
            assert!(lines[1].starts_with("2026-11-23 09:32:00  message_received"), "{lines:#?}");
            let is_below = lines[2].starts_with("    word ");
            assert_eq!((is_below, lines.len()), (width == 80, if width == 80 { 4 } else { 3 }), "{lines:#?}");
            let words = lines.concat().matches("word").count();
            assert!(words >= 4, "{width}: {lines:#?}");
        }
        assert!(texts(&rows, true, 80)[1].contains("179…001"));
        assert!(texts(&rows, true, 80)[2].starts_with(&format!("{INDENT}word word")));
        assert!(texts(&rows, true, 160)[1].contains("1790000000000000001"));
    }

    #[test]
    fn wide_characters_take_two_columns() {
        let rows = [row(&"灯台".repeat(60)), row("a")];
        for width in [80, 120] {
            assert!(texts(&rows, true, width).concat().matches('灯').count() > 5);
        }
        assert_eq!((shortened("灯台a", 4, false), padded("灯", 3)), ("灯…".to_owned(), "灯 ".to_owned()));
    }

    #[test]
    fn a_subscriber_of_all_events_has_no_column() {
        let (mut rows, id) = ([row("a"), row("b")], "1790000000000000001");
        assert_eq!(common_subscriber(&rows), Some(id));
        assert!(!texts(&rows, false, 200)[0].contains("FOR") && texts(&rows, true, 200)[0].contains("FOR"));
        rows[1][FOR].clear();
        assert_eq!(common_subscriber(&rows), None);
        assert_eq!(common_subscriber(&[Row::default()]), None);
    }

    #[test]
    fn empty_columns_are_left_out() {
        let mut row: Row = Default::default();
        row[1] = "typing".to_owned();
        assert_eq!(texts(&[row], false, 80), ["KIND", "typing"]);
    }
}
