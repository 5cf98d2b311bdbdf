//! The sections and the programs that measure them.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process::cargo;
use crate::tools;

pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// The heading for programs that print none.
    pub(super) title: &'static str,
    by: By,
    /// System tools that a part of the section needs.
    tools: &'static [Tool],
}

/// The name shown in a warning, and the function that installs the tool.
type Tool = (&'static str, fn() -> Result<()>);

enum By {
    /// `birdhook-benches` with this argument.
    Benches(&'static str),
    /// The inbox's own benchmark.
    Stores,
}

pub(crate) const ALL: &[Section] = &[
    Section {
        name: "core",
        about: "the core compared with HMAC and JSON alone",
        title: "The core",
        by: By::Benches("core"),
        tools: &[],
    },
    Section {
        name: "server",
        about: "axum, hyper and actix-web, with birdhook and with an empty handler",
        title: "Servers",
        by: By::Benches("servers"),
        tools: &[],
    },
    Section {
        name: "growth",
        about: "how time and memory grow with load",
        title: "Growth",
        by: By::Benches("growth"),
        tools: &[],
    },
    Section {
        name: "peers",
        about: "birdhook compared with receivers on Node and Python",
        title: "Peers",
        by: By::Benches("peers"),
        tools: &[("Node", tools::node), ("Python", tools::python)],
    },
    Section {
        name: "inbox",
        about: "the inbox and its stores compared with a bare log",
        title: "The inbox compared with a bare log",
        by: By::Stores,
        tools: &[],
    },
];

impl Section {
    pub(super) fn named(name: &str) -> Result<&'static Self> {
        match ALL.iter().find(|section| section.name == name) {
            Some(section) => Ok(section),
            None => bail!("unknown section {name}; `cargo xtask help` lists them"),
        }
    }

    /// Installs the tools of this section. If a tool is missing, only its part is skipped, with a
    /// warning.
    pub(super) fn prepare(&self) {
        for (name, make_sure) in self.tools {
            if let Err(error) = make_sure() {
                eprintln!("\n!!! {error:#}\n!!! {name} IS MISSING: a part of the section {} is skipped\n", self.name);
            }
        }
    }

    pub(super) fn build(&self) -> Command {
        match self.by {
            By::Benches(_) => cargo(["build", "--release", "-p", "birdhook-benches"]),
            By::Stores => cargo(["bench", "-p", "birdhook-inbox", "--bench", "stores", "--no-run"]),
        }
    }

    pub(super) fn measure(&self, quick: bool) -> Command {
        match self.by {
            By::Benches(name) => {
                let mut command = cargo(["run", "--release", "--quiet", "-p", "birdhook-benches", "--", name]);
                command.args(quick.then_some("--quick"));
                command
            }
            By::Stores => {
                let mut command = cargo(["bench", "--quiet", "-p", "birdhook-inbox", "--bench", "stores", "--"]);
                // The default settings take 6 minutes.
                let (seconds, rounds, keys) = if quick { ("0.06", "2", "100000") } else { ("0.3", "7", "10000000") };
                command.args(["--seconds", seconds, "--rounds", rounds, "--keys", keys]);
                command
            }
        }
    }
}
