//! The redirect or PIN that ends a login, and the proof that connects it to its login.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use super::error::LoginError;
use crate::AccessToken;

/// The redirect that ends a login: its URL, its query, or the bare code, verifier or PIN.
///
/// A URL or a query is checked against the login. A bare code is accepted as it is, so check the
/// state yourself before you pass one.
///
/// ```
/// # mod birdhook { pub mod client { pub use birdhook_client::login; } }
/// use birdhook::client::login::Redirect;
///
/// let redirect = Redirect::from("https://app.example/callback?code=abc&state=xyz");
/// assert_eq!(format!("{redirect:?}"), "Redirect(..)");
/// ```
#[derive(Clone)]
pub struct Redirect(Content);

#[derive(Clone)]
enum Content {
    Bare(String),
    Parameters(Vec<(String, String)>),
}

/// The parameter names that X's OAuth 1.0a and 2.0 redirects begin with.
const NAMES: [&str; 6] = ["code=", "error=", "state=", "oauth_token=", "oauth_verifier=", "denied="];

impl From<&str> for Redirect {
    fn from(text: &str) -> Self {
        let text = text.trim();
        let query = text.split_once('?').map(|(_, query)| query.split('#').next().unwrap_or_default());
        let is_query = text.contains('&') || NAMES.iter().any(|name| text.starts_with(name));
        Self(match query.or(is_query.then_some(text)) {
            Some(query) => Content::Parameters(form_urlencoded::parse(query.as_bytes()).into_owned().collect()),
            None => Content::Bare(text.to_owned()),
        })
    }
}

impl From<String> for Redirect {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl Redirect {
    pub(super) fn verifier(&self, request_token: &AccessToken) -> Result<&str, LoginError> {
        let parameters = match &self.0 {
            Content::Bare(verifier) => return not_empty(Some(verifier)),
            Content::Parameters(parameters) => parameters,
        };
        let is_expected = |token: &str| token == request_token.token();
        if get(parameters, "denied").is_some_and(is_expected) {
            return Err(LoginError::Denied);
        }
        if !get(parameters, "oauth_token").is_some_and(is_expected) {
            return Err(LoginError::AnotherLogin);
        }
        not_empty(get(parameters, "oauth_verifier"))
    }

    pub(super) fn code(&self, proof: &Proof) -> Result<&str, LoginError> {
        let parameters = match &self.0 {
            Content::Bare(code) => return not_empty(Some(code)),
            Content::Parameters(parameters) => parameters,
        };
        if get(parameters, "state") != Some(proof.state.expose_secret()) {
            return Err(LoginError::AnotherLogin);
        }
        if let Some(error) = get(parameters, "error") {
            return Err(LoginError::of_redirect(error, get(parameters, "error_description")));
        }
        not_empty(get(parameters, "code"))
    }
}

fn not_empty(code: Option<&str>) -> Result<&str, LoginError> {
    code.filter(|code| !code.is_empty()).ok_or(LoginError::NoCode)
}

/// Returns a parameter that occurs exactly once. RFC 6749 forbids repetition.
fn get<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut values = parameters.iter().filter(|(known, _)| known == name);
    let (_, value) = values.next()?;
    values.next().is_none().then_some(value.as_str())
}

impl fmt::Debug for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redirect(..)")
    }
}

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
