//! Signs a body offline.

use std::path::PathBuf;

use anyhow::Result;
use birdhook_testkit::sign;
use serde::Serialize;

use crate::Verdict;
use crate::apps::SecretArgs;
use crate::{input, output};

/// Sign a body: print the value of the header x-twitter-webhooks-signature.
#[derive(Debug, clap::Args)]
pub(crate) struct Sign {
    /// The file that holds the body, byte for byte, or - for standard input. A line's end at the end of the file is signed too.
    file: PathBuf,
    #[command(flatten)]
    secret: SecretArgs,
}

#[derive(Serialize)]
struct Signed {
    header: &'static str,
    signature: String,
}

impl Sign {
    pub(crate) fn run(self, json: bool) -> Result<Verdict> {
        let signature = sign(&self.secret.read()?, &input::bytes(&self.file)?);
        if json {
            output::json(&Signed { header: birdhook::signature::HEADER, signature })?;
        } else {
            output::line(signature)?;
        }
        Ok(Verdict::Good)
    }
}
