//! Checks of dependencies and of the public API: `cargo xtask supply`.

mod advisories;
mod api;
mod deny;
mod external;
mod floors;
pub(crate) mod installed;
mod lock;
mod minimums;
mod msrv;
mod rustdoc;
pub(crate) mod semver;

use std::time::Instant;

use anyhow::{Result, bail};
use lexopt::prelude::{Long, Value, ValueExt};

use crate::steps::Outcome;

pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    run: fn() -> Result<Outcome>,
}

const fn part(name: &'static str, about: &'static str, run: fn() -> Result<Outcome>) -> Part {
    Part { name, about, run }
}

pub(crate) const ALL: &[Part] = &[
    part("lock", "the lock files are current", lock::check),
    part("floors", "no manifest is content with a version that deny.toml bans", floors::check),
    part("msrv", "no dependency asks for a newer Rust than who needs it", msrv::check),
    part("deny", "bans, licences and sources of deny.toml", deny::check),
    part("advisories", "nothing that is built on has an advisory", advisories::check),
    part("minimums", "the oldest versions that the manifests are content with do build", minimums::check),
    part("api", "the public API of each library is as listed", api::check),
    part("external", "no type of another crate is in a public API but those allowed", external::check),
];

pub(crate) enum Options {
    Check(Vec<String>),
    Write,
}

impl Options {
    pub(crate) fn parse(mut args: lexopt::Parser) -> Result<Self> {
        let mut names = Vec::new();
        while let Some(arg) = args.next()? {
            match arg {
                Long("write") if names.is_empty() => {
                    return match args.next()? {
                        None => Ok(Self::Write),
                        Some(more) => Err(more.unexpected().into()),
                    };
                }
                Value(name) => names.push(name.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Self::Check(names))
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    match options {
        Options::Write => api::write(),
        Options::Check(names) => {
            println!("\nxtask: {}", parts(names)?);
            Ok(())
        }
    }
}

/// The step of `cargo xtask ci`.
pub(crate) fn check() -> Result<Outcome> {
    parts(&[])
}

/// Runs the named parts, or all. A part that fails does not prevent the others from running.
fn parts(names: &[String]) -> Result<Outcome> {
    if let Some(unknown) = names.iter().find(|name| !ALL.iter().any(|part| part.name == **name)) {
        bail!("there is no part {unknown}; `cargo xtask help` names them");
    }
    let (mut table, mut failed, mut skipped) = (String::new(), Vec::new(), Vec::new());
    for part in ALL.iter().filter(|part| names.is_empty() || names.iter().any(|name| name == part.name)) {
        println!("\n{}: {}", part.name, part.about);
        let start = Instant::now();
        let (result, note) = match (part.run)() {
            Ok(Outcome::Skipped(note)) => {
                eprintln!("\n!!! NOT CHECKED, {}: {note}\n", part.name);
                skipped.push(part.name);
                ("SKIPPED", note)
            }
            Ok(outcome) => ("ok", outcome.to_string()),
            Err(error) => {
                failed.push(format!("{}: {error:#}", part.name));
                ("FAILED", format!("{error:#}"))
            }
        };
        table += format!("{:12} {result:8} {:7.1}  {note}", part.name, start.elapsed().as_secs_f64()).trim_end();
        table += "\n";
    }
    println!("\n{table}");
    let skipped = if skipped.is_empty() { String::new() } else { format!("NOT CHECKED: {}", skipped.join(", ")) };
    match failed.first() {
        None => Ok(Outcome::Passed(skipped)),
        Some(first) => bail!("{} failed, the first: {first}{skipped}", failed.len()),
    }
}
