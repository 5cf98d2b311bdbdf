//! A receiver written only from X's documentation, with at most one planted fault.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_core::Secret;
use birdhook_testkit::sign;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::fault::Fault;

pub(crate) const SECRET: &str = "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu";
const LIMIT: usize = 1 << 20;

/// The parsed head of a request.
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) query: String,
    headers: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn parse(text: &str) -> Self {
        let mut lines = text.split("\r\n");
        let mut words = lines.next().unwrap().split(' ');
        let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap());
        let query = target.split_once('?').map_or("", |(_, query)| query).to_owned();
        let headers =
            lines.filter_map(|line| line.split_once(": ").map(|(n, v)| (n.to_owned(), v.to_owned()))).collect();
        Self { method, query, headers }
    }

    /// Returns all values of a header.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Returns all values of a query parameter, form-decoded.
    pub(crate) fn parameters(&self, name: &str) -> Vec<String> {
        let pairs = form_urlencoded::parse(self.query.as_bytes());
        pairs.filter(|(n, _)| n == name).map(|(_, value)| value.into_owned()).collect()
    }

    pub(crate) fn length(&self) -> usize {
        self.values("content-length").first().map_or(0, |length| length.parse().unwrap())
    }
}

/// The reaction to a request.
pub(crate) enum Reply {
    Answer(Answer),
    /// Never responds.
    Hang,
    /// Ends the process.
    Crash,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// Number of bytes that `Content-Length` announces but that are not sent.
    pub(crate) missing: usize,
    pub(crate) after: Duration,
}

pub(crate) fn answer(status: u16, body: impl Into<Vec<u8>>) -> Reply {
    Reply::Answer(Answer { status, headers: Vec::new(), body: body.into(), missing: 0, after: Duration::ZERO })
}

impl Reply {
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Answer(answer) = &mut self {
            answer.headers.retain(|(other, _)| *other != name);
            answer.headers.push((name, value.into()));
        }
        self
    }

    pub(crate) fn missing(mut self, bytes: usize) -> Self {
        if let Self::Answer(answer) = &mut self {
            answer.missing = bytes;
        }
        self
    }

    pub(crate) fn after(mut self, milliseconds: u64) -> Self {
        if let Self::Answer(answer) = &mut self {
            answer.after = Duration::from_millis(milliseconds);
        }
        self
    }
}

/// The receiver's state.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) seen: HashSet<Vec<u8>>,
    pub(crate) in_flight: HashSet<Vec<u8>>,
    pub(crate) challenges: usize,
    pub(crate) first_answer: Option<String>,
    pub(crate) deliveries: usize,
    pub(crate) is_ill: bool,
}

#[derive(Clone)]
pub(crate) struct Receiver {
    fault: Fault,
    pub(crate) memory: Arc<Mutex<Memory>>,
    crashed: Arc<Notify>,
}

pub(crate) fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

pub(crate) fn challenge_answer(token: &str) -> Reply {
    answer(200, format!(r#"{{"response_token":"{token}"}}"#)).header("Content-Type", "application/json")
}

impl Receiver {
    pub(crate) fn without_listener(fault: Fault) -> Self {
        Self { fault, memory: Arc::default(), crashed: Arc::default() }
    }

    /// Starts a receiver on a free loopback port.
    pub(crate) async fn start(fault: Fault) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let receiver = Self::without_listener(fault);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    biased;
                    () = receiver.crashed.notified() => break,
                    accepted = listener.accept() => {
                        let (receiver, stream) = (receiver.clone(), accepted.unwrap().0);
                        tokio::spawn(async move { receiver.serve(stream).await });
                    }
                }
            }
        });
        address
    }

    /// Handles one request.
    pub(crate) async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                return;
            }
        };
        let head = Head::parse(std::str::from_utf8(&bytes[..end]).unwrap());
        let mut body = bytes.split_off(end + 4);
        let reply = match self.before_body(&head) {
            Some(reply) => reply,
            None => {
                if head.values("transfer-encoding").is_empty() {
                    while body.len() < head.length() && matches!(stream.read_buf(&mut body).await, Ok(1..)) {}
                } else {
                    while !body.ends_with(b"0\r\n\r\n") && matches!(stream.read_buf(&mut body).await, Ok(1..)) {}
                    body = dechunk(&body);
                }
                self.reply(&head, &body)
            }
        };
        let held = body.clone();
        match reply {
            Reply::Answer(answer) => {
                tokio::time::sleep(answer.after).await;
                let length = answer.body.len() + answer.missing;
                let mut text = format!("HTTP/1.1 {} X\r\nContent-Length: {length}\r\n", answer.status);
                answer.headers.iter().for_each(|(name, value)| text += &format!("{name}: {value}\r\n"));
                let bytes =
                    [text.as_bytes(), b"\r\n", if head.method == "HEAD" { b"" } else { &answer.body[..] }].concat();
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            }
            Reply::Hang => std::future::pending().await,
            Reply::Crash => self.crashed.notify_one(),
        }
        self.memory.lock().unwrap().in_flight.remove(&held);
    }

    /// Returns the reply if it does not depend on the body.
    fn before_body(&self, head: &Head) -> Option<Reply> {
        if let Some(reply) = self.fault.before_body(head) {
            return reply;
        }
        let signatures = head.values("x-twitter-webhooks-signature");
        match head.method.as_str() {
            "GET" => None,
            "POST" if signatures.len() != 1 => Some(answer(401, "")),
            "POST" if !head.values("content-encoding").is_empty() => Some(answer(415, "")),
            "POST" if head.length() > LIMIT => Some(answer(413, "")),
            "POST" => None,
            _ => Some(answer(405, "").header("Allow", "GET, POST")),
        }
    }

    fn reply(&self, head: &Head, body: &[u8]) -> Reply {
        if let Some(reply) = self.fault.instead(head, body, &mut self.memory.lock().unwrap()) {
            return reply;
        }
        let reply = if head.method == "GET" { challenge(head) } else { delivery(head, body) };
        self.fault.afterwards(head, body, reply, &mut self.memory.lock().unwrap())
    }
}

fn challenge(head: &Head) -> Reply {
    match &head.parameters("crc_token")[..] {
        [token] if !token.is_empty() && token.is_ascii() && !token.contains(['{', '&', '\n']) => {
            challenge_answer(&sign(&secret(), token.as_bytes()))
        }
        _ => answer(400, ""),
    }
}

fn delivery(head: &Head, body: &[u8]) -> Reply {
    if head.values("x-twitter-webhooks-signature") != [sign(&secret(), body)] {
        return answer(401, "");
    }
    match serde_json::from_slice(body) {
        Ok(serde_json::Value::Object(_)) => answer(200, ""),
        _ => answer(400, ""),
    }
}

pub(crate) fn dechunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let line = bytes.windows(2).position(|two| two == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..line]).unwrap(), 16).unwrap();
        if size == 0 {
            return content;
        }
        content.extend_from_slice(&bytes[line + 2..line + 2 + size]);
        bytes = &bytes[line + 4 + size..];
    }
}
