//! Plants mistakes in a copy of the pipeline, one by one, and runs the model that must notice each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::{TARGET, test};
use crate::process::{run, succeeds};

/// The time limit for a model to find a mistake, in seconds. Most are found in the first hundred
/// schedules.
const PATIENCE: &str = "20";

#[derive(Deserialize)]
struct Mistakes {
    mistake: Vec<Mistake>,
}

#[derive(Deserialize)]
struct Mistake {
    name: String,
    file: String,
    model: String,
    changes: Vec<[String; 2]>,
}

fn mistakes() -> Result<Vec<Mistake>> {
    Ok(toml::from_str::<Mistakes>(include_str!("mistakes.toml"))?.mistake)
}

pub(super) fn all_are_noticed(only: Option<&str>) -> Result<String> {
    let all = mistakes()?;
    let chosen: Vec<_> = all.iter().filter(|mistake| only.is_none_or(|only| mistake.name.contains(only))).collect();
    if chosen.is_empty() {
        let names: Vec<_> = all.iter().map(|mistake| &*mistake.name).collect();
        bail!("unknown mistake: expected one of {}", names.join("; "));
    }
    let copy = copy()?;
    // Not optimised, because each mistake is compiled and found quickly. Checked first: a mistake
    // that does not compile, or a model that always fails, would look like a mistake that is
    // noticed.
    run(test(&copy, "models::claims::copies", 0).env("BIRDHOOK_MODELS_SECONDS", "1"))?;
    let mut unnoticed = Vec::new();
    for mistake in &chosen {
        let right = fs::read_to_string(Path::new("crates/pipeline/src").join(&mistake.file))?;
        let file = copy.join("crates/pipeline/src").join(&mistake.file);
        fs::write(&file, planted(mistake, &right)?)?;
        if !succeeds(test(&copy, &mistake.model, 0).arg("--list")) {
            bail!("{} does not compile any more", mistake.name);
        }
        let mut model = test(&copy, &mistake.model, 0);
        model.arg("--nocapture").env("BIRDHOOK_MODELS_SECONDS", PATIENCE).env("RUST_BACKTRACE", "0");
        let output = model.output()?;
        // The first line of the panic's message.
        let printed = String::from_utf8_lossy(&output.stderr);
        let cause = printed.split("panicked at ").nth(1).and_then(|rest| rest.lines().nth(1)).unwrap_or("it failed");
        let how = if output.status.success() { "NOT NOTICED" } else { cause };
        unnoticed.extend(output.status.success().then_some(&*mistake.name));
        println!("{:52} {:60} {how}", mistake.name, mistake.model);
        // Written, not copied: cargo notices the change only if its modification time is new.
        fs::write(&file, right)?;
    }
    match unnoticed.len() {
        0 => Ok(format!("{} planted mistakes noticed", chosen.len())),
        _ => bail!("not noticed: {}", unnoticed.join(", ")),
    }
}

fn planted(mistake: &Mistake, right: &str) -> Result<String> {
    let mut code = right.to_owned();
    for [right, wrong] in &mistake.changes {
        if code.matches(&**right).count() != 1 {
            bail!("{}: the code has changed; {} does not hold once {right:?}", mistake.name, mistake.file);
        }
        code = code.replace(right, wrong);
    }
    Ok(code)
}

/// Makes a workspace with copies of the two crates and of what seeds their tests, so that the
/// working tree is not changed.
fn copy() -> Result<PathBuf> {
    let folder = Path::new(TARGET).join("planted");
    fs::create_dir_all(&folder)?;
    let manifest = fs::read_to_string("Cargo.toml")?;
    let (before, rest) = manifest.split_once("members = [").context("no members in Cargo.toml")?;
    let (_, after) = rest.split_once(']').context("no members in Cargo.toml")?;
    let manifest = format!("{before}members = [\"crates/core\", \"crates/pipeline\"]{after}");
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::copy("Cargo.lock", folder.join("Cargo.lock"))?;
    for name in ["crates/core", "crates/pipeline", "crates/testkit", "tests/harness"] {
        let to = folder.join(name);
        let _ = fs::remove_dir_all(&to);
        fs::create_dir_all(&to)?;
        run(Command::new("cp").arg("-pR").arg(format!("{name}/.")).arg(&to))?;
    }
    // Absolute, because both workspaces must use the same target folder.
    Ok(fs::canonicalize(folder)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_fits_the_code() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pipeline/src");
        for mistake in mistakes().unwrap() {
            planted(&mistake, &fs::read_to_string(source.join(&mistake.file)).unwrap()).unwrap();
        }
    }
}
