//! `birdhook sign`: signs a body offline.

use std::path::PathBuf;

use anyhow::Result;
use birdhook_testkit::sign;
use serde::Serialize;

use crate::apps::SecretArgs;
use crate::exit_status::ExitStatus;
use crate::{input, output};

/// Sign a body, and print the value of its signature header.
///
/// The header is x-twitter-webhooks-signature-oauth2 for the client secret, and
/// x-twitter-webhooks-signature for the consumer secret. With both secrets, both headers are
/// printed with their names.
#[derive(Debug, clap::Args)]
pub(crate) struct Sign {
    /// The file that holds the exact bytes of the body, or - for standard input. A line break at
    /// its end is signed too.
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
    pub(crate) fn run(self, json: bool) -> Result<ExitStatus> {
        let (secrets, body) = (self.secret.read()?, input::bytes(&self.file)?);
        for (kind, secret) in &secrets {
            let (header, signature) = (kind.header(), sign(secret, &body));
            match (json, secrets.len()) {
                (true, _) => output::json(&Signed { header, signature })?,
                (false, 1) => output::line(signature)?,
                (false, _) => output::line(format!("{header}: {signature}"))?,
            }
        }
        Ok(ExitStatus::Success)
    }
}
