//! Counts of memory allocations.

use std::collections::BTreeMap;
use std::process::Stdio;

use super::bench::cargo;

/// Allocations by body, and of a challenge.
pub(super) struct Allocations(BTreeMap<String, f64>);

impl Allocations {
    /// Runs the core's test that prints the counts. Ignores whether the test passes.
    pub(super) fn count() -> Self {
        eprintln!("allocations are counted");
        let arguments =
            ["test", "--release", "-p", "birdhook-core", "--test", "integration", "allocations", "--", "--nocapture"];
        let output = cargo().args(arguments).stderr(Stdio::inherit()).output().expect("cargo runs");
        Self::read(&String::from_utf8_lossy(&output.stdout))
    }

    /// Splits into words, because the name of a test may precede a count on its line.
    fn read(printed: &str) -> Self {
        let words: Vec<&str> = printed.split_whitespace().collect();
        let lines = words.windows(3).filter(|words| words[0] == "allocations");
        Self(lines.filter_map(|words| Some((words[1].to_owned(), words[2].parse().ok()?))).collect())
    }

    pub(super) fn of(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// Formats the count, or `-` without one.
    pub(super) fn text(&self, name: &str) -> String {
        self.of(name).map_or("-".into(), |count| count.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::Allocations;

    #[test]
    fn counts_are_read_from_what_a_test_prints() {
        let allocations = Allocations::read("test a ... allocations challenge 8\nallocations aaa_6k 2\nok\n");
        assert_eq!((allocations.of("challenge"), allocations.of("aaa_6k")), (Some(8.0), Some(2.0)));
        assert_eq!(allocations.of("xaa_6k"), None);
    }
}
