//! The proof that connects a redirect to its login.

use secrecy::SecretString;

/// The proof that a redirect answers this login, and that the same party began and finishes it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Proof {
    /// The URL to which X redirects the user.
    pub redirect_url: String,
    /// The value that the redirect repeats.
    pub state: SecretString,
    /// The PKCE verifier, whose SHA-256 X has received.
    pub verifier: SecretString,
}

impl Proof {
    /// Restores a proof from its stored parts.
    pub fn new(
        redirect_url: impl Into<String>,
        state: impl Into<SecretString>,
        verifier: impl Into<SecretString>,
    ) -> Self {
        Self { redirect_url: redirect_url.into(), state: state.into(), verifier: verifier.into() }
    }
}
