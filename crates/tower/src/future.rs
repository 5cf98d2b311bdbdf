//! The response future of both services.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;

/// The future of a response.
///
/// Challenges and requests rejected by their head are answered immediately, without an allocation.
///
/// Panics if polled after completion, as the futures of std and tower do.
pub struct ResponseFuture<B>(State<B>);

enum State<B> {
    Answered(Ready<Response<B>>),
    Receiving(Pin<Box<dyn Future<Output = Response<B>> + Send>>),
}

impl<B> ResponseFuture<B> {
    pub(crate) fn answered(response: Response<B>) -> Self {
        Self(State::Answered(ready(response)))
    }

    pub(crate) fn receiving(future: impl Future<Output = Response<B>> + Send + 'static) -> Self {
        Self(State::Receiving(Box::pin(future)))
    }
}

// The response is moved out, never polled in place, so it need not be pinned.
impl<B> Unpin for ResponseFuture<B> {}

impl<B> Future for ResponseFuture<B> {
    type Output = Result<Response<B>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Answered(response) => Pin::new(response).poll(cx).map(Ok),
            State::Receiving(future) => future.as_mut().poll(cx).map(Ok),
        }
    }
}

impl<B> fmt::Debug for ResponseFuture<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Answered(_) => "ResponseFuture(answered)",
            State::Receiving(_) => "ResponseFuture(receiving)",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn polled_twice(mut future: ResponseFuture<()>) {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut future).poll(&mut cx).is_ready());
        let _ = Pin::new(&mut future).poll(&mut cx);
    }

    #[test]
    #[should_panic = "polled after completion"]
    fn polling_an_answered_request_again_panics_as_the_futures_of_std_do() {
        polled_twice(ResponseFuture::answered(Response::new(())));
    }

    #[test]
    #[should_panic = "resumed after completion"]
    fn polling_a_received_request_again_panics() {
        polled_twice(ResponseFuture::receiving(async { Response::new(()) }));
    }
}
