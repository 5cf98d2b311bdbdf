//! Answers a challenge offline.

use anyhow::Result;
use birdhook::crc::{TokenPolicy, respond};

use crate::Verdict;
use crate::apps::SecretArgs;
use crate::output::{self, note};

/// Answer a challenge: print the JSON that a receiver must send for this crc_token.
///
/// A token that could be a delivery is refused with exit code 1, as every receiver should: whoever signs it signs forged
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
        match respond(&self.secret.read()?, &self.token, TokenPolicy::default()) {
            Ok(answer) => output::line(answer).map(|()| Verdict::Good),
            Err(refused) => {
                note(format!("refused: {refused}"));
                Ok(Verdict::Bad)
            }
        }
    }
}
