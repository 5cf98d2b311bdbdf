//! A fake of X that sends one response to every request.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use birdhook_client::{Transport, TransportFuture};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};

use crate::message;

/// Sends the same response to every request, and keeps the last request.
#[derive(Clone)]
pub struct X {
    pub answer: Response<Bytes>,
    pub asked: Arc<AtomicUsize>,
    pub last: Arc<Mutex<Option<Request<Bytes>>>>,
}

impl X {
    /// Parses the response of an input: a line with the status, header lines, an empty line, and
    /// the body.
    ///
    /// Returns `None` without a status.
    pub fn read(data: &[u8]) -> Option<Self> {
        let at = data.iter().position(|&byte| byte == b'\n')?;
        let (headers, body) = message(&data[at + 1..]);
        let mut answer = Response::new(Bytes::copy_from_slice(body));
        *answer.status_mut() = StatusCode::from_bytes(&data[..at]).ok()?;
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value)) {
                answer.headers_mut().append(name, value);
            }
        }
        Some(Self { answer, asked: Arc::default(), last: Arc::default() })
    }

    pub fn times_asked(&self) -> usize {
        self.asked.swap(0, Ordering::Relaxed)
    }

    pub fn last(&self) -> Option<Request<Bytes>> {
        self.last.lock().expect("no panic").take()
    }
}

impl Transport for X {
    fn send(&self, request: Request<Bytes>) -> TransportFuture<'_> {
        assert!(self.asked.fetch_add(1, Ordering::Relaxed) < 20, "it asks without end");
        *self.last.lock().expect("no panic") = Some(request);
        Box::pin(std::future::ready(Ok(self.answer.clone())))
    }
}
