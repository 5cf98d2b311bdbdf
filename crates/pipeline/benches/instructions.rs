//! Counts the instructions of a whole request, to detect regressions on a machine that is not idle.
//! `cargo xtask instructions` runs it and compares with `instructions.txt`.
//!
//! Valgrind does the counting and emulates a processor without SHA instructions: the HMAC over a
//! body of 6 KB takes twenty times its real number of instructions. A body of 300 bytes is
//! therefore measured too; the pipeline's own part is a larger share of its count.
//!
//! Each measured operation has run before in the same process with another body, so one-time
//! initialization is excluded, and the allocator reuses the same blocks regardless of the length of
//! paths and arguments. The clock is paused, which only tests can do.
#![allow(missing_docs, unused_qualifications, reason = "what the macros make")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a measurement that cannot go on")]

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Duration;

use birdhook_pipeline::{
    ChannelSink, Deliveries, Delivery, HeadResult, Outcome, Pipeline, Reply, RequestHead, Secret, Webhook, signature,
};
use bytes::Bytes;
use gungraun::{Callgrind, Dhat, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group};
use tokio::runtime::{Builder, Runtime};

const SECRET: &str = "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu";
const AAA_300: &str = include_str!("../../core/benches/bodies/aaa_300.json");
const AAA_6K: &str = include_str!("../../core/benches/bodies/aaa_6k.json");
const XAA_6K: &str = include_str!("../../core/benches/bodies/xaa_6k.json");

/// A receiver, and the next request that it will receive.
struct Receiver {
    runtime: Runtime,
    pipeline: Pipeline<ChannelSink>,
    deliveries: Deliveries,
    body: Bytes,
    signature: String,
}

impl Receiver {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        // A whole number of seconds: with a fraction, whether the addition carries depends on the
        // start time.
        let webhook = Webhook::new(Secret::new(SECRET).unwrap()).deadline(Duration::from_secs(2));
        let (pipeline, deliveries) = runtime.block_on(async { webhook.channel(64) });
        Self { runtime, pipeline, deliveries, body: Bytes::new(), signature: String::new() }
    }

    fn about_to_get(mut self, body: &str) -> Self {
        self.body = Bytes::copy_from_slice(body.as_bytes());
        self.signature = signature::sign(&Secret::new(SECRET).unwrap(), body.as_bytes());
        self
    }

    fn receive(&self) -> Reply {
        let headers = [("host", "bees.example"), ("content-type", "application/json"), ("accept", "*/*")];
        let headers = headers.into_iter().chain([(signature::HEADER, black_box(&*self.signature))]);
        let headers = headers.map(|(name, value)| (name, value.as_bytes()));
        self.runtime.block_on(async {
            match self.pipeline.begin(&RequestHead::new("POST", "/webhooks/twitter", None).with_headers(headers)) {
                HeadResult::Reply(reply) => reply,
                HeadResult::Body(incoming) => {
                    let body = futures_util::stream::iter([Ok::<_, Infallible>(self.body.clone())]);
                    self.pipeline.receive(incoming, body).await
                }
            }
        })
    }

    fn consume(&mut self) -> Delivery {
        self.runtime.block_on(self.deliveries.recv()).unwrap()
    }

    fn challenge(&self) -> HeadResult<birdhook_pipeline::IncomingDelivery> {
        let _entered = self.runtime.enter();
        let query = Some("crc_token=M2RkODJkZmMtYjlkYi00NmQ4LTk0MGU%3D&nonce=bm9uY2U%3D");
        self.pipeline.begin(&RequestHead::new("GET", "/webhooks/twitter", black_box(query)))
    }
}

/// Returns a receiver that has received the same event of another subscriber twice.
fn receiver(body: &str) -> Receiver {
    let other = body.replace("2200440066008801", "2200440066008802");
    let mut receiver = Receiver::new().about_to_get(&other);
    for reason in [Outcome::Accepted, Outcome::Duplicate] {
        assert_eq!(receiver.receive().outcome(), reason);
    }
    black_box(receiver.consume());
    receiver.about_to_get(body)
}

fn receiver_of_duplicate(body: &str) -> Receiver {
    let mut receiver = receiver(body);
    black_box((receiver.receive(), receiver.consume()));
    receiver
}

fn receiver_of_challenge() -> Receiver {
    let receiver = receiver(AAA_300);
    black_box(receiver.challenge());
    receiver
}

// From the head to the app.
#[library_benchmark(setup = receiver)]
#[bench::aaa_300(AAA_300)]
#[bench::aaa_6k(AAA_6K)]
#[bench::xaa_6k(XAA_6K)]
fn receive(mut receiver: Receiver) -> Receiver {
    black_box((receiver.receive(), receiver.consume()));
    receiver
}

#[library_benchmark(setup = receiver_of_duplicate)]
#[bench::aaa_300(AAA_300)]
#[bench::aaa_6k(AAA_6K)]
#[bench::xaa_6k(XAA_6K)]
fn duplicate(receiver: Receiver) -> Receiver {
    black_box(receiver.receive());
    receiver
}

#[library_benchmark(setup = receiver_of_challenge)]
#[bench::answer()]
fn challenge(receiver: Receiver) -> Receiver {
    black_box(receiver.challenge());
    receiver
}

library_benchmark_group!(name = paths, benchmarks = [receive, duplicate, challenge]);

gungraun::main!(
    config = LibraryBenchmarkConfig::default()
        .tool(Callgrind::with_args(["--cache-sim=no"]))
        .tool(Dhat::with_args(["--num-callers=100"]));
    library_benchmark_groups = paths
);
