//! The response future of both services.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;

/// The future of a response.
///
/// Challenges and requests rejected by their head are answered immediately, without an allocation.
pub struct ResponseFuture<B>(State<B>);

enum State<B> {
    Answered(Option<Response<B>>),
    Receiving(Pin<Box<dyn Future<Output = Response<B>> + Send>>),
}

impl<B> ResponseFuture<B> {
    pub(crate) fn answered(response: Response<B>) -> Self {
        Self(State::Answered(Some(response)))
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
            State::Answered(response) => response.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response))),
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
