//! The number of goals met and missed in all sections.

/// The number of goals that were met, missed and not measured.
pub(super) type Counts = [usize; 3];

/// Reads the line of a section with its counts: `Goals: 6 met, 9 not met, 1 not measured.`
pub(super) fn goals(section: &str) -> Counts {
    let line = section.lines().find_map(|line| line.strip_prefix("Goals: ")).unwrap_or_default();
    let mut numbers = line.split(' ').filter_map(|word| word.parse().ok());
    [(); 3].map(|()| numbers.next().unwrap_or_default())
}

/// Returns a sentence with the sums of all sections.
pub(super) fn total(sections: &[Counts]) -> String {
    let [met, missed, skipped] =
        [0, 1, 2].map(|kind| sections.iter().filter_map(|counts| counts.get(kind)).sum::<usize>());
    format!("{met} goals are met, {missed} are not, and {skipped} were not measured.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEERS: &str = "\
## Title

Goals: 1 met, 12 not met, 3 not measured.

| goal not met | measured         | target |
|--------------|-----------------:|-------:|
| a, 6 KB      | 8.10 (8.00–8.20) |  ≥9.00 |
";

    #[test]
    fn goals_are_read_from_their_line() {
        assert_eq!(goals(PEERS), [1, 12, 3]);
        assert_eq!(goals("Goals: 2 met, 0 not met."), [2, 0, 0]);
        assert_eq!(goals("no goals"), [0; 3]);
    }

    #[test]
    fn the_counts_are_added() {
        assert_eq!(total(&[goals(PEERS), [2, 0, 0]]), "3 goals are met, 12 are not, and 3 were not measured.");
    }
}
