//! The decision which requests may see the console.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::request::Parts;
use subtle::ConstantTimeEq;

type Hook = dyn Fn(&Parts) -> bool + Send + Sync;

/// The rule that decides which requests may see the console. There is no default.
#[derive(Clone)]
pub struct Access {
    hook: Arc<Hook>,
    asks_for_password: bool,
    /// Names the rule in logs.
    rule: &'static str,
}

impl Access {
    /// Allows the requests for which `hook` returns true.
    ///
    /// For an app with its own logins: a middleware in front of the console checks the session and
    /// adds an extension to the request, which the hook looks for.
    pub fn hook(hook: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        Self { hook: Arc::new(hook), asks_for_password: false, rule: "hook" }
    }

    /// Allows requests from the machine itself, for development.
    ///
    /// `peer` returns the address of the connection, which only the server knows. With axum, it is
    /// `ConnectInfo`. A request without a known address is refused, and so is one with a header of
    /// a proxy, because a proxy on this machine makes every request look local.
    pub fn loopback(peer: impl Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        let local = move |request: &Parts| {
            let is_forwarded = FORWARDING.iter().any(|name| request.headers.contains_key(*name));
            !is_forwarded && peer(request).is_some_and(|address| address.to_canonical().is_loopback())
        };
        Self { rule: "loopback", ..Self::hook(local) }
    }

    /// Allows requests with this token: as `Authorization: Bearer TOKEN`, or as the password of
    /// HTTP Basic, for which a browser asks. The user name is ignored.
    ///
    /// Use it over TLS only.
    ///
    /// # Errors
    /// Returns an error for a token that is too short to resist guessing, or that a header cannot
    /// hold.
    pub fn bearer(token: impl AsRef<str>) -> Result<Self, TokenError> {
        let token = token.as_ref();
        if token.len() < MIN_TOKEN {
            return Err(TokenError::TooShort);
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Character);
        }
        let token: Arc<[u8]> = token.as_bytes().into();
        let hook = move |request: &Parts| given_token(request).is_some_and(|given| bool::from(given.ct_eq(&token)));
        Ok(Self { hook: Arc::new(hook), asks_for_password: true, rule: "token" })
    }

    pub(crate) fn allows(&self, request: &Parts) -> bool {
        (self.hook)(request)
    }

    /// Returns the rule by which requests are allowed, for logs.
    pub(crate) fn rule(&self) -> &'static str {
        self.rule
    }

    /// Returns whether a refusal makes the browser ask for a password.
    pub(crate) fn asks_for_password(&self) -> bool {
        self.asks_for_password
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access(..)")
    }
}

/// Headers by which a proxy is recognised.
const FORWARDING: [&str; 4] = ["forwarded", "via", "x-forwarded-for", "x-real-ip"];

/// Minimum length of a token.
const MIN_TOKEN: usize = 16;

/// Returns the token of the only `Authorization` header.
fn given_token(request: &Parts) -> Option<Vec<u8>> {
    let mut values = request.headers.get_all(AUTHORIZATION).into_iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, rest) = value.to_str().ok()?.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.as_bytes().to_vec());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let login = STANDARD.decode(rest).ok()?;
    let colon = login.iter().position(|byte| *byte == b':')?;
    login.get(colon + 1..).map(<[u8]>::to_vec)
}

/// Error from [`Access::bearer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// The token has fewer than 16 characters.
    TooShort,
    /// The token has a character that is not printable ASCII, or a space.
    Character,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooShort => {
                "invalid console token: expected at least 16 characters, for example 32 random hex digits"
            }
            Self::Character => "invalid console token: expected printable ASCII without spaces",
        })
    }
}

impl std::error::Error for TokenError {}
