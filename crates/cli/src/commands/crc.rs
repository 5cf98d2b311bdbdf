//! `birdhook crc`: answers a challenge offline.

use anyhow::Result;
use birdhook::crc::{TokenPolicy, respond};

use crate::Verdict;
use crate::apps::SecretArgs;
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
    pub(crate) fn run(self, _json: bool) -> Result<Verdict> {
        let secrets = self.secret.read()?;
        let [(kind, secret), others @ ..] = secrets.as_slice() else { return Ok(Verdict::Bad) };
        match respond(secret, &self.token, TokenPolicy::default()) {
            Ok(answer) => {
                if !others.is_empty() {
                    note(format!("made with the {kind}, as X's newest pages say of an app that has both"));
                }
                output::line(answer).map(|()| Verdict::Good)
            }
            Err(refused) => {
                note(format!("refused: {refused}"));
                Ok(Verdict::Bad)
            }
        }
    }
}
