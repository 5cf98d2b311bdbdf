//! A transport that records requests, and one with scripted responses.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_client::{HttpsTransport, Transport, TransportError, TransportFuture};
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{Request, Response};

type Exchange = (Request<Bytes>, Option<Response<Bytes>>);

#[derive(Clone, Default)]
pub(crate) struct Sent(Arc<Mutex<Vec<Exchange>>>);

impl Sent {
    pub(crate) fn all(&self) -> Vec<Request<Bytes>> {
        self.exchanges().into_iter().map(|(request, _)| request).collect()
    }

    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn take(&self) -> Vec<String> {
        let all = self.names();
        self.0.lock().unwrap().clear();
        all
    }

    fn names(&self) -> Vec<String> {
        let name = |one: &Request<Bytes>| format!("{} {}", one.method(), one.uri().path_and_query().unwrap());
        self.all().iter().map(name).collect()
    }

    pub(crate) fn changes(&self) -> Vec<String> {
        let is_change = |call: &String| !call.starts_with("GET ") && !call.contains("/oauth2/token");
        self.names().into_iter().filter(is_change).collect()
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

/// The point at which a request is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The request does not reach X.
    Before,
    /// X carries out the request, but the response is lost.
    After,
}

/// A transport over real HTTP that records requests to X, and can be cut off.
#[derive(Clone)]
pub(crate) struct Recorder {
    https: HttpsTransport,
    pub(crate) sent: Sent,
    cut: Arc<Mutex<Option<(usize, Cut)>>>,
}

impl Recorder {
    pub(crate) fn new() -> Self {
        let https = HttpsTransport::new(Duration::from_secs(20)).unwrap();
        Self { https, sent: Sent::default(), cut: Arc::default() }
    }

    /// Cuts off the request with this number, counted from now, and all later ones.
    pub(crate) fn cut(&self, number: usize, how: Cut) {
        *self.cut.lock().unwrap() = Some((number, how));
    }

    pub(crate) fn restore(&self) {
        *self.cut.lock().unwrap() = None;
    }

    /// Returns where the next request is cut off, if it is. Later requests do not reach X.
    fn next_cut(&self) -> Option<Cut> {
        let mut cut = self.cut.lock().unwrap();
        let (left, how) = cut.as_mut()?;
        if *left == 0 {
            return Some(std::mem::replace(how, Cut::Before));
        }
        *left -= 1;
        None
    }
}

impl Transport for Recorder {
    fn send(&self, request: Request<Bytes>) -> TransportFuture<'_> {
        Box::pin(async move {
            if request.uri().path().starts_with("/webhooks/") {
                return self.https.send(request).await;
            }
            let cut = self.next_cut();
            if cut == Some(Cut::Before) {
                return Err(TransportError::Connect("cut".to_owned()));
            }
            let number = self.sent.count();
            self.sent.0.lock().unwrap().push((request.clone(), None));
            let response = self.https.send(request).await;
            if let (Ok(response), Some(exchange)) = (&response, self.sent.0.lock().unwrap().get_mut(number)) {
                exchange.1 = Some(response.clone());
            }
            if cut.is_some() { Err(TransportError::Broken("cut".to_owned())) } else { response }
        })
    }
}

pub(crate) type Outcome = Result<Response<Bytes>, TransportError>;

/// A transport with scripted outcomes, in order. Panics on a request without an outcome.
pub(crate) struct Script {
    sent: Sent,
    outcomes: Mutex<VecDeque<Outcome>>,
}

impl Script {
    pub(crate) fn new(outcomes: impl IntoIterator<Item = Outcome>) -> (Self, Sent) {
        let sent = Sent::default();
        (Self { sent: sent.clone(), outcomes: Mutex::new(outcomes.into_iter().collect()) }, sent)
    }
}

impl Transport for Script {
    fn send(&self, request: Request<Bytes>) -> TransportFuture<'_> {
        let name = format!("{} {}", request.method(), request.uri());
        self.sent.0.lock().unwrap().push((request, None));
        let outcome = self.outcomes.lock().unwrap().pop_front();
        Box::pin(async move {
            // Lets other tasks run, as a socket would.
            tokio::task::yield_now().await;
            outcome.unwrap_or_else(|| panic!("one request too many: {name}"))
        })
    }
}

pub(crate) fn answer(status: u16, body: &str) -> Outcome {
    answer_with(status, &[], body)
}

pub(crate) fn answer_with(status: u16, headers: &[(&str, &str)], body: &str) -> Outcome {
    let with = |response: http::response::Builder, (name, value): &(&str, &str)| response.header(*name, *value);
    let response = headers.iter().fold(Response::builder().status(status), with);
    Ok(response.body(Bytes::from(body.to_owned())).unwrap())
}
