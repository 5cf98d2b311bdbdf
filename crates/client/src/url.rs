//! Redaction of URLs, and recognition of this machine's host names.

use std::net::IpAddr;

use http::Uri;

/// Returns a URL without its secret parts: user name, password and query.
///
/// ```
/// # mod birdhook { pub mod client { pub use birdhook_client::redact_url; } }
/// use birdhook::client::redact_url;
///
/// assert_eq!(redact_url("https://me:secret@app.example:8443/hooks?key=secret"), "https://***@app.example:8443/hooks?***");
/// assert_eq!(redact_url("http://127.0.0.1:8080/"), "http://127.0.0.1:8080/");
/// assert_eq!(redact_url("https://me:sec/ret@app.example"), "***");
/// ```
pub fn redact_url(url: &str) -> String {
    let parsed = url.parse::<Uri>().ok();
    let parts = parsed.as_ref().and_then(|uri| Some((uri, uri.scheme_str()?, uri.authority()?)));
    // An invalid URL may contain a password anywhere. So may a path with an `@`, which usually ends
    // a password.
    let Some((uri, scheme, authority)) = parts.filter(|(uri, ..)| !uri.path().contains('@')) else {
        return if url.contains(['@', '?']) { "***".to_owned() } else { url.to_owned() };
    };
    let place = authority.as_str();
    let (user, place) = place.rsplit_once('@').map_or(("", place), |(_, place)| ("***@", place));
    let query = if uri.query().is_some() { "?***" } else { "" };
    format!("{scheme}://{user}{place}{}{query}", uri.path())
}

pub(crate) fn is_loopback(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || literal.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
