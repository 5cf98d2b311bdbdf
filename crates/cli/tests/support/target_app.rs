//! An app that receives forwarded events over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// Time limit for a request that must arrive.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Forwarded {
    head: String,
    pub(crate) body: String,
    pub(crate) arrived: Instant,
}

impl Forwarded {
    /// Returns the value of a header, whose name is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut pairs = self.head.lines().filter_map(|line| line.split_once(": "));
        pairs.find_map(|(found, value)| found.eq_ignore_ascii_case(name).then_some(value))
    }

    #[track_caller]
    pub(crate) fn has(&self, name: &str) -> &str {
        self.header(name).unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }
}

/// Returns the head of an answer without a body.
pub(crate) fn answer(status: &str, headers: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n{headers}\r\n")
}

/// Listens until the tests end.
pub(crate) struct TargetApp {
    pub(crate) url: String,
    requests: Receiver<Forwarded>,
}

impl TargetApp {
    /// Starts an app that answers each request with the text that `answer` returns. An empty text
    /// leaves the request without an answer.
    pub(crate) fn start(answer: impl Fn(&Forwarded) -> String + Send + Sync + 'static) -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").unwrap(), answer)
    }

    pub(crate) fn start_on(
        listener: TcpListener,
        answer: impl Fn(&Forwarded) -> String + Send + Sync + 'static,
    ) -> Self {
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (sender, requests) = channel();
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, sender) = (Arc::clone(&answer), sender.clone());
                std::thread::spawn(move || serve(stream, &*answer, &sender));
            }
        });
        Self { url, requests }
    }

    /// Returns the next request.
    pub(crate) fn next(&self) -> Forwarded {
        self.requests.recv_timeout(PATIENCE).expect("a forwarded event")
    }

    /// Returns the requests that have arrived and were not returned yet.
    pub(crate) fn rest(&self) -> Vec<Forwarded> {
        self.requests.try_iter().collect()
    }
}

fn serve(stream: TcpStream, answer: &dyn Fn(&Forwarded) -> String, sender: &Sender<Forwarded>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let mut request = Forwarded { head, body: String::new(), arrived: Instant::now() };
        let mut body = vec![0; request.has("content-length").parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        request.body = String::from_utf8(body).unwrap();
        let text = answer(&request);
        if sender.send(request).is_err() {
            return;
        }
        if text.is_empty() {
            // Holds the connection open until the sender gives up.
            let _ = reader.read(&mut [0]);
            return;
        }
        if reader.get_mut().write_all(text.as_bytes()).is_err() {
            return;
        }
    }
}
