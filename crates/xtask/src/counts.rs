//! Test counts, read from the summaries of nextest and libtest.

use std::fmt;
use std::ops::Add;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Counts {
    /// Returns the counts without skipped tests: the runner counts unselected tests as skipped.
    pub(crate) fn of_a_selection(self) -> Self {
        Self { skipped: 0, ..self }
    }

    /// Reads one line of output. Lines other than summaries are ignored.
    pub(crate) fn read(&mut self, line: &str) {
        // nextest also prints the output of failing tests, including the summary by libtest, but
        // indented. So libtest's summary counts only at the start of a line.
        let by_nextest = || line.trim_start().strip_prefix("Summary")?.split_once(']').map(|(_, counts)| counts);
        let Some(summary) = line.strip_prefix("test result:").or_else(by_nextest) else { return };
        let mut number = 0;
        for word in summary.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
            match word {
                "passed" => self.passed += number,
                "failed" | "timed" => self.failed += number,
                "ignored" | "skipped" => self.skipped += number,
                _ => {}
            }
            number = word.parse().unwrap_or_default();
        }
    }
}

impl Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, skipped } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Counts {
        let mut counts = Counts::default();
        lines.iter().for_each(|line| counts.read(line));
        counts
    }

    #[test]
    fn libtest_sums_up_each_binary() {
        assert_eq!(
            read(&[
                "running 3 tests\n",
                "test a ... ok\n",
                "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.01s\n",
                "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n",
            ]),
            Counts { passed: 4, failed: 2, skipped: 1 }
        );
    }

    #[test]
    fn nextest_sums_up_once() {
        assert_eq!(
            read(&[
                "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 6 filtered out; finished in 0.20s\n",
                "     Summary [   1.250s] 12 tests run: 9 passed (2 slow), 2 failed, 1 timed out, 4 skipped\n",
            ]),
            Counts { passed: 9, failed: 3, skipped: 4 }
        );
    }
}
