//! The receivers to compare with.

use std::fmt;
use std::path::Path;
use std::process::Command;

use super::install::Installed;
use crate::machine;

/// An alternative to birdhook. Each is a folder of `crates/benches/peers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    NodeHttp,
    Express,
    FastApi,
    Flask,
}

impl Peer {
    pub(crate) const ALL: [Self; 4] = [Self::NodeHttp, Self::Express, Self::FastApi, Self::Flask];

    pub(super) fn folder(self) -> &'static str {
        match self {
            Self::NodeHttp => "node-http",
            Self::Express => "node-express",
            Self::FastApi => "fastapi",
            Self::Flask => "flask",
        }
    }

    pub(super) fn is_python(self) -> bool {
        matches!(self, Self::FastApi | Self::Flask)
    }

    /// Returns the goal: the requests that birdhook should handle in the time of one of the peer's.
    pub(crate) fn wanted(self) -> f64 {
        match self {
            Self::NodeHttp => 4.0,
            Self::Express => 9.0,
            Self::FastApi => 11.0,
            Self::Flask => 19.0,
        }
    }

    /// Returns the command that starts it. `installed` is its installation.
    pub(crate) fn command(self, installed: &Installed) -> Command {
        let arguments: &[&str] = match self {
            Self::NodeHttp | Self::Express => &["server.mjs"],
            Self::FastApi => &["server.py"],
            Self::Flask => &["-m", "gunicorn", "server:app"],
        };
        let python = Path::new("venv/bin/python");
        let program = if self.is_python() { python } else { Path::new("node") };
        // `setpriv` and `taskset` both replace themselves with the program they start, so the
        // child's process id is the server's. The server ends with this program, even if this
        // program is killed.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "taskset", "-c", "0"]).arg(program).args(arguments);
        command.current_dir(&installed.folder).env("NODE_ENV", "production");
        command
    }

    /// Returns its name with the versions of its parts.
    pub(crate) fn versions(self, installed: &Installed) -> String {
        let of = |name: &str| installed.version(name).unwrap_or_default();
        match self {
            Self::NodeHttp => format!("Node {}", machine::version("node")),
            Self::Express => format!("express {}", of("express")),
            Self::FastApi => format!("FastAPI {} under uvicorn {}", of("fastapi"), of("uvicorn")),
            Self::Flask => format!("Flask {} under gunicorn {}", of("flask"), of("gunicorn")),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NodeHttp => "Node, http",
            Self::Express => "Node, express",
            Self::FastApi => "Python, FastAPI",
            Self::Flask => "Python, Flask",
        })
    }
}
