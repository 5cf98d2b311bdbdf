//! Installs a peer's packages into the target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Peer;

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");

pub(crate) struct Installed {
    pub(crate) folder: PathBuf,
    /// The versions of its packages, as its package manager prints them.
    versions: String,
}

impl Installed {
    pub(crate) fn version(&self, name: &str) -> Option<String> {
        let mut words = self.versions.split([' ', '\n', '"', '=', ':', ',']).filter(|word| !word.is_empty());
        words.find(|word| *word == name).and(words.next()).map(str::to_owned)
    }
}

/// Installs a peer's locked packages with npm, pip or cargo, unless they are present.
///
/// The error explains why the peer cannot be measured here.
pub(crate) fn install(peer: &Peer) -> Result<Installed, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = program.ancestors().nth(2).ok_or("this program is in no target folder")?;
    let folder = target.join("bench-peers").join(peer.folder);
    let from = Path::new(SOURCES).join(peer.folder);
    let (lock, names) = match peer {
        _ if peer.is_rust() => ("Cargo.lock", "Cargo.toml"),
        _ if peer.is_python() => ("requirements.txt", "requirements.in"),
        _ => ("package-lock.json", "package.json"),
    };
    let read = |name: &str| fs::read_to_string(from.join(name)).map_err(|error| format!("{name}: {error}"));
    let installed = Installed { folder, versions: read(names)? };
    fs::create_dir_all(&installed.folder).map_err(|error| error.to_string())?;
    run(&from, "cp", &["-R", ".", &installed.folder.to_string_lossy()])?;
    let (tool, wanted) = match peer {
        _ if peer.is_rust() => ("rustc", "rustc"),
        _ if peer.is_python() => ("python3", "Python 3"),
        _ => ("node", "v"),
    };
    let version = crate::machine::version(tool);
    if !version.starts_with(wanted) {
        return Err(format!("there is no {tool}"));
    }
    let (done, wanted) = (installed.folder.join("installed"), format!("{version}\n{}", read(lock)?));
    if fs::read_to_string(&done).is_ok_and(|done| done == wanted) {
        return Ok(installed);
    }
    if peer.is_rust() {
        run(&installed.folder, "cargo", &["build", "--release", "--locked", "--target-dir", "target"])?;
    } else if peer.is_python() {
        run(&installed.folder, "python3", &["-m", "venv", "--clear", "venv"])?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", lock];
        run(&installed.folder, "venv/bin/python", &pip)?;
    } else if installed.versions.contains("dependencies") {
        run(&installed.folder, "npm", &["ci", "--no-audit", "--no-fund"])?;
    }
    fs::write(done, wanted).map_err(|error| error.to_string())?;
    Ok(installed)
}

/// Runs a command. Its output goes to the standard error, because the standard output is the
/// section of Markdown.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> Result<(), String> {
    eprintln!("$ {program} {} (in {})", arguments.join(" "), folder.display());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(std::io::stderr());
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{program} {}` ended with {status}", arguments.join(" "))),
        Err(error) => Err(format!("cannot run {program}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_lists() {
        let of = |versions: &str| Installed { folder: PathBuf::new(), versions: versions.to_owned() };
        assert_eq!(of("fastapi==0.1.0\nuvicorn==2.3\n").version("uvicorn"), Some("2.3".to_owned()));
        assert_eq!(
            of("  \"dependencies\": {\n    \"express\": \"5.3.0\"\n").version("express"),
            Some("5.3.0".to_owned())
        );
        assert_eq!(of("flask==3\n").version("gunicorn"), None);
    }
}
