//! The host names under which the console accepts requests.

use std::net::IpAddr;

use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;

/// The allowed values of the `Host` header, against DNS rebinding: another site's page can have its
/// name resolve to this machine, but the browser still sends that name as `Host`.
///
/// `localhost` and loopback addresses are always allowed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts(Vec<String>);

impl Hosts {
    pub(crate) fn add(&mut self, name: String) {
        self.0.push(name);
    }

    /// Returns whether the request has exactly one host, with an allowed name and any port.
    ///
    /// HTTP/2 sends it as the URI's authority, HTTP/1 as a header. If both exist, both must be
    /// allowed.
    pub(crate) fn allow(&self, request: &Parts) -> bool {
        let mut headers = request.headers.get_all(HOST).into_iter();
        let (header, more) = (headers.next(), headers.next());
        let header = header.map(|value| Authority::try_from(value.as_bytes()));
        let of_uri = request.uri.authority();
        match (header, of_uri) {
            _ if more.is_some() => false,
            (Some(Err(_)), _) | (None, None) => false,
            (Some(Ok(host)), None) => self.allows(host.host()),
            (None, Some(host)) => self.allows(host.host()),
            (Some(Ok(one)), Some(other)) => self.allows(one.host()) && self.allows(other.host()),
        }
    }

    fn allows(&self, name: &str) -> bool {
        let is_known = |known: &String| known.eq_ignore_ascii_case(name);
        let literal = name.trim_start_matches('[').trim_end_matches(']');
        match literal.parse::<IpAddr>() {
            Ok(address) if address.is_loopback() => true,
            _ => name.eq_ignore_ascii_case("localhost") || self.0.iter().any(is_known),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(uri: &str, values: &[&str]) -> bool {
        let mut hosts = Hosts::default();
        hosts.add("console.internal".to_owned());
        let request = values.iter().fold(http::Request::get(uri), |request, value| request.header(HOST, *value));
        hosts.allow(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn loopback_and_named_hosts_are_allowed_and_no_others() {
        for host in ["127.0.0.1", "127.9.9.9:80", "localhost:8081", "LOCALHOST", "[::1]:8081", "Console.internal:1"] {
            assert!(allows("/", &[host]), "{host}");
        }
        for host in
            ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.8", "[::2]", "0.0.0.0"]
        {
            assert!(!allows("/", &[host]), "{host}");
        }
    }

    #[test]
    fn a_request_has_one_host_in_the_header_or_the_uri() {
        assert!(!allows("/", &[]) && !allows("/", &["localhost", "evil.example"]));
        assert!(allows("http://localhost/", &[]) && allows("http://localhost/", &["localhost"]));
        assert!(!allows("http://evil.example/", &["localhost"]) && !allows("http://localhost/", &["evil.example"]));
    }
}
