//! The rules of Prometheus and the dashboard of Grafana, made from the tables in operations.md.

mod rows;

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use rows::{ROWS, Row};

pub(crate) const RULES: &str = "deploy/prometheus/birdhook.rules.yml";
pub(crate) const DASHBOARD: &str = "deploy/grafana/birdhook.json";
const PAGE: &str = "docs/guide/operations.md";

/// The page that has a row for each alarm.
const RUNBOOK: &str = "docs/guide/runbook.md";

/// Writes both files.
pub(crate) fn write() -> Result<()> {
    let page = fs::read_to_string(PAGE).with_context(|| format!("cannot read {PAGE}"))?;
    for (path, text) in [(RULES, rules(&page)?), (DASHBOARD, dashboard(&page)?)] {
        fs::write(path, text).with_context(|| format!("cannot write {path}"))?;
        println!("{path}");
    }
    Ok(())
}

/// Returns the first two cells of each row in the tables of metrics.
fn cells(page: &str) -> Vec<(&str, &str)> {
    let mut lines = page.lines();
    let mut cells = Vec::new();
    while lines.by_ref().any(|line| line.starts_with("| metric `birdhook_")) {
        let rows = lines.by_ref().skip(1).take_while(|line| line.starts_with('|'));
        cells.extend(rows.filter_map(|row| {
            let mut cells = row.trim_matches('|').split('|').map(str::trim);
            Some((cells.next()?, cells.next()?))
        }));
    }
    cells
}

/// Returns each row of the page with its expressions. Fails if one has the other's rows not.
fn rows(page: &str) -> Result<Vec<(&'static Row, String)>> {
    let cells = cells(page);
    let (written, known): (Vec<_>, Vec<_>) =
        (cells.iter().map(|(cell, _)| *cell).collect(), ROWS.iter().map(|row| row.cell).collect());
    ensure!(written == known, "{PAGE} has the rows {written:#?}, but crates/xtask/src/monitoring/rows.rs {known:#?}");
    Ok(ROWS.iter().zip(cells).map(|(row, (_, text))| (row, plain(text))).collect())
}

/// Returns Markdown without code marks and the targets of links.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        plain += before;
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    (plain + rest).replace(['[', '`'], "")
}

/// The first lines of the rules.
const HEAD: &str = "\
# Alarms for birdhook, made from docs/guide/operations.md by `cargo xtask monitoring`.
# They expect the job's name to be birdhook. Change thresholds in crates/xtask/src/monitoring/rows.rs,
# or in a copy of this file.
groups:
  - name: birdhook
    rules:
";

fn rules(page: &str) -> Result<String> {
    let mut text = HEAD.to_owned();
    for (row, description) in rows(page)? {
        let condition = format!("{}: {description}", plain(row.cell));
        for alarm in row.alarms {
            // JSON's strings are also YAML's.
            text += &format!(
                "      - alert: {}\n        expr: {}\n        for: {}\n        labels:\n          severity: {}\n        \
                 annotations:\n          summary: {}\n          description: {}\n          runbook: {}\n",
                alarm.name,
                json!(alarm.expr),
                alarm.pending,
                alarm.severity,
                json!("{{ $labels.instance }}: ".to_owned() + &plain(row.cell)),
                json!(condition),
                json!(RUNBOOK),
            );
        }
    }
    Ok(text)
}

/// The width and height of a panel, on Grafana's grid of 24 columns.
const SIZE: (usize, usize) = (12, 8);

fn dashboard(page: &str) -> Result<String> {
    let rows = rows(page)?;
    let panels = rows.iter().filter_map(|(row, text)| Some((row, text, row.panel?))).enumerate();
    let panels: Vec<_> = panels.map(|(at, (row, text, panel))| self::panel(at, row, text, panel)).collect();
    let dashboard = json!({
        "title": "birdhook",
        "uid": "birdhook",
        "description": "Made from docs/guide/operations.md by `cargo xtask monitoring`.",
        "tags": ["birdhook"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": { "from": "now-24h", "to": "now" },
        "templating": { "list": [{
            "name": "datasource",
            "label": "Data source",
            "type": "datasource",
            "query": "prometheus",
        }] },
        "panels": panels,
    });
    Ok(serde_json::to_string_pretty(&dashboard)? + "\n")
}

fn panel(at: usize, row: &Row, text: &str, (unit, queries): (&str, &[(&str, &str)])) -> Value {
    let datasource = json!({ "type": "prometheus", "uid": "${datasource}" });
    let target = |(letter, (expr, legend)): (char, &(&str, &str))| json!({ "refId": letter, "datasource": datasource, "expr": expr, "legendFormat": legend });
    json!({
        "id": at + 1,
        "type": "timeseries",
        "title": plain(row.cell),
        "description": format!("Alarm: {text}"),
        "datasource": datasource,
        "gridPos": { "x": at % 2 * SIZE.0, "y": at / 2 * SIZE.1, "w": SIZE.0, "h": SIZE.1 },
        "fieldConfig": { "defaults": { "unit": unit, "min": 0 }, "overrides": [] },
        "targets": ('A'..).zip(queries).map(target).collect::<Vec<_>>(),
    })
}

/// Returns the dashboard's expressions as rules that `promtool` checks. Grafana's variable for an
/// interval is replaced.
pub(crate) fn dashboard_rules() -> Result<String> {
    let text = fs::read_to_string(DASHBOARD).with_context(|| format!("cannot read {DASHBOARD}"))?;
    let dashboard: Value = serde_json::from_str(&text)?;
    let panels = dashboard.get("panels").and_then(Value::as_array).context("a dashboard without panels")?;
    let mut rules = "groups:\n  - name: dashboard\n    rules:\n".to_owned();
    for (number, expr) in panels.iter().flat_map(expressions).enumerate() {
        let expr = json!(expr.replace("$__rate_interval", "5m"));
        rules += &format!("      - record: dashboard:{number}\n        expr: {expr}\n");
    }
    Ok(rules)
}

fn expressions(panel: &Value) -> impl Iterator<Item = &str> {
    let targets = panel.get("targets").and_then(Value::as_array);
    targets.into_iter().flatten().filter_map(|target| target.get("expr")?.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::process::Command;

    use super::*;

    fn read(path: &str) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    #[test]
    fn the_files_are_those_of_the_page() {
        let page = read(PAGE);
        assert_eq!(read(RULES), rules(&page).unwrap(), "run `cargo xtask monitoring`");
        assert_eq!(read(DASHBOARD), dashboard(&page).unwrap(), "run `cargo xtask monitoring`");
    }

    /// Returns the words in a text that begin with `birdhook_`, each without the suffix of a summary
    /// or a histogram.
    fn names(text: &str) -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let named = words.filter(|word| word.starts_with("birdhook_"));
        let suffixes = ["_bucket", "_sum", "_count"];
        let stem = |word: &str| suffixes.iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word).to_owned();
        named.map(stem).collect()
    }

    /// Returns the names of the metrics that the published crates record.
    fn recorded() -> BTreeSet<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let listed = Command::new("git").args(["ls-files", "crates/*/src/*.rs"]).current_dir(&root).output().unwrap();
        let files = String::from_utf8(listed.stdout).unwrap();
        let mut names = BTreeSet::new();
        for file in files.lines().filter(|file| !file.starts_with("crates/xtask/")) {
            let text = read(file);
            for kind in ["counter!(", "gauge!(", "histogram!("] {
                for (at, start) in text.match_indices(kind) {
                    let name = text[at + start.len()..].split('"').nth(1).unwrap_or_default();
                    names.extend(Some(name.to_owned()).filter(|name| name.starts_with("birdhook_")));
                }
            }
        }
        assert!(names.len() > 15, "{names:?}");
        names
    }

    /// Returns the names of the metrics in the tables of the page.
    fn documented(page: &str) -> BTreeSet<String> {
        let mut prefix = "";
        let mut names = BTreeSet::new();
        for line in page.lines() {
            if let Some(header) = line.strip_prefix("| metric `") {
                prefix = header.split('…').next().unwrap_or_default();
            } else if !line.starts_with('|') {
                prefix = "";
            } else if !prefix.is_empty() {
                let cell = line.split('|').nth(1).unwrap_or_default();
                let words = cell.split('`').skip(1).step_by(2).map(|word| word.split('{').next().unwrap_or_default());
                let is_metric = |word: &&str| word.contains('_') || ["depth", "remembered"].contains(word);
                let is_outcome = |word: &&str| *word == "signature_wrong";
                let metrics = words.filter(is_metric).filter(|word| !is_outcome(word));
                names.extend(metrics.map(|word| format!("{prefix}{word}")));
            }
        }
        names
    }

    #[test]
    fn page_rules_dashboard_and_code_name_the_same_metrics() {
        let recorded = recorded();
        assert_eq!(documented(&read(PAGE)), recorded, "the tables of {PAGE} and the code");
        let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
        let panels = dashboard["panels"].as_array().unwrap();
        let shown = panels.iter().flat_map(expressions).flat_map(names).collect::<BTreeSet<_>>();
        assert_eq!(shown, recorded, "the dashboard and the code");
        let rules = read(RULES);
        let alarms = rules.lines().filter(|line| line.trim_start().starts_with("expr:"));
        let unknown: Vec<_> = alarms.flat_map(names).filter(|name| !recorded.contains(name)).collect();
        assert!(unknown.is_empty(), "no code records {unknown:?}");
        let texts = names(&read(PAGE));
        let unknown: Vec<_> = texts.iter().filter(|name| !recorded.contains(*name) && *name != "birdhook_").collect();
        assert!(unknown.iter().all(|name| *name == "birdhook_inbox_"), "no code records {unknown:?}");
    }

    #[test]
    fn a_row_without_expressions_is_refused() {
        let page = "| metric `birdhook_…` | alert if |\n|---|---|\n| `new` | any |\n";
        assert!(rules(page).unwrap_err().to_string().contains("`new`"));
    }

    #[test]
    fn links_and_code_become_plain_text() {
        assert_eq!(plain("any `x`: [too small](#capacity), so"), "any x: too small, so");
    }
}
