//! The pictures of the README and the guide.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::process::{cargo, printed, run, succeeds};
use crate::step::Outcome;
use crate::testing::{BUILT, CONSOLE};
use crate::tools;

/// The folder of the committed pictures.
const FOLDER: &str = "docs/guide";

/// Replaces the pictures with those of the current programs and pages.
pub(crate) fn make() -> Result<()> {
    ensure!(cfg!(unix), "the browser is controlled through named pipes, which Windows lacks");
    tools::program("chromium", "chromium")?;
    // The events contain Japanese and emoji.
    for (characters, package) in [(":lang=ja", "fonts-droid-fallback"), (":lang=und-zsye", "fonts-noto-color-emoji")] {
        if !succeeds(Command::new("fc-list").arg("--quiet").arg(characters)) {
            tools::debian(package)?;
        }
    }
    write(Path::new(FOLDER))
}

/// Makes the pictures outside the guide, to check that it is possible.
pub(crate) fn check() -> Result<Outcome> {
    if !cfg!(unix) {
        return Ok(Outcome::Skipped("it controls the browser through named pipes".to_owned()));
    }
    if let Err(error) = tools::program("chromium", "chromium") {
        return Ok(Outcome::Skipped(format!("{error:#}")));
    }
    let folder = tools::target_folder()?.join("pictures");
    write(&folder)?;
    let committed = printed(Command::new("git").args(["ls-files", "docs/guide/*.png"]))?;
    for path in committed.lines().map(Path::new) {
        let made = path.file_name().map(|name| folder.join(name));
        ensure!(made.is_some_and(|made| made.is_file()), "no command makes {}", path.display());
    }
    Ok(Outcome::Passed(format!("{} pictures", committed.lines().count())))
}

fn write(folder: &Path) -> Result<()> {
    run(cargo(["build", "--bin=birdhook", "--example=quickstart"]).args(BUILT))?;
    let mut pictures = cargo(["run", "--quiet", "-p", CONSOLE, "--example=pictures", "--"]);
    run(pictures.arg(folder).arg(tools::target_folder()?.join("debug")))
}
