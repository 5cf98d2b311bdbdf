//! `birdhook crc`: answers a challenge offline.

use anyhow::Result;
use birdhook::crc::{TokenPolicy, respond};

use crate::apps::SecretArgs;
use crate::exit_status::ExitStatus;
use crate::output::{self, note};

/// Answer a challenge: print the JSON that a receiver must send for this crc_token.
///
/// With both secrets, the client secret answers. A token that could be the body of a delivery is
/// refused with exit code 1: its answer would be a valid signature for a forged delivery. Every
/// receiver should refuse such tokens.
#[derive(Debug, clap::Args)]
pub(crate) struct Crc {
    /// The token, after URL decoding.
    token: String,
    #[command(flatten)]
    secret: SecretArgs,
}

impl Crc {
    pub(crate) fn run(self, _json: bool) -> Result<ExitStatus> {
        let secrets = self.secret.read()?;
        let [(kind, secret), others @ ..] = secrets.as_slice() else { return Ok(ExitStatus::Problem) };
        match respond(secret, &self.token, TokenPolicy::default()) {
            Ok(response) => {
                if !others.is_empty() {
                    note(format!("signed with the {kind}, which X's newest pages require of an app that has both"));
                }
                output::line(response).map(|()| ExitStatus::Success)
            }
            Err(refused) => {
                note(format!("refused: {refused}"));
                Ok(ExitStatus::Problem)
            }
        }
    }
}
