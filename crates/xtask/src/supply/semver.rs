//! `cargo xtask semver`: finds changes of the public API that break users of an older revision.

use std::process::Command;

use anyhow::{Context, Result, bail};

use super::installed::{SEMVER_CHECKS, subcommand};
use crate::process::run;
use crate::rules;

/// The baseline without a tag: uncommitted changes are compared with the last commit.
const WITHOUT_A_TAG: &str = "HEAD";

pub(crate) struct Options {
    revision: Option<String>,
    packages: Vec<String>,
}

impl Options {
    pub(crate) fn parse(mut args: lexopt::Parser) -> Result<Self> {
        use lexopt::prelude::{Long, Short, Value, ValueExt};
        let mut options = Self { revision: None, packages: Vec::new() };
        while let Some(arg) = args.next()? {
            match arg {
                Long("package") | Short('p') => options.packages.push(args.value()?.string()?),
                Value(revision) if options.revision.is_none() => options.revision = Some(revision.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }
}

pub(crate) fn run_with(options: &Options) -> Result<()> {
    let revision = options.revision.clone().unwrap_or_else(newest_tag);
    let libraries = rules::libraries()?;
    if let Some(unknown) = options.packages.iter().find(|name| !libraries.contains(name)) {
        bail!("there is no library {unknown}, but {}", libraries.join(", "));
    }
    let chosen = if options.packages.is_empty() { &libraries } else { &options.packages };
    let mut command = subcommand(SEMVER_CHECKS)?;
    command.args(["check-release", "--all-features", "--baseline-rev", &revision]);
    chosen.iter().for_each(|name| _ = command.args(["--package", name]));
    run(&mut command).with_context(|| format!("the API is not as it was at {revision}, or cannot be compared"))
}

fn newest_tag() -> String {
    let output = Command::new("git").args(["describe", "--tags", "--abbrev=0"]).output();
    let tag =
        output.ok().filter(|output| output.status.success()).and_then(|output| String::from_utf8(output.stdout).ok());
    tag.map_or_else(|| WITHOUT_A_TAG.to_owned(), |tag| tag.trim().to_owned())
}
