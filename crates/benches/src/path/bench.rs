//! The core's own bench.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

pub(super) struct Bench {
    executable: PathBuf,
}

impl Bench {
    pub(super) fn build() -> Self {
        eprintln!("the core's bench is built");
        let arguments = ["bench", "-p", "birdhook-core", "--bench", "core", "--no-run", "--message-format=json"];
        let output = cargo().args(arguments).stderr(Stdio::inherit()).output().expect("cargo runs");
        let messages = String::from_utf8(output.stdout).expect("cargo prints text");
        let mut built = messages.lines().filter_map(|line| {
            let message: Value = serde_json::from_str(line).ok()?;
            let is_bench = message.pointer("/target/kind/0").is_some_and(|kind| kind == "bench");
            message.get("executable").filter(|_| is_bench)?.as_str().map(PathBuf::from)
        });
        Self { executable: built.next_back().expect("the core's bench builds") }
    }

    /// Runs everything that matches, once and briefly. Returns the folder of its results.
    pub(super) fn run(&self, what: &str) -> PathBuf {
        // A separate folder: `cargo bench` keeps results to compare with in its own.
        let home = self.executable.with_file_name("birdhook-benches-core");
        let short = ["--warm-up-time", "0.03", "--measurement-time", "0.06", "--sample-size", "30"];
        let _ = fs::remove_dir_all(&home);
        let mut command = Command::new(&self.executable);
        command.args(["--bench", "--noplot", "--nresamples", "1000"]).args(short).arg(what);
        let output = command.env("CRITERION_HOME", &home).output().expect("the core's bench runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        home
    }
}

/// Returns a command for the cargo that runs this program, or for `cargo`.
pub(super) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
