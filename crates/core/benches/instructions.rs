//! Counts the instructions of the core's code paths, to detect regressions on a busy machine.
//! `cargo xtask instructions` runs it and compares the result with `instructions.txt`.
//!
//! Valgrind does the counting and emulates a processor without SHA instructions. There an HMAC over
//! a body takes twenty times as many instructions as on real hardware and would hide everything
//! else. Therefore all benchmarks except `receive` sign only a few bytes.
//!
//! Each measurement is preceded by one run in the same process. This excludes one-time
//! initialization, and gives the allocator the same blocks independent of the length of paths and
//! arguments.
#![allow(missing_docs, unused_qualifications, reason = "what the macros make")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a measurement that cannot go on")]

mod bodies;

use std::hint::black_box;
use std::time::Duration;

use birdhook_core::{
    BodyReader, DedupeWindow, Delivery, Endpoint, EndpointSettings, EventKey, HeadResult, RequestHead, Secret,
    signature,
};
use bytes::Bytes;
use gungraun::{Callgrind, Dhat, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group};

/// Copies the text, because the count depends on its alignment, which varies for data in the
/// binary.
fn text(name: &str) -> Bytes {
    let (_, text) = bodies::ALL.iter().find(|(other, _)| *other == name).unwrap();
    Bytes::copy_from_slice(text.as_bytes())
}

fn restored(body: &Bytes) -> Delivery {
    Delivery::restore("default", black_box(body).clone(), 10_000).unwrap()
}

fn body(name: &str) -> Bytes {
    let body = text(name);
    black_box(restored(&body));
    body
}

// The work after verification: events are found, identified and sliced.
#[library_benchmark(setup = body)]
#[bench::aaa_300("aaa_300")]
#[bench::aaa_300_escaped("aaa_300_escaped")]
#[bench::aaa_2k("aaa_2k")]
#[bench::aaa_2k_escaped("aaa_2k_escaped")]
#[bench::aaa_6k("aaa_6k")]
#[bench::aaa_6k_escaped("aaa_6k_escaped")]
#[bench::aaa_64k("aaa_64k")]
#[bench::aaa_64k_escaped("aaa_64k_escaped")]
#[bench::xaa_300("xaa_300")]
#[bench::xaa_300_escaped("xaa_300_escaped")]
#[bench::xaa_2k("xaa_2k")]
#[bench::xaa_2k_escaped("xaa_2k_escaped")]
#[bench::xaa_6k("xaa_6k")]
#[bench::xaa_6k_escaped("xaa_6k_escaped")]
#[bench::xaa_64k("xaa_64k")]
#[bench::xaa_64k_escaped("xaa_64k_escaped")]
fn restore(body: Bytes) -> Bytes {
    black_box(restored(&body));
    body
}

struct Signed {
    endpoint: Endpoint,
    body: Bytes,
    signature: String,
}

fn endpoint() -> (Endpoint, Secret) {
    let secret = Secret::new("z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu").unwrap();
    (Endpoint::new(secret.clone(), EndpointSettings::default()), secret)
}

fn begin(endpoint: &Endpoint, signature: Option<&str>) -> HeadResult<BodyReader> {
    let headers = [("host", "bees.example"), ("content-type", "application/json"), ("accept", "*/*")];
    let signature = signature.map(|value| (signature::HEADER, value));
    let headers = headers.into_iter().chain(signature).map(|(name, value)| (name, value.as_bytes()));
    endpoint.begin(&RequestHead::new("POST", "/webhooks/twitter", None).with_headers(headers))
}

fn begun(signed: &Signed) -> BodyReader {
    match begin(&signed.endpoint, Some(black_box(&signed.signature))) {
        HeadResult::Body(reader) => reader,
        HeadResult::Reply(reply) => panic!("{reply:?}"),
    }
}

fn received(signed: &Signed) -> Delivery {
    let mut reader = begun(signed);
    reader.push(signed.body.clone()).unwrap();
    reader.finish().unwrap()
}

fn signed(name: &str) -> Signed {
    let (body, (endpoint, secret)) = (text(name), endpoint());
    let signed = Signed { signature: signature::sign(&secret, &body), endpoint, body };
    black_box(received(&signed));
    signed
}

// A complete delivery, including its HMAC.
#[library_benchmark(setup = signed)]
#[bench::aaa_6k("aaa_6k")]
#[bench::aaa_6k_escaped("aaa_6k_escaped")]
#[bench::xaa_6k("xaa_6k")]
#[bench::xaa_6k_escaped("xaa_6k_escaped")]
fn receive(signed: Signed) -> Signed {
    black_box(received(&signed));
    signed
}

// The head of a delivery only.
#[library_benchmark(setup = signed)]
#[bench::delivery("aaa_300")]
fn head(signed: Signed) -> Signed {
    black_box(begun(&signed));
    signed
}

fn refused(signature: Option<&'static str>) -> (Endpoint, Option<&'static str>) {
    let (endpoint, _) = endpoint();
    black_box(begin(&endpoint, signature));
    (endpoint, signature)
}

#[library_benchmark(setup = refused)]
#[bench::malformed_signature(Some("sha256=not the base64 of 32 bytes"))]
#[bench::missing_signature(None)]
fn refuse((endpoint, signature): (Endpoint, Option<&str>)) -> Endpoint {
    black_box(begin(&endpoint, black_box(signature)));
    endpoint
}

fn answer(endpoint: &Endpoint) -> HeadResult<BodyReader> {
    let query = Some("crc_token=M2RkODJkZmMtYjlkYi00NmQ4LTk0MGU%3D&nonce=bm9uY2U%3D");
    endpoint.begin(&RequestHead::new("GET", "/webhooks/twitter", black_box(query)))
}

fn challenged() -> Endpoint {
    let (endpoint, _) = endpoint();
    black_box(answer(&endpoint));
    endpoint
}

#[library_benchmark(setup = challenged)]
#[bench::answer()]
fn challenge(endpoint: Endpoint) -> Endpoint {
    black_box(answer(&endpoint));
    endpoint
}

fn delivery(name: &str) -> Delivery {
    let delivery = restored(&text(name));
    for event in &delivery {
        black_box((event.activity(), event.v1(), event.v2()));
    }
    delivery
}

#[library_benchmark(setup = delivery)]
#[bench::aaa_6k("aaa_6k")]
#[bench::aaa_6k_escaped("aaa_6k_escaped")]
#[bench::xaa_6k("xaa_6k")]
#[bench::xaa_6k_escaped("xaa_6k_escaped")]
fn activity(delivery: Delivery) -> Delivery {
    delivery.events().iter().for_each(|event| _ = black_box(event.activity()));
    delivery
}

#[library_benchmark(setup = delivery)]
#[bench::aaa_6k("aaa_6k")]
#[bench::aaa_6k_escaped("aaa_6k_escaped")]
fn v1(delivery: Delivery) -> Delivery {
    delivery.events().iter().for_each(|event| _ = black_box(event.v1()));
    delivery
}

#[library_benchmark(setup = delivery)]
#[bench::xaa_6k("xaa_6k")]
#[bench::xaa_6k_escaped("xaa_6k_escaped")]
fn v2(delivery: Delivery) -> Delivery {
    delivery.events().iter().for_each(|event| _ = black_box(event.v2()));
    delivery
}

#[library_benchmark(setup = delivery)]
#[bench::aaa_6k("aaa_6k")]
#[bench::xaa_6k("xaa_6k")]
fn delivery_key(delivery: Delivery) -> Delivery {
    delivery.events().iter().for_each(|event| _ = black_box(event.delivery_key()));
    delivery
}

/// A unique key with evenly distributed bytes, for a hundredth of the instructions of SHA-256. Uses
/// the finalizer of `MurmurHash3`.
fn key(number: u64) -> EventKey {
    let mut bytes = [0; 32];
    for (at, part) in bytes.chunks_exact_mut(8).enumerate() {
        let mut mixed = (number ^ ((at as u64) << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        part.copy_from_slice(&(mixed ^ (mixed >> 33)).to_be_bytes());
    }
    EventKey::from(bytes)
}

/// Returns a full window from which ten thousand keys were evicted, which wears its table, and a
/// hundred keys starting at `first`. A hundred, because the cost of one key depends on its
/// position.
fn full_window(first: u64) -> (DedupeWindow, Vec<EventKey>) {
    const CAPACITY: u64 = 100_000;
    let mut window = DedupeWindow::new(CAPACITY as usize, Duration::from_secs(900));
    (0..CAPACITY + 10_000).for_each(|number| window.insert(&key(number), Duration::ZERO));
    (window, (first..first + 100).map(key).collect())
}

#[library_benchmark(setup = full_window)]
#[bench::hundred(200_000)]
fn window_insert((mut window, keys): (DedupeWindow, Vec<EventKey>)) -> (DedupeWindow, Vec<EventKey>) {
    keys.iter().for_each(|key| window.insert(black_box(key), Duration::from_secs(1)));
    (window, keys)
}

#[library_benchmark(setup = full_window)]
#[bench::hundred_known(50_000)]
#[bench::hundred_unknown(200_000)]
fn window_contains((window, keys): (DedupeWindow, Vec<EventKey>)) -> (DedupeWindow, Vec<EventKey>) {
    black_box(keys.iter().filter(|key| window.contains(black_box(key), Duration::from_secs(1))).count());
    (window, keys)
}

library_benchmark_group!(
    name = paths,
    benchmarks =
        [restore, receive, head, refuse, challenge, activity, v1, v2, delivery_key, window_insert, window_contains]
);

gungraun::main!(
    config = LibraryBenchmarkConfig::default()
        .tool(Callgrind::with_args(["--cache-sim=no"]))
        .tool(Dhat::with_args(["--num-callers=100"]));
    library_benchmark_groups = paths
);
