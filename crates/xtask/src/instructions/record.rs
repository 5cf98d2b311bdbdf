//! The file of instruction counts, and the changes since it was written.

use std::fmt;

use anyhow::{Context, Result};

/// The tolerated change, in percent.
const TOLERANCE: u64 = 3;

const HEAD: &str = "\
# What paths of birdhook cost, as valgrind counts it. `cargo xtask ci instructions` fails when a figure rises by more than 3 %;
# `cargo xtask instructions --write` writes this file anew. Its processor has no SHA instructions, so that whatever signs a body
# costs more here than in life.
";
const WITH: &str = "# Counted with ";

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cost {
    pub(crate) instructions: u64,
    pub(crate) allocations: u64,
    pub(crate) bytes: u64,
}

impl Cost {
    fn figures(self) -> [(u64, &'static str); 3] {
        [(self.instructions, "instructions"), (self.allocations, "allocations"), (self.bytes, "bytes allocated")]
    }
}

/// The cost of each path, and the compiler and valgrind that it was counted with.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Record {
    pub(crate) with: String,
    pub(crate) costs: Vec<(String, Cost)>,
}

/// Changes in words, one line each.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Changes {
    pub(crate) worse: Vec<String>,
    pub(crate) better: Vec<String>,
}

impl Record {
    pub(crate) fn read(text: &str) -> Result<Self> {
        let mut record = Self::default();
        for line in text.lines() {
            if let Some(with) = line.strip_prefix(WITH) {
                with.clone_into(&mut record.with);
            } else if !line.starts_with('#') && !line.trim().is_empty() {
                let cost = read_cost(line).with_context(|| format!("not a path and three numbers: {line}"))?;
                record.costs.push(cost);
            }
        }
        Ok(record)
    }

    pub(crate) fn compared_with(&self, counted: &Self) -> Changes {
        let mut changes = Changes::default();
        for (path, new) in &counted.costs {
            match self.cost(path) {
                None => changes.worse.push(format!("{path} is not in the file")),
                Some(old) => changes.note(path, old, *new),
            }
        }
        let gone = self.costs.iter().filter(|(path, _)| counted.cost(path).is_none());
        changes.worse.extend(gone.map(|(path, _)| format!("{path} is in the file, and was not counted")));
        changes
    }

    fn cost(&self, path: &str) -> Option<Cost> {
        self.costs.iter().find(|(other, _)| other == path).map(|(_, cost)| *cost)
    }
}

impl Changes {
    fn note(&mut self, path: &str, old: Cost, new: Cost) {
        for ((old, what), (new, _)) in old.figures().into_iter().zip(new.figures()) {
            let percent = if old == 0 { String::new() } else { format!(" ({:+.1} %)", percent(old, new)) };
            let told = format!("{path}: {old} -> {new} {what}{percent}");
            if new * 100 > old * (100 + TOLERANCE) {
                self.worse.push(told);
            } else if new * 100 < old * (100 - TOLERANCE) {
                self.better.push(told);
            }
        }
    }
}

fn percent(old: u64, new: u64) -> f64 {
    (new as f64 / old as f64 - 1.0) * 100.0
}

fn read_cost(line: &str) -> Option<(String, Cost)> {
    let words: Vec<_> = line.split_whitespace().collect();
    let (path, figures) = words.split_at_checked(words.len().checked_sub(3)?)?;
    let [instructions, allocations, bytes] = *figures else { return None };
    let cost = Cost {
        instructions: instructions.parse().ok()?,
        allocations: allocations.parse().ok()?,
        bytes: bytes.parse().ok()?,
    };
    (!path.is_empty()).then(|| (path.join(" "), cost))
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.costs.iter().map(|(path, _)| path.len()).max().unwrap_or_default();
        writeln!(f, "{HEAD}{WITH}{}", self.with)?;
        writeln!(f, "#\n# {:width$} instructions allocations  bytes", "path", width = width.saturating_sub(2))?;
        for (path, Cost { instructions, allocations, bytes }) in &self.costs {
            writeln!(f, "{path:width$} {instructions:12} {allocations:11} {bytes:6}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(costs: &[(&str, [u64; 3])]) -> Record {
        let cost = |[instructions, allocations, bytes]: [u64; 3]| Cost { instructions, allocations, bytes };
        let costs = costs.iter().map(|(path, figures)| ((*path).to_owned(), cost(*figures))).collect();
        Record { with: "rustc 1.95.0, valgrind-3.19.0".to_owned(), costs }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let written = record(&[("core restore aaa_6k", [75_045, 10, 1716]), ("core key", [7089, 0, 0])]);
        assert_eq!(Record::read(&written.to_string()).unwrap(), written);
        for bad in ["core restore", "1 2 3", "core restore 1 2 -3"] {
            assert!(Record::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_more_than_the_tolerance_is_told() {
        let kept = record(&[("a", [1000, 10, 200])]);
        let changes = |figures| kept.compared_with(&record(&[("a", figures)]));
        assert_eq!(changes([1030, 10, 206]), Changes::default());
        assert_eq!(changes([970, 10, 194]), Changes::default());
        let told = changes([1031, 11, 100]);
        assert_eq!(told.worse, ["a: 1000 -> 1031 instructions (+3.1 %)", "a: 10 -> 11 allocations (+10.0 %)"]);
        assert_eq!(told.better, ["a: 200 -> 100 bytes allocated (-50.0 %)"]);
    }

    #[test]
    fn the_first_allocation_of_a_path_is_too_many() {
        let told = record(&[("a", [9, 0, 0])]).compared_with(&record(&[("a", [9, 1, 8])]));
        assert_eq!(told.worse, ["a: 0 -> 1 allocations", "a: 0 -> 8 bytes allocated"]);
    }

    #[test]
    fn paths_that_come_and_go_are_told() {
        let (kept, counted) = (record(&[("a", [1, 1, 1])]), record(&[("b", [1, 1, 1])]));
        let told = kept.compared_with(&counted);
        assert_eq!(told.worse, ["b is not in the file", "a is in the file, and was not counted"]);
    }
}
