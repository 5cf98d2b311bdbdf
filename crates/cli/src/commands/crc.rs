//! `birdhook crc`: answers a challenge offline.

use anyhow::Result;
use birdhook::crc::{TokenPolicy, respond};

use crate::Verdict;
use crate::apps::SecretArgs;
use crate::output::{self, note};

/// Answer a challenge: print the JSON that a receiver must send for this crc_token.
///
/// With both secrets it is the client secret that answers. A token that could be a delivery is refused with exit code 1, as every receiver should: whoever signs it signs forged
/// events for strangers.
#[derive(Debug, clap::Args)]
pub(crate) struct Crc {
    /// The token as it is meant, not as a URL encodes it.
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
