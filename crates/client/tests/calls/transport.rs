//! Transports that record requests, and transports with scripted responses.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_client::{HttpsTransport, Transport, TransportError, TransportFuture};
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Response};

/// The sent requests, in order.
#[derive(Clone, Default)]
pub(crate) struct Sent(Arc<Mutex<Vec<Request<Bytes>>>>);

impl Sent {
    pub(crate) fn all(&self) -> Vec<Request<Bytes>> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Returns the method, path and query of each request, and clears the list.
    pub(crate) fn take(&self) -> Vec<String> {
        let name =
            |request: Request<Bytes>| format!("{} {}", request.method(), request.uri().path_and_query().unwrap());
        std::mem::take(&mut *self.0.lock().unwrap()).into_iter().map(name).collect()
    }

    /// Returns the scheme of each `Authorization` header.
    pub(crate) fn schemes(&self) -> Vec<String> {
        let scheme = |request: &Request<Bytes>| authorization(request).split(' ').next().unwrap().to_owned();
        self.all().iter().map(scheme).collect()
    }
}

pub(crate) fn authorization(request: &Request<Bytes>) -> &str {
    request.headers()[AUTHORIZATION].to_str().unwrap()
}

/// A transport over real HTTP that records requests.
pub(crate) struct Recorder {
    sent: Sent,
    https: HttpsTransport,
}

impl Recorder {
    pub(crate) fn new(timeout: Duration) -> (Self, Sent) {
        let sent = Sent::default();
        (Self { sent: sent.clone(), https: HttpsTransport::new(timeout).unwrap() }, sent)
    }
}

impl Transport for Recorder {
    fn send(&self, request: Request<Bytes>) -> TransportFuture<'_> {
        self.sent.0.lock().unwrap().push(request.clone());
        self.https.send(request)
    }
}

/// The outcome of a request.
pub(crate) type End = Result<Response<Bytes>, TransportError>;

/// A transport with scripted responses, in order. Panics on a request without a response.
pub(crate) struct Book {
    sent: Sent,
    ends: Mutex<VecDeque<End>>,
}

impl Book {
    pub(crate) fn new(ends: impl IntoIterator<Item = End>) -> (Self, Sent) {
        let sent = Sent::default();
        (Self { sent: sent.clone(), ends: Mutex::new(ends.into_iter().collect()) }, sent)
    }
}

impl Transport for Book {
    fn send(&self, request: Request<Bytes>) -> TransportFuture<'_> {
        self.sent.0.lock().unwrap().push(request.clone());
        let end = self.ends.lock().unwrap().pop_front();
        let name = format!("{} {}", request.method(), request.uri());
        Box::pin(async move {
            // Lets other tasks run, as a socket would.
            tokio::task::yield_now().await;
            end.unwrap_or_else(|| panic!("one request too many: {name}"))
        })
    }
}

pub(crate) fn answer(status: u16, body: &str) -> End {
    Ok(Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap())
}

pub(crate) fn answer_with(status: u16, headers: &[(&str, &str)], body: &str) -> End {
    let with = |response: http::response::Builder, (name, value): &(&str, &str)| response.header(*name, *value);
    let response = headers.iter().fold(Response::builder().status(status), with);
    Ok(response.body(Bytes::from(body.to_owned())).unwrap())
}
