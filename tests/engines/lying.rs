//! Servers that send a wrong response, or none, at each step of a conversation.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use birdhook_pipeline::EventSink;
use futures_util::future::join_all;
use tokio::net::{TcpListener, TcpStream};

use crate::fixture::posts;

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

/// Connects to a server that serves each connection like this, and delivers to it.
pub(crate) async fn connect_and_deliver<S: EventSink, F: Future<Output: Send + 'static> + Send + 'static>(
    scheme: &str,
    serve: impl Fn(TcpStream) -> F + Send + 'static,
    connect: impl AsyncFnOnce(String) -> Result<S, String>,
) -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("{scheme}://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    let delivered = async {
        let sink = connect(url).await?;
        sink.deliver(posts(1, 1).remove(0)).await.map_err(|error| format!("{error:?}"))
    };
    let delivered = delivered.await;
    serving.abort();
    delivered
}
