//! Plants mistakes in a copy of the pipeline, one by one, and runs the model that must notice each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::TARGET;
use super::mistakes::{ALL, Mistake};
use crate::process::{run, succeeds};

/// The time limit for a model to find a mistake, in seconds. Most are found in the first hundred
/// schedules.
const PATIENCE: &str = "20";

pub(super) fn all_are_noticed(only: Option<&str>) -> Result<String> {
    let chosen: Vec<_> = ALL.iter().filter(|mistake| only.is_none_or(|only| mistake.name.contains(only))).collect();
    if chosen.is_empty() {
        let names: Vec<_> = ALL.iter().map(|mistake| mistake.name).collect();
        bail!("there is no such mistake, but these: {}", names.join("; "));
    }
    let copy = Copy::new()?;
    // Checked first: a mistake that does not compile, or a model that always fails, would look like
    // a mistake that is noticed.
    run(test(&copy.folder, "models::claims::copies").env("BIRDHOOK_MODELS_SECONDS", "1"))?;
    let mut unnoticed = Vec::new();
    for mistake in &chosen {
        copy.plant(mistake)?;
        let is_built = succeeds(test(&copy.folder, mistake.model).arg("--list"));
        if !is_built {
            bail!("{} does not compile any more", mistake.name);
        }
        let output = test(&copy.folder, mistake.model)
            .arg("--nocapture")
            .env("BIRDHOOK_MODELS_SECONDS", PATIENCE)
            .env("RUST_BACKTRACE", "0")
            .output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            unnoticed.push(mistake.name);
        }
        let how = if output.status.success() { "NOT NOTICED" } else { cause(&said) };
        println!("{:52} {:60} {how}", mistake.name, mistake.model);
        copy.take_out(mistake)?;
    }
    match unnoticed.len() {
        0 => Ok(format!("{} planted mistakes noticed", chosen.len())),
        _ => bail!("not noticed: {}", unnoticed.join(", ")),
    }
}

/// Returns the first line of a panic's message.
fn cause(said: &str) -> &str {
    let after = said.split("panicked at ").nth(1).and_then(|rest| rest.split_once('\n'));
    after.and_then(|(_, rest)| rest.lines().next()).unwrap_or("it failed")
}

/// Returns a test command without optimisation, because each mistake is compiled and found quickly.
fn test(folder: &Path, model: &str) -> Command {
    super::test(folder, model, 0)
}

/// A workspace with copies of the two crates and of what seeds their tests, so that the working tree is not changed.
struct Copy {
    folder: PathBuf,
}

impl Copy {
    fn new() -> Result<Self> {
        let folder = Path::new(TARGET).join("planted");
        fs::create_dir_all(&folder)?;
        let manifest = fs::read_to_string("Cargo.toml")?;
        let (before, rest) = manifest.split_once("members = [").context("no members in Cargo.toml")?;
        let (_, after) = rest.split_once(']').context("no members in Cargo.toml")?;
        let manifest = format!("{before}members = [\"crates/core\", \"crates/pipeline\"]{after}");
        fs::write(folder.join("Cargo.toml"), manifest)?;
        fs::copy("Cargo.lock", folder.join("Cargo.lock"))?;
        for name in ["crates/core", "crates/pipeline", "tests/seed"] {
            let to = folder.join(name);
            let _ = fs::remove_dir_all(&to);
            fs::create_dir_all(&to)?;
            run(Command::new("cp").arg("-pR").arg(format!("{name}/.")).arg(&to))?;
        }
        // Absolute, because both workspaces must use the same target folder.
        Ok(Self { folder: fs::canonicalize(folder)? })
    }

    fn plant(&self, mistake: &Mistake) -> Result<()> {
        let file = self.file(mistake);
        let mut code = fs::read_to_string(&file)?;
        for (right, wrong) in mistake.changes {
            if code.matches(right).count() != 1 {
                bail!("{}: the code has changed; {} does not hold once {right:?}", mistake.name, mistake.file);
            }
            code = code.replace(right, wrong);
        }
        fs::write(file, code).map_err(Into::into)
    }

    fn take_out(&self, mistake: &Mistake) -> Result<()> {
        let right = fs::read(Path::new("crates/pipeline/src").join(mistake.file))?;
        // Written, not copied: cargo notices the change only if its modification time is new.
        fs::write(self.file(mistake), right).map_err(Into::into)
    }

    fn file(&self, mistake: &Mistake) -> PathBuf {
        self.folder.join("crates/pipeline/src").join(mistake.file)
    }
}
