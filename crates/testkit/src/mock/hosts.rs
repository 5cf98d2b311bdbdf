//! The host names under which the server accepts requests.

use std::net::IpAddr;

use http::Request;
use http::header::HOST;
use http::uri::Authority;

/// The allowed values of the `Host` header, against DNS rebinding: another site's page can have its
/// name resolve to this machine, but the browser still sends that name as `Host`.
pub(crate) struct Hosts {
    names: Vec<String>,
    addresses: Vec<IpAddr>,
}

impl Hosts {
    /// Allows these names and addresses, `localhost`, and loopback addresses.
    pub(crate) fn new(names: &[String], addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self { names: names.to_vec(), addresses: addresses.into_iter().collect() }
    }

    /// Returns whether the request has exactly one `Host` header, with an allowed name and any
    /// port.
    pub(crate) fn allow<B>(&self, request: &Request<B>) -> bool {
        let mut hosts = request.headers().get_all(HOST).into_iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
        let Ok(host) = Authority::try_from(host.as_bytes()) else { return false };
        let name = host.host();
        let literal = name.trim_start_matches('[').trim_end_matches(']');
        match literal.parse::<IpAddr>() {
            Ok(address) => address.is_loopback() || self.addresses.contains(&address),
            Err(_) => {
                let is_it = |known: &str| known.eq_ignore_ascii_case(name);
                is_it("localhost") || self.names.iter().any(|known| is_it(known))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_the_listen_address_and_named_hosts_are_allowed() {
        let hosts = Hosts::new(&["x.internal".to_owned()], ["10.0.0.7".parse().unwrap()]);
        let allows = |values: &[&str]| {
            let request = values.iter().fold(Request::get("/"), |request, value| request.header(HOST, *value));
            hosts.allow(&request.body(()).unwrap())
        };
        for host in
            ["127.0.0.1", "127.9.9.9:80", "localhost:8081", "LOCALHOST", "[::1]:8081", "10.0.0.7:1", "X.internal"]
        {
            assert!(allows(&[host]), "{host}");
        }
        for host in
            ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.8", "[::2]", "0.0.0.0"]
        {
            assert!(!allows(&[host]), "{host}");
        }
        assert!(!allows(&[]) && !allows(&["localhost", "evil.example"]));
    }
}
