//! Staying a moment with a body that is refused unread.
//!
//! A server that closes a connection while some of a request is still on its way resets it. A proxy may take that for a failed server
//! and its own 502 for the answer, though we have given one; or it sends the next delivery over that connection, and loses it.

use std::pin::pin;
use std::time::Duration;

use futures_core::Stream;
use http::request::Parts;
use http::{Version, header};
use http_body::Body;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::request::Chunks;

/// About how much is read at most, in whole chunks, and thrown away: most bodies end sooner, and their connection goes on.
const MOST: usize = 64 << 10;

/// For how long the rest is left unread before the connection is closed. Who hears the answer closes it sooner.
const MOMENT: Duration = Duration::from_millis(500);

/// Keeps the body of a request that was answered by its head, for a moment and in the background.
pub(crate) fn linger<B>(head: &Parts, body: B)
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Send,
{
    // HTTP/2 ends a stream without its connection; who expects to be asked for the body has not sent it.
    if body.is_end_stream() || head.version > Version::HTTP_11 || head.headers.contains_key(header::EXPECT) {
        return;
    }
    let Ok(runtime) = Handle::try_current() else { return };
    runtime.spawn(async move {
        let mut chunks = pin!(Chunks::new(body));
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

    /// A body of so many KiB, then silence or the end; it counts what is read of it, and is let go with the count.
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

    /// How many KiB are read, and how long it is until the body is let go.
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
