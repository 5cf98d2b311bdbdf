//! The use of a receiver's secrets, as the admin server reports it and `birdhook rotate` reads it.

use birdhook::app::SecretKind;
use birdhook::event::Timestamp;
use serde::{Deserialize, Serialize};

/// The path of the report on the admin server.
pub(crate) const PATH: &str = "/secrets";

/// The version of the report.
pub(crate) const VERSION: u32 = 1;

/// The secrets of a receiver. It contains names of secrets, and never their values.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct SecretReport {
    pub(crate) version: u32,
    /// The time of the receiver's clock.
    pub(crate) now: Timestamp,
    /// In the order of the apps. Those of one app and kind are in their order.
    pub(crate) secrets: Vec<SecretUse>,
    /// Whether changed files cannot be used, so that the secrets are older ones.
    pub(crate) refused: bool,
    /// Deliveries whose signature no secret has made.
    pub(crate) wrong_signatures: u64,
    pub(crate) last_wrong_signature: Option<Timestamp>,
}

/// One secret and its use.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct SecretUse {
    pub(crate) app: String,
    /// `consumer` or `client`.
    pub(crate) kind: String,
    /// The position among the secrets of the app and kind, from 1.
    pub(crate) position: usize,
    /// Whether it answers challenges that X has not signed.
    pub(crate) answers: bool,
    /// The time since when the receiver has the secret.
    pub(crate) since: Timestamp,
    /// Deliveries with a signature made with it.
    pub(crate) deliveries: u64,
    pub(crate) last_delivery: Option<Timestamp>,
    /// The last challenge that X has signed with it.
    pub(crate) last_signed_challenge: Option<Timestamp>,
}

impl SecretUse {
    /// Returns the time of the last request that X has signed with it.
    pub(crate) fn last_use(&self) -> Option<Timestamp> {
        let millis = [self.last_delivery, self.last_signed_challenge].into_iter().flatten().map(Timestamp::as_millis);
        millis.max().map(Timestamp::from_millis)
    }

    /// Returns the name: the kind and the position.
    pub(crate) fn name(&self) -> String {
        format!("{} secret {}", self.kind, self.position)
    }

    pub(crate) fn is_of(&self, app: &str, kind: SecretKind) -> bool {
        self.app == app && self.kind == kind.as_str()
    }
}
