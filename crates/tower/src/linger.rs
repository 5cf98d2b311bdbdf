//! Briefly drains a rejected request body before the connection closes.
//!
//! A server that closes a connection while part of a request is still in transit resets the
//! connection. A proxy may treat that as a failed server and answer 502 in place of the response
//! already sent, or send the next delivery over that connection and lose it.

use std::pin::pin;
use std::time::Duration;

use futures_core::Stream;
use http::request::Parts;
use http::{Version, header};
use http_body::Body;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::request::Chunks;

/// Limit for draining, in bytes. Whole chunks are read and discarded, so slightly more may be read.
///
/// Most bodies are shorter, and their connection stays usable.
const MOST: usize = 64 << 10;

/// Time limit for draining. The connection then closes, even if the body has not ended.
///
/// The client usually closes it first.
const MOMENT: Duration = Duration::from_millis(500);

/// Drains the body of a request that was answered by its head, in the background.
pub(crate) fn linger<B>(head: &Parts, body: B)
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Send,
{
    // HTTP/2 ends a stream without closing its connection. With `Expect: 100-continue` the body has
    // not been sent.
    if body.is_end_stream() || head.version > Version::HTTP_11 || head.headers.contains_key(header::EXPECT) {
        return;
    }
    let Ok(runtime) = Handle::try_current() else { return };
    runtime.spawn(async move {
        let mut chunks = pin!(Chunks { body });
        let read = async {
            let mut read = 0;
            while read < MOST {
                match std::future::poll_fn(|cx| chunks.as_mut().poll_next(cx)).await {
                    Some(Ok(chunk)) => read += chunk.len(),
                    Some(Err(_)) | None => return,
                }
            }
            std::future::pending::<()>().await;
        };
        let _ = timeout(MOMENT, read).await;
    });
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::task::{Context, Poll};

    use bytes::Bytes;
    use http::Request;
    use http_body::Frame;
    use tokio::time::{Instant, sleep};

    use super::*;

    /// A body of `left` KiB that then ends or stalls. It counts the KiB that are read, and releases
    /// the counter when it is dropped.
    struct Kibibytes {
        left: usize,
        ends: bool,
        read: Arc<AtomicUsize>,
    }

    impl Body for Kibibytes {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            if self.left == 0 {
                return if self.ends { Poll::Ready(None) } else { Poll::Pending };
            }
            self.left -= 1;
            self.read.fetch_add(1, SeqCst);
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[0; 1024])))))
        }
    }

    /// Returns the KiB read and the time until the body was dropped.
    async fn lingered(left: usize, ends: bool, request: http::request::Builder) -> (usize, Duration) {
        let (head, ()) = request.body(()).unwrap().into_parts();
        let (read, start) = (Arc::new(AtomicUsize::new(0)), Instant::now());
        linger(&head, Kibibytes { left, ends, read: Arc::clone(&read) });
        while Arc::strong_count(&read) > 1 {
            sleep(Duration::from_millis(1)).await;
        }
        (read.load(SeqCst), start.elapsed())
    }

    fn post() -> http::request::Builder {
        Request::post("/")
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_read_to_its_end_or_held_for_a_moment() {
        let (read, took) = lingered(10, true, post()).await;
        assert!(read == 10 && took < Duration::from_millis(5), "{read} {took:?}");
        for (left, expected) in [(10, 10), (20_000, 64)] {
            let (read, took) = lingered(left, false, post()).await;
            assert_eq!(read, expected);
            assert!(took >= MOMENT && took < MOMENT + Duration::from_millis(5), "{took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_did_not_send_it_and_who_sends_in_streams_is_not_waited_for() {
        for request in [post().header("expect", "100-continue"), post().version(Version::HTTP_2)] {
            assert_eq!(lingered(10, false, request).await, (0, Duration::ZERO));
        }
    }
}
