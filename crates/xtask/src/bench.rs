//! Runs the benchmarks and writes the results to docs/performance.md.

use std::fs;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;
use jiff::Timestamp;

use crate::process::{cargo, printed, run as run_command};
use crate::{build_cost, tools};

const DOCUMENT: &str = "docs/performance.md";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// A section. Defaults to all.
    section: Option<String>,
    /// Measure roughly, and leave the document unchanged.
    #[arg(long)]
    quick: bool,
}

/// A section of the document. Two comments enclose it there.
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    source: Source,
}

/// The program that measures a section.
enum Source {
    /// This section of `birdhook-benches`.
    Benches(&'static str),
    /// The inbox's own benchmark.
    Inbox,
    /// This program.
    Own(fn(bool) -> Result<String>),
}

const fn section(name: &'static str, about: &'static str, source: Source) -> Section {
    Section { name, about, source }
}

pub(crate) const SECTIONS: &[Section] = &[
    section("core", "the core compared with HMAC and JSON alone", Source::Benches("core")),
    section("handlers", "birdhook compared with handlers written by hand, in one process", Source::Benches("handlers")),
    section("cores", "birdhook on one and on two cores", Source::Benches("cores")),
    section("server", "axum, hyper and actix-web, with birdhook and with an empty handler", Source::Benches("servers")),
    section("growth", "how time and memory grow with load", Source::Benches("growth")),
    section("peers", "birdhook compared with xdk-rs and with receivers on Node and Python", Source::Benches("peers")),
    section("engines", "consuming from JetStream and Redis compared with storing", Source::Benches("engines")),
    section("postgres", "an inbox in PostgreSQL compared with bare statements", Source::Benches("postgres")),
    section("inbox", "the inbox and its stores compared with a bare log", Source::Inbox),
    section("build", "what birdhook adds to the build of an app", Source::Own(build_cost::measure)),
];

/// Measures the sections and continues if one fails. A missed goal is not a failure.
pub(crate) fn run(options: &Options) -> Result<()> {
    let is_chosen =
        |section: &&Section| options.section.as_ref().is_none_or(|name| name == "all" || name == section.name);
    let chosen: Vec<_> = SECTIONS.iter().filter(is_chosen).collect();
    if chosen.is_empty() {
        bail!("unknown section: `cargo xtask help` lists the sections");
    }
    let (mut failed, mut results) = (Vec::new(), Vec::new());
    for section in &chosen {
        println!("\n=== {}: {}", section.name, section.about);
        match section.measure(options.quick) {
            Ok(measured) => {
                println!("\n{measured}");
                results.push((section.name, goals(&measured)));
                if !options.quick {
                    section.keep(&measured)?;
                }
            }
            Err(error) => {
                eprintln!("\n!!! {}: {error:#}\n", section.name);
                failed.push(section.name);
            }
        }
    }
    if chosen.len() > 1 {
        println!("\n{}", goal_table(&results));
    }
    if failed.is_empty() { Ok(()) } else { bail!("could not be measured: {}", failed.join(", ")) }
}

impl Section {
    /// Returns the output of the section's program, with the date of the measurement.
    fn measure(&self, quick: bool) -> Result<String> {
        if self.name == "peers" {
            // Without them, only their part of the section is skipped.
            for missing in [tools::program("node", "nodejs"), tools::program("npm", "npm"), tools::python()] {
                missing.unwrap_or_else(|error| eprintln!("\n!!! {error:#}\n!!! a part of the section is skipped\n"));
            }
        }
        // The build of the program that measures is not counted.
        let mut started = Instant::now();
        let mut output = |[mut build, mut run]: [Command; 2]| {
            run_command(&mut build)?;
            started = Instant::now();
            printed(&mut run)
        };
        let printed = match self.source {
            Source::Benches(name) => output(of_benches(name, quick))?,
            Source::Inbox => output(of_inbox(quick))?,
            Source::Own(measure) => measure(quick)?,
        };
        let (day, seconds) = (Timestamp::now().to_string(), started.elapsed().as_secs());
        let day = day.split('T').next().unwrap_or_default();
        let command = format!("cargo xtask bench {}{}", self.name, if quick { " --quick" } else { "" });
        let title = match self.source {
            Source::Benches(_) => "",
            Source::Inbox => "## The inbox compared with a bare log\n\n",
            Source::Own(_) => "## The build of an app\n\n",
        };
        Ok(format!("{title}{}\n\nMeasured on {day} in {seconds} s by `{command}`.", printed.trim()))
    }

    /// Replaces the section and the table of goals in the document.
    fn keep(&self, measured: &str) -> Result<()> {
        let text = fs::read_to_string(DOCUMENT).with_context(|| format!("cannot read {DOCUMENT}"))?;
        let text = replace(&text, self.name, measured)?;
        let of = |section: &Section| Ok((section.name, goals(split(&text, section.name)?[1])));
        let all = SECTIONS.iter().map(of).collect::<Result<Vec<_>>>()?;
        let text = replace(&text, "goals", &goal_table(&all))?;
        fs::write(DOCUMENT, text).with_context(|| format!("cannot write {DOCUMENT}"))
    }
}

/// Returns the commands that build and run a section of `birdhook-benches`.
fn of_benches(name: &str, quick: bool) -> [Command; 2] {
    let mut run = cargo(["run", "--release", "--quiet", "-p", "birdhook-benches", "--", name]);
    run.args(quick.then_some("--quick"));
    [cargo(["build", "--release", "-p", "birdhook-benches"]), run]
}

/// Returns the commands that build and run the inbox's benchmark.
fn of_inbox(quick: bool) -> [Command; 2] {
    const BENCH: [&str; 5] = ["bench", "-p", "birdhook-inbox", "--bench", "stores"];
    // The default settings take 6 minutes.
    let (seconds, rounds, keys) = if quick { ("0.06", "2", "100000") } else { ("0.3", "7", "10000000") };
    let (mut build, mut run) = (cargo(BENCH), cargo(BENCH));
    build.arg("--no-run");
    run.args(["--quiet", "--", "--seconds", seconds, "--rounds", rounds, "--keys", keys]);
    [build, run]
}

/// Returns the text with the content of this section replaced.
fn replace(text: &str, section: &str, content: &str) -> Result<String> {
    let [before, _, after] = split(text, section)?;
    Ok(format!("{before}\n{}\n{after}", content.trim()))
}

/// Splits the text into the parts before, inside and after the section's comments.
fn split<'a>(text: &'a str, section: &str) -> Result<[&'a str; 3]> {
    let (open, close) = (format!("<!-- bench:{section} -->"), format!("<!-- /bench:{section} -->"));
    for comment in [&open, &close] {
        if text.matches(comment.as_str()).count() != 1 {
            bail!("{DOCUMENT}: expected `{comment}` once");
        }
    }
    let start = text.find(&open).unwrap_or_default() + open.len();
    let end =
        text.find(&close).filter(|end| *end >= start).with_context(|| format!("`{close}` comes before `{open}`"))?;
    Ok([&text[..start], &text[start..end], &text[end..]])
}

/// Returns the results in the tables of goals: the last of five columns, where the first is "goal".
fn goals(section: &str) -> Vec<String> {
    let mut is_goals = false;
    let results = section.lines().filter_map(|line| {
        let cells: Vec<_> = line.trim().split('|').map(str::trim).collect();
        let first = cells.get(1).copied().unwrap_or_default();
        is_goals = cells.len() == 7 && (is_goals || first == "goal");
        cells.get(5).filter(|_| is_goals && first != "goal" && !first.starts_with('-')).map(ToString::to_string)
    });
    results.collect()
}

/// Returns a table with one row per section, and one for all of them.
fn goal_table(sections: &[(&str, Vec<String>)]) -> String {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(["section", "goals", "met", "not met", "not measured"]);
    let all = ("all", sections.iter().flat_map(|(_, results)| results.clone()).collect());
    for (section, results) in sections.iter().chain([&all]) {
        let met = results.iter().filter(|result| *result == "met").count();
        let skipped = results.iter().filter(|result| result.starts_with("**skipped**")).count();
        let counts = [results.len(), met, results.len() - met - skipped, skipped];
        table.add_row(std::iter::once((*section).to_owned()).chain(counts.map(|count| count.to_string())));
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_section_changes() {
        let text = "# Title\n\n<!-- bench:core -->\nold\n\n| a |\n<!-- /bench:core -->\n\nwords\n\n\
                    <!-- bench:peers -->\n<!-- /bench:peers -->\nend\n";
        let once = replace(text, "core", "\n\nnew\n\n").unwrap();
        let wanted = text.replace("old\n\n| a |", "new");
        assert_eq!(once, wanted);
        assert_eq!(replace(&once, "core", "new").unwrap(), wanted, "again, nothing changes");
        assert!(replace(text, "peers", "figures").unwrap().ends_with("-->\nfigures\n<!-- /bench:peers -->\nend\n"));
        for bad in [text.replace("<!-- /bench:core -->", ""), format!("{text}{text}"), text.replace("core", "inbox")] {
            assert!(replace(&bad, "core", "x").is_err());
        }
        assert!(replace("<!-- /bench:core --><!-- bench:core -->", "core", "x").is_err());
    }

    #[test]
    fn the_document_has_a_place_for_each_section() {
        let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/performance.md")).unwrap();
        for name in SECTIONS.iter().map(|section| section.name).chain(["goals"]) {
            split(&text, name).unwrap();
        }
    }

    #[test]
    fn the_goals_of_a_section_are_counted() {
        let peers = "\
| receiver | requests/s |
|----------|-----------:|
| goal     |        100 |

| goal | target   | measured | range      | met                            |
|------|----------:|----------:|-----------:|-------------------------------:|
| a, b | ≥ 4.00× | 4.10× | 4.00–4.20 | met |
| c    | ≥ 9.00× | 8.10× | 8.00–8.20 | **not met** |
| d    | - | - | - | **skipped**: node is not installed |

| events/s | 1 client | a | b | c |
|---|---|---|---|---|
| log | 5 | 6 | 7 | met |
";
        let inbox = "| goal | target | measured | range | met |\n|---|---|---|---|---|\n| `Inbox` | ≥ 0.6 | 0.53 | 0.50–0.61 | **not met** |\n";
        let table = goal_table(&[("peers", goals(peers)), ("inbox", goals(inbox))]);
        let rows: Vec<String> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[2..], ["|peers|3|1|1|1|", "|inbox|1|0|1|0|", "|all|4|1|2|1|"]);
    }
}
