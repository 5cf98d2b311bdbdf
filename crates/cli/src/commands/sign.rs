//! `birdhook sign`: signs a body offline.

use std::path::PathBuf;

use anyhow::Result;
use birdhook_testkit::sign;
use serde::Serialize;

use crate::Verdict;
use crate::apps::SecretArgs;
use crate::{input, output};

/// Sign a body: print the value of its signature header.
///
/// The header is x-twitter-webhooks-signature-oauth2 for the client secret and x-twitter-webhooks-signature for the consumer
/// secret; with both secrets, both headers are printed with their names.
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
        let (secrets, body) = (self.secret.read()?, input::bytes(&self.file)?);
        for (kind, secret) in &secrets {
            let (header, signature) = (kind.header(), sign(secret, &body));
            match (json, secrets.len()) {
                (true, _) => output::json(&Signed { header, signature })?,
                (false, 1) => output::line(signature)?,
                (false, _) => output::line(format!("{header}: {signature}"))?,
            }
        }
        Ok(Verdict::Good)
    }
}
