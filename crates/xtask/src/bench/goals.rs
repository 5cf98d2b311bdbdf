//! What was wanted of the figures, gathered from all sections.

use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;

/// A row of the table of goals.
#[derive(Debug, PartialEq)]
pub(super) struct Goal {
    /// What was wanted, what was measured, its range, and whether it is met.
    cells: [String; 5],
}

impl Goal {
    fn verdict(&self) -> &str {
        let [.., verdict] = &self.cells;
        verdict
    }
}

/// The rows of the tables whose first column is headed "goal", and the inbox's sentences.
pub(super) fn goals(section: &str) -> Vec<Goal> {
    let mut found: Vec<Goal> = Vec::new();
    let mut is_goals = false;
    let mut told = String::new();
    for line in section.lines().map(str::trim) {
        let Some(row) = line.strip_prefix('|').and_then(|row| row.strip_suffix('|')) else {
            is_goals = false;
            found.extend(sentence(line, &mut told));
            continue;
        };
        let cells: Vec<String> = row.split('|').map(|cell| cell.trim().to_owned()).collect();
        match <[String; 5]>::try_from(cells) {
            Ok(cells) if cells[0] == "goal" => is_goals = true,
            Ok(cells) if is_goals && !cells[0].starts_with('-') => found.push(Goal { cells }),
            _ => {}
        }
    }
    found
}

/// "- Who: 0.62 of the log (0.55 to 0.70); at least 0.6 is wanted: reached." The next may be of "The same with ...".
fn sentence(line: &str, told: &mut String) -> Option<Goal> {
    let (who, rest) = line.strip_prefix("- ")?.split_once(": ")?;
    let (measured, rest) = rest.split_once(" (")?;
    let (range, rest) = rest.split_once("); ")?;
    let (wanted, verdict) = rest.trim_end_matches('.').split_once(" is wanted: ")?;
    let who = match who.strip_prefix("The same") {
        Some(more) => format!("{told}{more}"),
        None => {
            who.clone_into(told);
            who.to_owned()
        }
    };
    let (figure, of) = measured.split_once(' ').unwrap_or((measured, ""));
    let verdict = if verdict == "reached" { "met" } else { "**not met**" };
    Some(Goal { cells: [format!("{who}, {of}"), wanted.into(), figure.into(), range.into(), verdict.into()] })
}

/// One table of all, with the sections' names; and how many are met.
pub(super) fn table(sections: &[(&str, Vec<Goal>)]) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(["section", "goal", "wanted", "measured", "least to most", "met"]);
    for (section, goals) in sections {
        for goal in goals {
            table.add_row(std::iter::once(*section).chain(goal.cells.iter().map(String::as_str)));
        }
    }
    let all: Vec<&Goal> = sections.iter().flat_map(|(_, goals)| goals).collect();
    let met = all.iter().filter(|goal| goal.verdict() == "met").count();
    let skipped = all.iter().filter(|goal| goal.verdict().starts_with("**skipped**")).count();
    let missed = all.len() - met - skipped;
    format!(
        "{}\n\n{met} of {} goals are met, {missed} are not, {skipped} could not be measured.",
        table.trim_fmt(),
        all.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEERS: &str = "\
## Title

| receiver | requests/s |
|----------|-----------:|
| goal     |        100 |

| goal | wanted   | measured | least to most | met                       |
|------|----------:|----------:|---------------:|---------------------------:|
| a, b | at least 4.00 x | 4.10 x | 4.00 to 4.20 | met |
| c    | at least 9.00 x | 8.10 x | 8.00 to 8.20 | **not met** |
| d    | - | - | - | **skipped**: there is no node |
";

    const INBOX: &str = "\
| events/s | 1 client |
|---|---|
| log | 5 |

- `Inbox`, 128 clients: 0.53 of the log (0.50 to 0.61); at least 0.6 is wanted: missed.
- The same with remembered keys: 0.90 of what it does when empty (0.85 to 0.95); at least 0.8 is wanted: reached.
- `Inbox`: 27 bytes of memory for a remembered key.
";

    fn told(section: &str) -> Vec<String> {
        goals(section).iter().map(|goal| goal.cells.join(" / ")).collect()
    }

    #[test]
    fn goals_are_the_rows_of_their_tables() {
        assert_eq!(
            told(PEERS),
            [
                "a, b / at least 4.00 x / 4.10 x / 4.00 to 4.20 / met",
                "c / at least 9.00 x / 8.10 x / 8.00 to 8.20 / **not met**",
                "d / - / - / - / **skipped**: there is no node"
            ]
        );
    }

    #[test]
    fn the_inboxs_sentences_are_goals_too() {
        assert_eq!(
            told(INBOX),
            [
                "`Inbox`, 128 clients, of the log / at least 0.6 / 0.53 / 0.50 to 0.61 / **not met**",
                "`Inbox`, 128 clients with remembered keys, of what it does when empty / at least 0.8 / 0.90 / 0.85 to 0.95 / met"
            ]
        );
    }

    #[test]
    fn the_table_counts() {
        let table = table(&[("peers", goals(PEERS)), ("inbox", goals(INBOX))]);
        assert!(table.ends_with("\n\n2 of 5 goals are met, 2 are not, 1 could not be measured."), "{table}");
        assert!(table.lines().any(|line| line.starts_with("| peers   | a, b ")), "{table}");
    }
}
