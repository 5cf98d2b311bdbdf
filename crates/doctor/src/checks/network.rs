//! Checks of the network path to the target: name, address, connection, certificate.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::connection::Connector;
use crate::exchange::NoResponse;
use crate::results::RunResult;
use crate::target::Target;
use crate::tls::Tls;

pub(super) async fn resolves(target: &mut Target) -> RunResult {
    let Some(url) = target.parsed_url.clone() else { return RunResult::skipped("the URL is not valid") };
    let found = timeout(target.timeout, lookup_host((url.host().to_owned(), url.port()))).await;
    let addresses: Vec<_> = match found {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(_)) => Vec::new(),
        Err(_) => return RunResult::failed("the name servers did not respond in time", "X cannot find the host"),
    };
    if addresses.is_empty() {
        return RunResult::failed("the host has no address", "X cannot find the host");
    }
    let tls = match url.is_https().then(|| Tls::new(&target.roots)).transpose() {
        Ok(tls) => tls,
        Err(fault) => return RunResult::failed(fault.to_string(), "an additional root certificate is not valid"),
    };
    let observed = list(addresses.iter().map(SocketAddr::ip));
    target.connector = Some(Connector { url, addresses, tls, timeout: target.timeout });
    RunResult::passed(observed)
}

pub(super) async fn public(target: &mut Target) -> RunResult {
    let addresses = target.connector.iter().flat_map(|connector| &connector.addresses).map(SocketAddr::ip);
    let inner: Vec<_> = addresses.filter(|address| !is_public(*address)).collect();
    match inner.is_empty() {
        true => RunResult::passed("public"),
        false if target.local => RunResult::skipped(format!("{} is accepted for a local receiver", list(inner))),
        false => RunResult::failed(list(inner), "X cannot reach a private address"),
    }
}

pub(super) async fn connection(target: &mut Target) -> RunResult {
    let Some(connector) = &target.connector else { return RunResult::skipped("the host has no address") };
    match connector.probe().await {
        Ok(()) => RunResult::passed("connected"),
        Err(NoResponse::Refused) => RunResult::failed("the connection was refused", "nothing listens at this port"),
        Err(NoResponse::TimedOut(timeout)) => RunResult::failed(
            format!("no connection within {timeout:?}"),
            "a firewall drops the packets, or the machine is down",
        ),
        Err(error) => RunResult::failed(error.to_string(), "the machine cannot be reached"),
    }
}

pub(super) async fn certificate(target: &mut Target) -> RunResult {
    let Some(connector) = &target.connector else { return RunResult::skipped("the host has no address") };
    if connector.tls.is_none() {
        return RunResult::skipped("http has no certificate");
    }
    match connector.handshake().await {
        Ok(()) => RunResult::passed("valid"),
        Err(NoResponse::Tls(fault)) => {
            RunResult::failed(fault.to_string(), "X invalidates a webhook at once after a TLS error").fix(fault.fix())
        }
        Err(error) => RunResult::failed(error.to_string(), "the TLS handshake failed"),
    }
}

fn list(addresses: impl IntoIterator<Item = IpAddr>) -> String {
    let texts: Vec<_> = addresses.into_iter().map(|address| address.to_string()).collect();
    texts.join(", ")
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or_else(|| is_public_v6(address), is_public_v4),
    }
}

/// Follows IANA's registry of special-purpose addresses.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmarks = a == 198 && (18..20).contains(&b);
    let protocols = (a, b, c) == (192, 0, 0);
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 224
        || shared
        || benchmarks
        || protocols)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let documentation = a == 0x2001 && b == 0xdb8;
    !(address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || documentation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinguishes_public_addresses_from_others() {
        let inner = "127.0.0.1 10.1.2.3 172.16.0.1 172.31.255.255 192.168.0.1 169.254.169.254 100.64.0.1 0.0.0.0 \
            198.18.0.1 192.0.2.1 224.0.0.1 255.255.255.255 ::1 :: fe80::1 fd00::1 ff02::1 2001:db8::1 ::ffff:10.0.0.1";
        for inner in inner.split(' ') {
            assert!(!is_public(inner.parse().unwrap()), "{inner}");
        }
        for public in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "199.16.157.173", "2606:4700::1", "::ffff:8.8.8.8"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
