//! The secrets that follow each other.

use birdhook_pipeline::Secret;

/// The one with this number.
pub(crate) fn secret(number: u64) -> Secret {
    Secret::new(format!("consumer-secret-number-{number}")).unwrap()
}

/// What requests are signed with for now. As long as one that it has signed is under way, it is held.
pub(crate) struct Signing {
    pub(crate) number: u64,
    pub(crate) secret: Secret,
}

impl Signing {
    pub(crate) fn new(number: u64) -> Self {
        Self { number, secret: secret(number) }
    }
}
