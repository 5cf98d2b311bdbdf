//! Servers that send a wrong response, or none, at each step of a conversation.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use futures_util::future::join_all;

/// Runs the work with one thread, and checks that it never holds much memory.
pub(crate) fn in_little_memory(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cost = measure(|| runtime.block_on(work));
    assert!(cost.bytes_max < 64 << 20, "{} bytes", cost.bytes_max);
}

/// Delivers to a server for each lie, all at once, and checks that each delivery fails in time.
pub(crate) async fn all_fail_within<C: Copy + Debug>(
    limit: Duration,
    lies: impl Iterator<Item = C>,
    deliver: impl AsyncFn(C) -> Result<(), String>,
) {
    let delivered = lies.map(async |lie| {
        let begun = Instant::now();
        (lie, deliver(lie).await, begun.elapsed())
    });
    for (lie, delivered, took) in join_all(delivered).await {
        assert!(delivered.is_err(), "{lie:?}");
        assert!(took < limit, "{lie:?} took {took:?}");
    }
}
