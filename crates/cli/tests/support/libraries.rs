//! The standard-webhooks libraries of other languages, installed into the target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Ended, run_command_with_input};

/// Both programs read the headers and the body, verify them, and print the kind of the event. They
/// exit with 3 if the signature is wrong.
const NODE: &str = r#"
const { Webhook, WebhookVerificationError } = require("standardwebhooks");
const { headers, body } = JSON.parse(require("fs").readFileSync(0, "utf8"));
try {
  console.log(new Webhook(process.argv[2]).verify(body, headers).kind);
} catch (error) {
  process.exit(error instanceof WebhookVerificationError ? 3 : 4);
}
"#;

const PYTHON: &str = r#"
import json, sys
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
request = json.load(sys.stdin)
try:
    print(Webhook(sys.argv[1]).verify(request["body"], request["headers"])["kind"])
except WebhookVerificationError:
    sys.exit(3)
"#;

pub(crate) struct Library {
    program: PathBuf,
    script: PathBuf,
}

impl Library {
    pub(crate) fn run(&self, secret: &str, input: &Value) -> Ended {
        run_command_with_input(Command::new(&self.program).arg(&self.script).arg(secret), &input.to_string())
    }
}

/// Installs the libraries, unless they are present.
pub(crate) fn install() -> [Library; 2] {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("standard-webhooks");
    fs::create_dir_all(&folder).unwrap();
    let node = folder.join("verify.cjs");
    fs::write(&node, NODE).unwrap();
    if !folder.join("node_modules/standardwebhooks").exists() {
        command(&folder, "npm", &["install", "--no-audit", "--no-fund", "--prefix", ".", "standardwebhooks@1.1.1"]);
    }
    let python = folder.join("verify.py");
    fs::write(&python, PYTHON).unwrap();
    if !folder.join("installed").exists() {
        command(&folder, "python3", &["-m", "venv", "--clear", "venv"]);
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "standardwebhooks==1.1.0"];
        command(&folder, "venv/bin/python", &pip);
        fs::write(folder.join("installed"), "").unwrap();
    }
    let library = |program: PathBuf, script| Library { program, script };
    [library("node".into(), node), library(folder.join("venv/bin/python"), python)]
}

fn command(folder: &Path, program: &str, arguments: &[&str]) {
    let program = if program.contains('/') { folder.join(program) } else { program.into() };
    let status = Command::new(program).args(arguments).current_dir(folder).stdin(Stdio::null()).status().unwrap();
    assert!(status.success(), "{arguments:?}: {status}");
}
