//! Adapters from `http` requests to the pipeline's types.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use birdhook_pipeline::RequestHead;
use bytes::{Buf, Bytes};
use futures_core::Stream;
use http::request::Parts;
use http_body::Body;
use pin_project_lite::pin_project;

pub(crate) fn head(parts: &Parts) -> RequestHead<'_> {
    RequestHead::new(parts.method.as_str(), parts.uri.path(), parts.uri.query())
        .with_headers(parts.headers.iter().map(|(name, value)| (name, value.as_bytes())))
}

pin_project! {
    /// The data frames of a body as a stream. Trailers are ignored.
    pub(crate) struct Chunks<B> {
        #[pin]
        pub(crate) body: B,
    }
}

impl<B: Body> Stream for Chunks<B> {
    type Item = Result<Bytes, B::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(self.as_mut().project().body.poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Ok(mut data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data.copy_to_bytes(data.remaining()))));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}
