//! A receiver written only from X's documentation, with at most one planted fault.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use birdhook_core::Secret;
use birdhook_testkit::sign;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::fault::Fault;

pub(crate) const SECRET: &str = "z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu";
const LIMIT: usize = 1 << 20;

pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    fn parse(text: &str) -> Self {
        let mut lines = text.split("\r\n");
        let mut words = lines.next().unwrap().split(' ');
        let (method, target) = (words.next().unwrap().to_owned(), words.next().unwrap());
        let query = target.split_once('?').map_or("", |(_, query)| query).to_owned();
        let headers =
            lines.filter_map(|line| line.split_once(": ").map(|(n, v)| (n.to_owned(), v.to_owned()))).collect();
        Self { method, query, headers }
    }

    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect()
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

pub(crate) enum Reply {
    Answer(Answer),
    /// Responds without a length, and leaves the connection open.
    Endless(String),
    /// Never responds.
    Hang,
    /// Closes the connection.
    Close,
    /// Ends the process.
    Crash,
}

#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Number of bytes that `Content-Length` announces but that are not sent.
    missing: usize,
    after: Duration,
}

pub(crate) fn answer(status: u16, body: impl Into<Vec<u8>>) -> Reply {
    Reply::Answer(Answer { status, body: body.into(), ..Answer::default() })
}

pub(crate) fn json(body: impl Into<Vec<u8>>) -> Reply {
    answer(200, body).header("Content-Type", "application/json")
}

impl Reply {
    fn with(mut self, change: impl FnOnce(&mut Answer)) -> Self {
        if let Self::Answer(answer) = &mut self {
            change(answer);
        }
        self
    }

    pub(crate) fn header(self, name: &'static str, value: impl Into<String>) -> Self {
        self.with(|answer| {
            answer.headers.retain(|(other, _)| *other != name);
            answer.headers.push((name, value.into()));
        })
    }

    pub(crate) fn missing(self, bytes: usize) -> Self {
        self.with(|answer| answer.missing = bytes)
    }

    pub(crate) fn after(self, milliseconds: u64) -> Self {
        self.with(|answer| answer.after = Duration::from_millis(milliseconds))
    }
}

#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) seen: HashSet<Vec<u8>>,
    pub(crate) in_flight: HashSet<Vec<u8>>,
    pub(crate) challenges: usize,
    pub(crate) first_answer: Option<String>,
    pub(crate) deliveries: usize,
    pub(crate) is_ill: bool,
}

/// Returns a reply that replaces the receiver's, for example that of a proxy.
pub(crate) type Answering = fn(&Head) -> Option<Reply>;

#[derive(Clone)]
pub(crate) struct Receiver {
    fault: Fault,
    answering: Option<Answering>,
    memory: Arc<Mutex<Memory>>,
    crashed: Arc<Notify>,
}

pub(crate) fn secret() -> Secret {
    Secret::new(SECRET).unwrap()
}

pub(crate) fn challenge_answer(token: &str) -> Reply {
    json(format!(r#"{{"response_token":"{token}"}}"#))
}

/// Serves each connection to a free loopback port until `stop` resolves.
pub(crate) async fn listen<F>(
    stop: impl Future<Output = ()> + Send + 'static,
    serve: impl Fn(TcpStream) -> F + Send + Sync + 'static,
) -> SocketAddr
where
    F: Future<Output: Send> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let accepting = async {
            loop {
                tokio::spawn(serve(listener.accept().await.unwrap().0));
            }
        };
        tokio::select! {
            biased;
            () = stop => {}
            () = accepting => {}
        }
    });
    address
}

/// Reads the head of a request and the first bytes of its body, unless the connection ends.
pub(crate) async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<(Head, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            return Some((Head::parse(std::str::from_utf8(&bytes[..end]).unwrap()), body));
        }
        if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
            return None;
        }
    }
}

pub(crate) async fn read_body(stream: &mut (impl AsyncRead + Unpin), head: &Head, mut body: Vec<u8>) -> Vec<u8> {
    if head.values("transfer-encoding").is_empty() {
        while body.len() < head.length() && matches!(stream.read_buf(&mut body).await, Ok(1..)) {}
        return body;
    }
    while !body.ends_with(b"0\r\n\r\n") && matches!(stream.read_buf(&mut body).await, Ok(1..)) {}
    dechunk(&body)
}

/// Writes a response whose `Content-Length` is `length`, and closes the connection.
pub(crate) async fn respond(
    stream: &mut (impl AsyncWrite + Unpin),
    (status, length): (u16, usize),
    headers: impl IntoIterator<Item = (&str, &str)>,
    body: &[u8],
) {
    let mut head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n");
    headers.into_iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
    let _ = stream.write_all(&[head.as_bytes(), b"\r\n", body].concat()).await;
    let _ = stream.shutdown().await;
}

impl Receiver {
    pub(crate) fn without_listener(fault: Fault) -> Self {
        Self { fault, answering: None, memory: Arc::default(), crashed: Arc::default() }
    }

    /// Starts a correct receiver with other replies.
    pub(crate) async fn start_with(answering: Answering) -> SocketAddr {
        Self { answering: Some(answering), ..Self::without_listener(Fault::None) }.listen().await
    }

    pub(crate) async fn start(fault: Fault) -> SocketAddr {
        Self::without_listener(fault).listen().await
    }

    async fn listen(self) -> SocketAddr {
        let receiver = self;
        let crashed = Arc::clone(&receiver.crashed);
        listen(async move { crashed.notified().await }, move |stream| receiver.clone().serve(stream)).await
    }

    pub(crate) async fn serve(self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let Some((head, mut body)) = read_head(&mut stream).await else { return };
        let reply = match self.before_body(&head) {
            Some(reply) => reply,
            None => {
                body = read_body(&mut stream, &head, body).await;
                self.reply(&head, &body)
            }
        };
        match reply {
            Reply::Answer(Answer { status, headers, body: text, missing, after }) => {
                tokio::time::sleep(after).await;
                let headers = headers.iter().map(|(name, value)| (*name, &**value));
                let sent = if head.method == "HEAD" { b"" } else { &text[..] };
                respond(&mut stream, (status, text.len() + missing), headers, sent).await;
            }
            Reply::Endless(text) => {
                let head = "HTTP/1.1 200 X\r\nContent-Type: application/json\r\n\r\n";
                let _ = stream.write_all(format!("{head}{text}").as_bytes()).await;
                std::future::pending::<()>().await;
            }
            Reply::Close => {}
            Reply::Hang => std::future::pending().await,
            Reply::Crash => self.crashed.notify_one(),
        }
        self.memory.lock().unwrap().in_flight.remove(&body);
    }

    /// Returns the reply if it does not depend on the body.
    fn before_body(&self, head: &Head) -> Option<Reply> {
        if let Some(reply) = self.answering.and_then(|answering| answering(head)) {
            return Some(reply);
        }
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
        self.fault.afterwards(if head.method == "GET" { challenge(head) } else { delivery(head, body) }, head)
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

fn dechunk(mut bytes: &[u8]) -> Vec<u8> {
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
