//! The number of goals met and missed in all sections.

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;

/// The result of a goal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Goal {
    Met,
    Missed,
    Skipped,
}

impl Goal {
    fn read(cell: &str) -> Self {
        match cell {
            "met" => Self::Met,
            text if text.starts_with("**skipped**") => Self::Skipped,
            _ => Self::Missed,
        }
    }
}

/// Reads the tables of goals: five columns, with "goal" above the first and the result in the last.
pub(super) fn goals(section: &str) -> Vec<Goal> {
    let mut found = Vec::new();
    let mut is_goals = false;
    for line in section.lines().map(str::trim) {
        let Some(row) = line.strip_prefix('|').and_then(|row| row.strip_suffix('|')) else {
            is_goals = false;
            continue;
        };
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        match cells[..] {
            ["goal", _, _, _, _] => is_goals = true,
            [first, _, _, _, last] if is_goals && !first.starts_with('-') => found.push(Goal::read(last)),
            _ => {}
        }
    }
    found
}

/// Returns a table with one row per section, and one for all of them.
pub(super) fn table(sections: &[(&str, Vec<Goal>)]) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(["section", "goals", "met", "not met", "not measured"]);
    let all: Vec<Goal> = sections.iter().flat_map(|(_, goals)| goals).copied().collect();
    let rows = sections.iter().map(|(section, goals)| (*section, goals.as_slice()));
    for (section, goals) in rows.chain([("all", all.as_slice())]) {
        let count = |kind: Goal| goals.iter().filter(|goal| **goal == kind).count();
        let counts = [goals.len(), count(Goal::Met), count(Goal::Missed), count(Goal::Skipped)];
        table.add_row(std::iter::once(section.to_owned()).chain(counts.map(|count| count.to_string())));
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEERS: &str = "\
## Title

| receiver | requests/s |
|----------|-----------:|
| goal     |        100 |

| goal | target   | measured | range      | met                            |
|------|----------:|----------:|-----------:|-------------------------------:|
| a, b | ≥ 4.00× | 4.10× | 4.00–4.20 | met |
| c    | ≥ 9.00× | 8.10× | 8.00–8.20 | **not met** |
| d    | - | - | - | **skipped**: node is not installed |
";

    const INBOX: &str = "\
| events/s | 1 client |
|---|---|
| log | 5 |

| goal | target | measured | range | met |
|---|---|---|---|---|
| `Inbox`, 128 clients, vs. log | ≥ 0.6 | 0.53 | 0.50–0.61 | **not met** |
| `Inbox`, 128 clients, remembered keys vs. empty | ≥ 0.8 | 0.90 | 0.85–0.95 | met |

`Inbox` uses 27 bytes of memory per remembered key.
";

    #[test]
    fn goals_are_the_rows_of_their_tables() {
        assert_eq!(goals(PEERS), [Goal::Met, Goal::Missed, Goal::Skipped]);
        assert_eq!(goals(INBOX), [Goal::Missed, Goal::Met]);
    }

    #[test]
    fn the_table_counts() {
        let table = table(&[("peers", goals(PEERS)), ("inbox", goals(INBOX))]);
        let rows: Vec<String> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[2..], ["|peers|3|1|1|1|", "|inbox|2|1|1|0|", "|all|5|2|2|1|"]);
    }
}
