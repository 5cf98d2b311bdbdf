//! Runs the benchmarks and writes the results to docs/performance.md.

mod document;
mod goals;
mod sections;

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use lexopt::prelude::{Long, Value, ValueExt};

use crate::process::{printed, run as run_command};
pub(crate) use sections::ALL;
use sections::Section;

const DOCUMENT: &str = "docs/performance.md";

pub(crate) struct Options {
    sections: Vec<&'static Section>,
    /// Takes a quick, inaccurate measurement, and leaves the document unchanged.
    quick: bool,
}

impl Options {
    pub(crate) fn parse(mut args: lexopt::Parser) -> Result<Self> {
        let (mut sections, mut quick) = (Vec::new(), false);
        while let Some(arg) = args.next()? {
            match arg {
                Long("quick") => quick = true,
                Value(name) if sections.is_empty() => match name.string()?.as_str() {
                    "all" => sections.extend(ALL),
                    name => sections.push(Section::named(name)?),
                },
                other => return Err(other.unexpected().into()),
            }
        }
        if sections.is_empty() {
            sections.extend(ALL);
        }
        Ok(Self { sections, quick })
    }
}

/// Measures the sections and continues if one fails. A missed goal is not a failure.
pub(crate) fn run(Options { sections, quick }: &Options) -> Result<()> {
    let started = Instant::now();
    let (mut failed, mut times, mut results) = (Vec::new(), Vec::new(), Vec::new());
    for section in sections {
        println!("\n=== {}: {}", section.name, section.about);
        let (built, begun) = (build(section), Instant::now());
        match built.and_then(|()| measure(section, *quick)) {
            Ok(measured) => {
                println!("\n{measured}");
                results.push(goals::goals(&measured));
                if !quick {
                    keep(section, &measured)?;
                }
            }
            Err(error) => {
                eprintln!("\n!!! {}: {error:#}\n", section.name);
                failed.push(section.name);
            }
        }
        times.push(format!("{} {}", section.name, seconds(begun.elapsed())));
    }
    if sections.len() > 1 {
        println!("\n{}", goals::total(&results));
    }
    println!("\nxtask: took {} in total; measuring: {}", seconds(started.elapsed()), times.join(", "));
    if failed.is_empty() { Ok(()) } else { bail!("could not be measured: {}", failed.join(", ")) }
}

fn build(section: &Section) -> Result<()> {
    section.prepare();
    run_command(&mut section.build())
}

/// Returns the output of the section's program, with its title and the date of the measurement.
fn measure(section: &Section, quick: bool) -> Result<String> {
    let started = Instant::now();
    let printed = printed(&mut section.measure(quick))?;
    let printed = printed.trim();
    if printed.is_empty() {
        bail!("nothing was measured");
    }
    let title = if printed.starts_with("## ") { String::new() } else { format!("## {}\n\n", section.title) };
    let (day, took) = (Timestamp::now().to_string(), seconds(started.elapsed()));
    let day = day.split('T').next().unwrap_or_default();
    let quick = if quick { ", quick" } else { "" };
    Ok(format!("{title}{printed}\n\nMeasured on {day} in {took}{quick}."))
}

/// Replaces the section and the number of goals in the document.
fn keep(section: &Section, measured: &str) -> Result<()> {
    let text = fs::read_to_string(DOCUMENT).with_context(|| format!("cannot read {DOCUMENT}"))?;
    let kept = document::replace(&text, section.name, measured).and_then(|text| {
        let of = |section: &Section| Ok(goals::goals(document::content(&text, section.name)?));
        let all = ALL.iter().map(of).collect::<Result<Vec<_>>>()?;
        document::replace(&text, "goals", &goals::total(&all))
    });
    fs::write(DOCUMENT, kept.context(DOCUMENT)?).with_context(|| format!("cannot write {DOCUMENT}"))
}

fn seconds(time: Duration) -> String {
    format!("{:.0} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_a_place_for_each_section() {
        let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/performance.md")).unwrap();
        for name in ALL.iter().map(|section| section.name).chain(["goals"]) {
            document::content(&text, name).unwrap();
        }
    }
}
