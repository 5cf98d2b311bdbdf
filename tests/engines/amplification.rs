//! Memory that a sink allocates for a signed body is in proportion to its length, for any shape.

#[path = "../../crates/core/tests/support/hostile.rs"]
mod hostile;

use allocation_counter::measure;
use birdhook_core::Delivery;
use birdhook_inbox::Inbox;
use birdhook_pipeline::{EventSink, SinkError};
use tokio::runtime::{Builder, Runtime};

use crate::nats::fixture as nats;
use crate::redis::fixture as redis;
use hostile::SIZE;

/// Limits for one delivery, in bytes allocated per byte of its body: in total, and at one time. The
/// connection's buffers count.
const IN_ALL: u64 = 120;
const AT_ONCE: u64 = 50;

/// One thread, so that the connection's allocations are counted.
fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn check(runtime: &Runtime, sink: &impl EventSink) {
    let mut over = Vec::new();
    for (shape, body) in hostile::bodies(SIZE) {
        let delivery = Delivery::restore("app", body, 10_000).unwrap();
        let mut taken = Ok(());
        let cost = measure(|| taken = runtime.block_on(async { sink.deliver(delivery.clone()).await }));
        // Servers reject messages above their own limit.
        assert!(matches!(taken, Ok(()) | Err(SinkError::Refused(_))), "{shape}: {taken:?}");
        let (all, most) = (cost.bytes_total / SIZE as u64, cost.bytes_max / SIZE as u64);
        if all > IN_ALL || most > AT_ONCE {
            over.push(format!("{shape}: {all} MiB in all, {most} at once"));
        }
    }
    assert!(over.is_empty(), "{over:#?}");
}

#[test]
fn a_stream_of_redis() {
    let runtime = runtime();
    let engine = runtime.block_on(redis::Engine::new());
    check(&runtime, &engine.redis.sink(redis::STREAM));
}

#[test]
fn jetstream() {
    let runtime = runtime();
    let settings = birdhook_nats::StreamSettings::new().max_bytes(256 << 20);
    let engine = runtime.block_on(nats::Engine::of(&settings));
    check(&runtime, &engine.sink());
}

/// Allocations of the inbox's own thread, which writes the body and the keys, are not counted.
#[test]
fn an_inbox() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let inbox = runtime.block_on(Inbox::open(folder.path().join("inbox"))).unwrap();
    check(&runtime, &inbox);
}
