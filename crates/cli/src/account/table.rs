//! Prints results as tables for people and as JSON lines for programs.

use anyhow::Result;
use comfy_table::{Table, presets};
use serde::Serialize;

use crate::output::{self, note, shown};

pub(crate) trait TableRow {
    const HEADER: &'static [&'static str];

    fn cells(&self) -> Vec<String>;
}

/// Prints each row as a line of JSON, or all rows as a table.
pub(crate) fn print_rows<T: TableRow + Serialize>(rows: &[T], json: bool) -> Result<()> {
    if json {
        return rows.iter().try_for_each(output::json);
    }
    if rows.is_empty() {
        note("none");
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(T::HEADER.iter().copied());
    for row in rows {
        table.add_row(row.cells().iter().map(|cell| shown(cell)));
    }
    table.lines().try_for_each(|line| output::line(line.trim_end()))
}
