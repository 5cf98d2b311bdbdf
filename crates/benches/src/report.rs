//! Tables of Markdown, and goals.

use std::fmt;

use crate::statistics::Sample;

/// A table whose columns are as wide as what stands in them, so that it reads in a terminal too.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<S: Into<String>>(head: impl IntoIterator<Item = S>) -> Self {
        Self { rows: vec![head.into_iter().map(Into::into).collect()] }
    }

    pub(crate) fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (number, row) in self.rows.iter().enumerate() {
            for (column, width) in widths.iter().enumerate() {
                let cell = row.get(column).map_or("", String::as_str);
                if column == 0 { write!(f, "| {cell:width$} |")? } else { write!(f, " {cell:>width$} |")? }
            }
            writeln!(f)?;
            if number == 0 {
                for (column, width) in widths.iter().enumerate() {
                    let line = "-".repeat(*width);
                    write!(f, "{}", if column == 0 { format!("|-{line}-|") } else { format!("-{line}:|") })?;
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// What was wanted of a figure.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

/// The figures that have goals, met or not.
pub(crate) struct Goals(Table);

impl Goals {
    pub(crate) fn new() -> Self {
        Self(Table::new(["goal", "wanted", "measured", "least to most", "met"]))
    }

    /// A sample of rounds, judged by its median.
    pub(crate) fn judge(&mut self, what: impl Into<String>, goal: Goal, unit: &str, sample: &Sample) {
        let median = sample.median();
        let (wanted, is_met) = match goal {
            Goal::AtLeast(least) => (format!("at least {}", number(least)), median >= least),
            Goal::AtMost(most) => (format!("at most {}", number(most)), median <= most),
        };
        let range = format!("{} to {}", number(sample.least()), number(sample.most()));
        let met = if is_met { "met" } else { "**not met**" };
        self.0.row([what.into(), format!("{wanted}{unit}"), format!("{}{unit}", number(median)), range, met.into()]);
    }

    /// One that could not be measured here.
    pub(crate) fn skip(&mut self, what: impl Into<String>, why: &str) {
        self.0.row([what.into(), "-".into(), "-".into(), "-".into(), format!("**skipped**: {why}")]);
    }
}

impl fmt::Display for Goals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// With three digits that count.
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
        goals.judge("a", Goal::AtMost(1.2), " x", &sample);
        goals.judge("b", Goal::AtLeast(1.21), "", &sample);
        let told = goals.to_string();
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[2].contains("| at most 1.20 x |") && lines[2].ends_with(" met |"), "{told}");
        assert!(lines[3].contains("**not met**"), "{told}");
    }
}
