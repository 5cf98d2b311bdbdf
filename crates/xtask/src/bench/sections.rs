//! What is measured, and by what.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process::cargo;
use crate::tools;

pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// What a program says whose section has no title.
    pub(super) title: &'static str,
    by: By,
    /// Of the system, without which a part cannot be measured.
    tools: &'static [Tool],
}

/// How it is called in a warning, and what makes sure of it.
type Tool = (&'static str, fn() -> Result<()>);

enum By {
    /// `birdhook-benches`, told this.
    Benches(&'static str),
    /// The inbox's own benchmark.
    Stores,
}

pub(crate) const ALL: &[Section] = &[
    Section {
        name: "core",
        about: "the core beside the HMAC and the JSON that nobody can do without",
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
        about: "how time and memory grow with what is sent and kept",
        title: "Growth",
        by: By::Benches("growth"),
        tools: &[],
    },
    Section {
        name: "peers",
        about: "birdhook beside receivers on Node and Python",
        title: "Peers",
        by: By::Benches("peers"),
        tools: &[("Node", tools::node), ("Python", tools::python)],
    },
    Section {
        name: "inbox",
        about: "the inbox and its stores beside a bare log",
        title: "The inbox beside a bare log",
        by: By::Stores,
        tools: &[],
    },
];

impl Section {
    pub(super) fn named(name: &str) -> Result<&'static Self> {
        match ALL.iter().find(|section| section.name == name) {
            Some(section) => Ok(section),
            None => bail!("there is no section {name}; `cargo xtask help` names them"),
        }
    }

    /// Installs what its parts need. What cannot be installed costs only its part, and is told loudly.
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
                // The usual run would take 6 minutes.
                let (seconds, rounds, keys) = if quick { ("0.06", "2", "100000") } else { ("0.3", "7", "10000000") };
                command.args(["--seconds", seconds, "--rounds", rounds, "--keys", keys]);
                command
            }
        }
    }
}
