//! Markdown tables and goals.

use std::fmt;

use comfy_table::CellAlignment;
use comfy_table::presets::ASCII_MARKDOWN;

use crate::statistics::Sample;

/// A Markdown table with padded columns, so that it is readable in a terminal too.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    pub(crate) fn new<S: ToString>(head: impl IntoIterator<Item = S>) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(ASCII_MARKDOWN).set_header(head);
        table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
        Self(table)
    }

    pub(crate) fn row<S: ToString>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.0.add_row(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.0.trim_fmt())
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Goal {
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "measured on Linux"))]
    AtLeast(f64),
    AtMost(f64),
}

pub(crate) struct Goals(Table);

impl Goals {
    pub(crate) fn new() -> Self {
        Self(Table::new(["goal", "target", "measured", "range", "met"]))
    }

    /// Adds a goal, judged by the median of the rounds.
    pub(crate) fn judge(&mut self, what: impl Into<String>, goal: Goal, unit: &str, sample: &Sample) {
        let median = sample.median();
        let (target, is_met) = match goal {
            Goal::AtLeast(least) => (format!("≥ {}", number(least)), median >= least),
            Goal::AtMost(most) => (format!("≤ {}", number(most)), median <= most),
        };
        let met = if is_met { "met" } else { "**not met**" };
        let measured = format!("{}{unit}", number(median));
        self.0.row([what.into(), format!("{target}{unit}"), measured, range(sample), met.into()]);
    }

    pub(crate) fn skip(&mut self, what: impl Into<String>, why: &str) {
        self.0.row([what.into(), "-".into(), "-".into(), "-".into(), format!("**skipped**: {why}")]);
    }
}

impl fmt::Display for Goals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

pub(crate) fn range(sample: &Sample) -> String {
    format!("{}–{}", number(sample.least()), number(sample.most()))
}

/// Wraps prose at 100 columns.
pub(crate) fn prose(text: &str) -> String {
    let (mut wrapped, mut width) = (String::new(), 0);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if width > 0 {
            let fits = width + 1 + length <= 100;
            wrapped.push(if fits { ' ' } else { '\n' });
            width = if fits { width + 1 } else { 0 };
        }
        wrapped.push_str(word);
        width += length;
    }
    wrapped
}

/// Formats a value with three significant digits.
pub(crate) fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_met_at_its_bound() {
        let mut goals = Goals::new();
        let sample: Sample = [1.0, 1.2, 1.3].into_iter().collect();
        goals.judge("a", Goal::AtMost(1.2), "×", &sample);
        goals.judge("b", Goal::AtLeast(1.21), "", &sample);
        let told = goals.to_string();
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[2].contains("| ≤ 1.20× |") && lines[2].ends_with(" met |"), "{told}");
        assert!(lines[3].contains("**not met**"), "{told}");
    }

    #[test]
    fn prose_is_wrapped_at_100_columns() {
        let (line, word) = ("a".repeat(49), "b".repeat(50));
        assert_eq!(prose(&format!("{line} {word} c")), format!("{line} {word}\nc"));
        assert_eq!(prose(&format!("{line} {word}b  c")), format!("{line}\n{word}b c"));
    }
}
