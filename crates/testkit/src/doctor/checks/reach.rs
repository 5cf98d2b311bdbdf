//! Checks of the network path to the target: name, address, connection, certificate.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::doctor::exchange::NoAnswer;
use crate::doctor::judgement::Judgement;
use crate::doctor::line::Line;
use crate::doctor::patient::Patient;
use crate::doctor::tls::Tls;

pub(super) async fn resolves(patient: &mut Patient) -> Judgement {
    let Some(target) = patient.target.clone() else { return Judgement::skipped("there is no URL") };
    let found = timeout(patient.patience, lookup_host((target.host().to_owned(), target.port()))).await;
    let addresses: Vec<_> = match found {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(_)) => Vec::new(),
        Err(_) => return Judgement::failed("the name servers did not answer in time", "X cannot find the host"),
    };
    if addresses.is_empty() {
        return Judgement::failed("the host has no address", "X cannot find the host");
    }
    let tls = match target.is_https().then(|| Tls::new(&patient.roots)).transpose() {
        Ok(tls) => tls,
        Err(fault) => return Judgement::failed(fault.to_string(), "a root to trust is no certificate"),
    };
    let observed = list(addresses.iter().map(SocketAddr::ip));
    patient.line = Some(Line { target, addresses, tls, patience: patient.patience });
    Judgement::passed(observed)
}

pub(super) async fn public(patient: &mut Patient) -> Judgement {
    let addresses = patient.line.iter().flat_map(|line| &line.addresses).map(SocketAddr::ip);
    let inner: Vec<_> = addresses.filter(|address| !is_public(*address)).collect();
    match inner.is_empty() {
        true => Judgement::passed("public"),
        false if patient.local => Judgement::skipped(format!("{} will do for a local receiver", list(inner))),
        false => Judgement::failed(list(inner), "this address means another machine to X than to you"),
    }
}

pub(super) async fn connection(patient: &mut Patient) -> Judgement {
    let Some(line) = &patient.line else { return Judgement::skipped("there is no address") };
    match line.reach().await {
        Ok(()) => Judgement::passed("connected"),
        Err(NoAnswer::Refused) => Judgement::failed("the connection was refused", "nothing listens at this port"),
        Err(NoAnswer::TimedOut(patience)) => Judgement::failed(
            format!("no connection within {patience:?}"),
            "a firewall drops the packets, or the machine is down",
        ),
        Err(silence) => Judgement::failed(silence.to_string(), "the machine cannot be reached"),
    }
}

pub(super) async fn certificate(patient: &mut Patient) -> Judgement {
    let Some(line) = &patient.line else { return Judgement::skipped("there is no address") };
    if line.tls.is_none() {
        return Judgement::skipped("plain http has none");
    }
    match line.shake_hands().await {
        Ok(()) => Judgement::passed("valid"),
        Err(NoAnswer::Tls(fault)) => {
            Judgement::failed(fault.to_string(), "X ends a webhook at once at a TLS error").fix(fault.fix())
        }
        Err(silence) => Judgement::failed(silence.to_string(), "there is no handshake"),
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
    fn public_addresses_are_told_from_the_others() {
        for inner in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "192.0.2.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "2001:db8::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_public(inner.parse().unwrap()), "{inner}");
        }
        for public in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "199.16.157.173", "2606:4700::1", "::ffff:8.8.8.8"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
