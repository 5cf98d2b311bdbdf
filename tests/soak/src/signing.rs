//! The sequence of secrets.

use birdhook_pipeline::Secret;

/// Returns the secret with this number.
pub(crate) fn secret(number: u64) -> Secret {
    Secret::new(format!("consumer secret number {number}")).unwrap()
}

/// The current secret. A request holds it while it is in flight.
pub(crate) struct Signing {
    pub(crate) number: u64,
    pub(crate) secret: Secret,
}

impl Signing {
    pub(crate) fn new(number: u64) -> Self {
        Self { number, secret: secret(number) }
    }
}
