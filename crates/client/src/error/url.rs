//! Detects why X refuses a URL, which 1.1 does not report.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;

use super::cause::UrlFault;

const MAX_LENGTH: usize = 200;

/// Returns the first of X's requirements that a URL violates.
pub(crate) fn fault(url: &str) -> UrlFault {
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
    match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => is_public4(ip),
        Ok(IpAddr::V6(ip)) => is_public6(ip),
        Err(_) => host.contains('.') && !host.ends_with(".local") && !host.ends_with(".localhost"),
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
            assert_eq!(fault(url), expected, "{url}");
        }
    }
}
