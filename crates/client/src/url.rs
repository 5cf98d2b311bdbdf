//! Redaction, comparison and faults of URLs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
    host.eq_ignore_ascii_case("localhost") || address(host).is_some_and(|address| address.is_loopback())
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Returns whether two URLs are equal. Ignores the case of the scheme and the host.
pub fn same_url(one: &str, other: &str) -> bool {
    let parts = |url: &str| {
        let url: Uri = url.parse().ok()?;
        let authority = url.authority()?.as_str().to_ascii_lowercase();
        Some((url.scheme_str()?.to_ascii_lowercase(), authority, url.path_and_query()?.as_str().to_owned()))
    };
    match (parts(one), parts(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

/// The fault in a URL, as far as it is apparent. X's message is in
/// [`Error::message`](crate::Error::message).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlFault {
    /// The URL is invalid, or has more than a host, a path and a query.
    Malformed,
    /// The URL is longer than 200 characters.
    TooLong,
    /// The scheme is not `https`.
    NotHttps,
    /// The URL has a port.
    Port,
    /// The host is not public.
    NotPublic,
    /// No fault is apparent; the certificate is a possible reason.
    Unknown,
}

impl UrlFault {
    /// Returns the detail to append to a message, or nothing if no fault is apparent.
    pub(crate) fn detail(self) -> &'static str {
        match self {
            Self::Malformed => ": it is malformed, or has more than a host, a path and a query",
            Self::TooLong => ": it is longer than 200 characters",
            Self::NotHttps => ": it is not https",
            Self::Port => ": it has a port",
            Self::NotPublic => ": its host is not public",
            Self::Unknown => "",
        }
    }
}

const MAX_LENGTH: usize = 200;

/// Returns the first of X's requirements that a URL violates.
pub(crate) fn url_fault(url: &str) -> UrlFault {
    let parsed = url.parse::<Uri>().ok();
    let parts = parsed.as_ref().and_then(|parsed| Some((parsed.scheme_str()?, parsed.authority()?)));
    let Some((scheme, authority)) = parts else { return UrlFault::Malformed };
    if authority.as_str().contains('@') || url.contains('#') {
        UrlFault::Malformed
    } else if url.chars().count() > MAX_LENGTH {
        UrlFault::TooLong
    } else if scheme != "https" {
        UrlFault::NotHttps
    } else if authority.port().is_some() || authority.as_str().ends_with(':') {
        UrlFault::Port
    } else if !is_public(authority.host()) {
        UrlFault::NotPublic
    } else {
        UrlFault::Unknown
    }
}

pub(crate) fn is_public_url(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|url| url.host().is_some_and(is_public))
}

fn is_public(host: &str) -> bool {
    match address(host) {
        Some(IpAddr::V4(ip)) => is_public4(ip),
        Some(IpAddr::V6(ip)) => is_public6(ip),
        None => host.contains('.') && !host.ends_with(".local") && !host.ends_with(".localhost"),
    }
}

fn is_public4(ip: Ipv4Addr) -> bool {
    !(ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified() || ip.is_broadcast())
}

fn is_public6(ip: Ipv6Addr) -> bool {
    let is_local = ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local();
    !is_local && ip.to_ipv4_mapped().is_none_or(is_public4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_case_of_the_host_does_not_count() {
        for (one, other, is_same) in [
            ("https://app.example/Hook?a=B", "HTTPS://App.Example/Hook?a=B", true),
            ("https://app.example", "https://app.example/", true),
            ("https://app.example/hook", "https://app.example/Hook", false),
            ("https://app.example/hook", "https://app.example/hook/", false),
            ("https://app.example/?a=b", "https://app.example/?a=B", false),
            ("https://app.example/", "https://api.example/", false),
            ("nonsense ", "nonsense ", true),
            ("nonsense ", "https://app.example/", false),
        ] {
            assert_eq!(same_url(one, other), is_same, "{one} {other}");
            assert_eq!(same_url(other, one), is_same, "{other} {one}");
        }
    }

    #[test]
    fn the_first_violated_requirement_of_a_url_is_returned() {
        let long = format!("https://app.example/{}", "x".repeat(181));
        for (url, expected) in [
            ("https://app.example/hooks?a=b", UrlFault::Unknown),
            (&long[..200], UrlFault::Unknown),
            (&long, UrlFault::TooLong),
            ("", UrlFault::Malformed),
            ("app.example", UrlFault::Malformed),
            ("/hooks", UrlFault::Malformed),
            ("https://me@app.example/", UrlFault::Malformed),
            ("https://app.example/#top", UrlFault::Malformed),
            ("http://app.example/", UrlFault::NotHttps),
            ("https://app.example:443/", UrlFault::Port),
            ("https://app.example:/", UrlFault::Port),
            ("https://localhost/", UrlFault::NotPublic),
            ("https://printer.local/", UrlFault::NotPublic),
            ("https://192.168.1.7/", UrlFault::NotPublic),
            ("https://[::1]/", UrlFault::NotPublic),
            ("https://[::ffff:10.0.0.1]/", UrlFault::NotPublic),
            ("https://93.184.216.34/", UrlFault::Unknown),
            ("https://[2606:2800:220:1::1]/", UrlFault::Unknown),
        ] {
            assert_eq!(url_fault(url), expected, "{url}");
        }
    }
}
