//! Events as a table that fits the terminal.

use anyhow::Result;
use birdhook::activity::User;
use birdhook::{Activity, Event};

use crate::output::{self, FAINT, STRONG, note, shown, styled};

/// Width without a terminal.
const DEFAULT_WIDTH: usize = 80;

const GAP: &str = "  ";

/// A column: its title, its minimum width, and whether a cell is shortened in the middle, so that
/// both ends of an id stay.
struct Column {
    title: &'static str,
    min: usize,
    is_id: bool,
}

const COLUMNS: [Column; 7] = [
    Column { title: "TIME (UTC)", min: 19, is_id: false },
    Column { title: "KIND", min: 16, is_id: false },
    Column { title: "FOR", min: 7, is_id: true },
    Column { title: "ACTOR", min: 7, is_id: true },
    Column { title: "TARGET", min: 7, is_id: true },
    Column { title: "ID", min: 7, is_id: true },
    Column { title: "TEXT", min: 5, is_id: false },
];

/// The order in which columns give up width: the text first, then ids, then the kind.
const SHRINKS: [usize; 6] = [6, 5, 2, 3, 4, 1];

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
    let mut lines = lines(rows, width).into_iter();
    lines.next().map_or(Ok(()), |header| output::line(styled(STRONG, header)))?;
    lines.try_for_each(output::line)?;
    let count = output::plural(rows.len(), "event");
    output::line(styled(FAINT, count))
}

/// Returns the header and a line for each row, at most `width` characters each. Empty columns are
/// left out.
fn lines(rows: &[Row], width: usize) -> Vec<String> {
    let length = |text: &String| text.chars().count();
    let mut widths: Vec<usize> = Vec::new();
    for (at, column) in COLUMNS.iter().enumerate() {
        let widest = rows.iter().filter_map(|row| row.get(at)).map(length).max().unwrap_or_default();
        widths.push(if widest == 0 { 0 } else { widest.max(column.title.len()) });
    }
    for at in SHRINKS {
        let gaps = widths.iter().filter(|width| **width > 0).count().saturating_sub(1) * GAP.len();
        let excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
        if let (Some(shrunk), Some(column)) = (widths.get_mut(at), COLUMNS.get(at)) {
            *shrunk = shrunk.saturating_sub(excess).max(column.min.min(*shrunk));
        }
    }
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells = cells.zip(&COLUMNS).zip(&widths).filter(|(_, width)| **width > 0);
        let padded: Vec<String> =
            cells.map(|((text, column), width)| format!("{:width$}", shortened(text, *width, column.is_id))).collect();
        padded.join(GAP).trim_end().to_owned()
    };
    let header = line(&mut COLUMNS.iter().map(|column| column.title));
    let below = rows.iter().map(|row| line(&mut row.iter().map(String::as_str)));
    [header].into_iter().chain(below).collect()
}

/// Returns text of at most `width` characters.
fn shortened(text: &str, width: usize, in_the_middle: bool) -> String {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let end = if in_the_middle && !text.starts_with('@') { kept / 2 } else { 0 };
    let start = letters.iter().take(kept - end);
    let last = letters.iter().skip(letters.len() - end);
    start.chain([&'…']).chain(last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_the_width_and_keep_both_ends_of_ids() {
        let id = "1790000000000000001".to_owned();
        let text = "x".repeat(300);
        let row = [
            "2026-11-23 09:32:00".to_owned(),
            "message_received".to_owned(),
            id.clone(),
            id.clone(),
            "@a_long_handle".to_owned(),
            id,
            text,
        ];
        for width in [80, 120, 200] {
            let lines = lines(std::slice::from_ref(&row), width);
            assert!(lines.iter().all(|line| line.chars().count() <= width), "{width}: {lines:#?}");
            assert!(lines[1].contains("2026-11-23 09:32:00  message_received"), "{lines:#?}");
        }
        assert!(lines(std::slice::from_ref(&row), 80)[1].contains("179…001"));
        assert!(lines(&[row], 160)[1].contains("1790000000000000001"));
    }

    #[test]
    fn empty_columns_are_left_out() {
        let mut row: Row = Default::default();
        row[1] = "typing".to_owned();
        assert_eq!(lines(&[row], 80), ["KIND", "typing"]);
    }
}
