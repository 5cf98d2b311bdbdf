//! Tools that a fresh machine may lack: installs them if possible, otherwise prints the command to
//! do so.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;

use crate::process::{cargo, printed, run, succeeds};

/// Returns cargo's target folder.
pub(crate) fn target_folder() -> Result<PathBuf> {
    Ok(MetadataCommand::new().no_deps().exec()?.target_directory.into())
}

/// Returns the platform that rustc runs on and builds for, such as `x86_64-unknown-linux-gnu`.
pub(crate) fn host() -> Result<String> {
    let version = printed(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not report its host")
}

/// Installs a component of the toolchain (`clippy`), unless its cargo subcommand already works.
pub(crate) fn component(name: &str, subcommand: &str) -> Result<()> {
    if succeeds(&mut cargo([subcommand, "--version"])) {
        return Ok(());
    }
    run(Command::new("rustup").args(["component", "add", name]))
        .with_context(|| format!("cargo {subcommand} is missing: run `rustup component add {name}`"))
}

/// Installs the standard library of a target, unless it is present.
pub(crate) fn target(name: &str) -> Result<()> {
    let libraries = Command::new("rustc").args(["--print", "target-libdir", "--target", name]).output();
    if libraries.is_ok_and(|libraries| Path::new(String::from_utf8_lossy(&libraries.stdout).trim()).is_dir()) {
        return Ok(());
    }
    run(Command::new("rustup").args(["target", "add", name]))
        .with_context(|| format!("the target {name} is missing: run `rustup target add {name}`"))
}

/// Installs a cargo subcommand from crates.io, unless it already works.
pub(crate) fn subcommand(name: &str) -> Result<()> {
    if succeeds(&mut cargo([name, "--version"])) {
        return Ok(());
    }
    let package = format!("cargo-{name}");
    run(&mut cargo(["install", &package, "--locked"]))
        .with_context(|| format!("{package} is missing: run `cargo install {package} --locked`"))
}

/// Returns the path of a program from crates.io in this version, in a folder of the target
/// directory. Compiles it first if it is missing.
pub(crate) fn pinned(package: &str, version: &str) -> Result<PathBuf> {
    let root = format!("target/tools/{package}-{version}");
    let program = std::path::absolute(Path::new(&root).join("bin").join(package))?;
    if !program.is_file() {
        let mut install = cargo(["install", package, "--version", &format!("={version}"), "--locked", "--root", &root]);
        // It runs for seconds, so a short build matters more than fast code.
        install.envs([
            ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
            ("CARGO_PROFILE_RELEASE_LTO", "off"),
            ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
            ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
        ]);
        run(&mut install).with_context(|| format!("{package} {version} cannot be installed"))?;
    }
    Ok(program)
}

/// Installs a C++ compiler if it is missing. libFuzzer is built with it.
pub(crate) fn cxx() -> Result<()> {
    let own = std::env::var_os("CXX");
    let known = own.as_deref().into_iter().chain(["c++", "g++", "clang++"].map(AsRef::as_ref));
    if cfg!(windows) || known.into_iter().any(|compiler| succeeds(Command::new(compiler).arg("--version"))) {
        return Ok(());
    }
    debian("g++")
}

/// Installs strace if it is missing. It shows a program's system calls.
pub(crate) fn strace() -> Result<()> {
    if succeeds(Command::new("strace").arg("--version")) { Ok(()) } else { debian("strace") }
}

/// Installs faketime if it is missing. It starts a program on another date.
pub(crate) fn faketime() -> Result<()> {
    if succeeds(Command::new("faketime").arg("--version")) { Ok(()) } else { debian("faketime") }
}

/// Installs valgrind if it is missing. It counts instructions.
pub(crate) fn valgrind() -> Result<()> {
    if succeeds(Command::new("valgrind").arg("--version")) { Ok(()) } else { debian("valgrind") }
}

/// Installs slowhttptest and h2load if they are missing. They provide slow clients and load over
/// HTTP/2.
pub(crate) fn attack() -> Result<()> {
    // Its `-h` exits with an error.
    if Command::new("slowhttptest").arg("-h").output().is_err() {
        debian("slowhttptest")?;
    }
    if succeeds(Command::new("h2load").arg("--version")) { Ok(()) } else { debian("nghttp2-client") }
}

/// Installs Node and npm if they are missing.
pub(crate) fn node() -> Result<()> {
    let is_there = |name| succeeds(Command::new(name).arg("--version"));
    [("node", "nodejs"), ("npm", "npm")].into_iter().try_for_each(
        |(name, package)| {
            if is_there(name) { Ok(()) } else { debian(package) }
        },
    )
}

/// Installs Python with `venv` if it is missing.
pub(crate) fn python() -> Result<()> {
    if succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"])) {
        Ok(())
    } else {
        debian("python3-venv")
    }
}

/// Installs NATS and Redis if they are missing.
pub(crate) fn engines() -> Result<()> {
    // Debian installs programs in folders that are often not in a user's `PATH`.
    let folders = ["", "/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/"];
    let is_there = |name| folders.iter().any(|f| succeeds(Command::new(format!("{f}{name}")).arg("--version")));
    ["nats-server", "redis-server"].into_iter().try_for_each(|name| if is_there(name) { Ok(()) } else { debian(name) })
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
