//! A request and its response as raw HTTP/1.1 bytes, because HTTP libraries do not send requests as
//! malformed as the checks need.

use std::fmt::Write;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use birdhook_core::SecretKind;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use crate::tls::TlsFault;

pub(crate) type Exchange = Result<Response, NoResponse>;

/// Words with which apps refuse a delivery, in lower case.
const REFUSALS: &[&str] = &[
    "invalid signature",
    "invalid_signature",
    "bad signature",
    "wrong signature",
    "missing signature",
    "signature mismatch",
    "signature does not match",
    "signature is invalid",
    "signature invalid",
    "signature verification failed",
    "unauthorized",
    "forbidden",
    "access denied",
    "not authorized",
];

/// Time without a byte after which the end of a body is no longer expected.
const IDLE: Duration = Duration::from_secs(5);

const MAX_READ: usize = 1 << 20;

#[derive(Clone, Debug)]
pub(crate) struct RawRequest {
    pub(crate) method: &'static str,
    /// Appended to the URL's own query.
    pub(crate) query: String,
    headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Bytes,
    chunked: bool,
}

impl RawRequest {
    /// Creates a challenge, with an empty `User-Agent` as X sends it.
    pub(crate) fn get(query: impl Into<String>) -> Self {
        Self::new("GET", query.into(), Bytes::new()).header("Accept", "*/*").header("User-Agent", "")
    }

    /// Creates a delivery without a signature.
    pub(crate) fn post(body: impl Into<Bytes>) -> Self {
        Self::new("POST", String::new(), body.into()).header("Content-Type", "application/json")
    }

    /// Adds signatures, each in the header for its kind of secret.
    pub(crate) fn signed(self, signatures: impl IntoIterator<Item = (SecretKind, String)>) -> Self {
        signatures
            .into_iter()
            .fold(self, |request, (kind, signature)| request.header(signature_header(kind), signature))
    }

    pub(crate) fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Names a client, as X does not.
    pub(crate) fn with_user_agent(mut self, value: &str) -> Self {
        self.headers.retain(|(name, _)| name != "User-Agent");
        self.header("User-Agent", value)
    }

    pub(crate) fn with_charset(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "Content-Type");
        self.header("Content-Type", "application/json; charset=utf-8")
    }

    pub(crate) fn with_empty_header(self) -> Self {
        self.header("Finagle-Http-Retryable-Request", "")
    }

    pub(crate) fn map_header_names(mut self, write: impl Fn(&str) -> String) -> Self {
        self.headers.iter_mut().for_each(|(name, _)| *name = write(name));
        self
    }

    /// Sends the body in chunks, without a `Content-Length`.
    pub(crate) fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    fn new(method: &'static str, query: String, body: Bytes) -> Self {
        Self { method, query, headers: Vec::new(), body, chunked: false }
    }

    pub(crate) fn head(&self, path: &str, authority: &str) -> Vec<u8> {
        let mut head = format!("{} {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n", self.method);
        if self.chunked {
            head.push_str("Transfer-Encoding: chunked\r\n");
        } else if !matches!(self.method, "GET" | "HEAD") {
            let _ = write!(head, "Content-Length: {}\r\n", self.body.len());
        }
        let mut head = head.into_bytes();
        for (name, value) in &self.headers {
            for part in [name.as_bytes(), b": ", value, b"\r\n"] {
                head.extend_from_slice(part);
            }
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    /// Sends the request and reads the response, which may arrive before everything is sent.
    pub(crate) async fn send_over<S>(&self, stream: S, path: &str, authority: &str) -> Exchange
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let all_sent = AtomicBool::new(false);
        let writing = async {
            if self.write(&mut writer, path, authority).await.is_ok() {
                all_sent.store(true, Ordering::Relaxed);
            }
            // Ignores write errors: a server that has responded may already have closed its side.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            response = read(&mut reader, self.method == "HEAD", Some(IDLE)) => {
                response.map(|response| Response { all_sent: all_sent.load(Ordering::Relaxed), ..response })
            }
            () = writing => Err(NoResponse::Closed),
        }
    }

    async fn write(&self, writer: &mut (impl AsyncWrite + Unpin), path: &str, authority: &str) -> io::Result<()> {
        let mut head = self.head(path, authority);
        if self.chunked {
            for chunk in self.body.chunks(100) {
                head.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                head.extend_from_slice(chunk);
                head.extend_from_slice(b"\r\n");
            }
            head.extend_from_slice(b"0\r\n\r\n");
            writer.write_all(&head).await?;
        } else {
            writer.write_all(&head).await?;
            writer.write_all(&self.body).await?;
        }
        writer.flush().await
    }
}

/// Returns the name of the signature header ([`birdhook_core::signature::HEADER`] for the consumer
/// secret), in X's capitalization.
pub(crate) fn signature_header(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::Consumer => "X-Twitter-Webhooks-Signature",
        SecretKind::Client => "X-Twitter-Webhooks-Signature-OAuth2",
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Time from opening the connection to the last byte of the response.
    pub(crate) took: Duration,
    pub(crate) is_whole: bool,
    /// Whether the connection stays open, and the end of the body does not come.
    pub(crate) never_ends: bool,
    /// Whether the whole request was sent before the response arrived.
    pub(crate) all_sent: bool,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns whether a body of status 200 says that the request was refused, as wrapped responses
    /// of functions and some apps do.
    pub(crate) fn refuses_in_words(&self) -> bool {
        if self.body.len() > 2_000 {
            return false;
        }
        let text = String::from_utf8_lossy(&self.body).to_ascii_lowercase();
        let json = serde_json::from_str::<serde_json::Value>(&text).unwrap_or_default();
        let status = json.get("statuscode").or_else(|| json.get("status"));
        let number = status.and_then(|status| status.as_u64().or_else(|| status.as_str()?.parse().ok()));
        number.is_some_and(|number| (400..600).contains(&number)) || REFUSALS.iter().any(|words| text.contains(words))
    }

    pub(crate) fn is_rejection(&self) -> bool {
        (400..500).contains(&self.status) || self.status == 501
    }

    pub(crate) fn is_redirect(&self) -> bool {
        (300..400).contains(&self.status)
    }

    pub(crate) fn summary(&self) -> String {
        format!("answered {}", self.status)
    }
}

#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum NoResponse {
    #[error("the connection was refused")]
    Refused,
    #[error("no connection: {0}")]
    Unreachable(io::ErrorKind),
    #[error("no TLS connection: {0}")]
    Tls(TlsFault),
    #[error("the connection was closed without a response")]
    Closed,
    #[error("the response is not HTTP/1.1")]
    NotHttp,
    #[error("the response is TLS, not HTTP")]
    TlsPort,
    #[error("no response within {:?}", .0)]
    TimedOut(Duration),
}

/// Reads a response, skipping 1xx responses. Stops when no byte of the body arrives for the time
/// `idle`; without it, no timer is needed.
pub(crate) async fn read(reader: &mut (impl AsyncRead + Unpin), bodyless: bool, idle: Option<Duration>) -> Exchange {
    let mut bytes = Vec::new();
    let (mut response, head) = loop {
        match parse(&bytes)? {
            Some((response, head)) if response.status < 200 => drop((response, bytes.drain(..head))),
            Some(complete) => break complete,
            None if more(reader, &mut bytes).await? => {}
            None => return Err(NoResponse::Closed),
        }
    };
    let mut body = bytes.split_off(head);
    let chunked =
        response.header("transfer-encoding").is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"));
    let length = response.header("content-length").and_then(|length| length.trim().parse::<usize>().ok());
    if bodyless || matches!(response.status, 204 | 304) {
        body.clear();
        response.is_whole = true;
    } else {
        let expected = length.unwrap_or(MAX_READ).min(MAX_READ);
        let is_complete = |body: &[u8]| match chunked {
            true => body.len() >= MAX_READ || dechunked(body).is_some(),
            false => body.len() >= expected,
        };
        let mut is_open = true;
        while is_open && !is_complete(&body) {
            let read = match idle {
                Some(idle) => timeout(idle, more(reader, &mut body)).await,
                None => Ok(more(reader, &mut body).await),
            };
            match read {
                Ok(read) => is_open = read?,
                Err(_) => {
                    response.never_ends = true;
                    break;
                }
            }
        }
        // Without a length, the end of the connection is the end of the body.
        let ends_with_connection = !chunked && length.is_none() && !response.never_ends;
        response.is_whole = is_complete(&body) || ends_with_connection;
        match chunked {
            true => body = dechunked(&body).unwrap_or(body),
            false => body.truncate(length.unwrap_or(MAX_READ)),
        }
    }
    response.body = body;
    Ok(response)
}

/// Reads more bytes. Returns false at the end of the stream.
async fn more(reader: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> Result<bool, NoResponse> {
    match reader.read_buf(bytes).await {
        Ok(read) => Ok(read > 0),
        // Many servers close TLS connections without `close_notify`.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(_) if bytes.is_empty() => Err(NoResponse::Closed),
        // The connection was reset after a response that may be complete.
        Err(_) => Ok(false),
    }
}

/// Parses a response head and returns it with its length; `None` if more bytes are needed.
fn parse(bytes: &[u8]) -> Result<Option<(Response, usize)>, NoResponse> {
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut head = httparse::Response::new(&mut headers);
    match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => {
            let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
            let headers = head.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect();
            Ok(Some((Response { status: head.code.unwrap_or(0), headers, ..Response::default() }, length)))
        }
        Ok(httparse::Status::Partial) if bytes.len() < MAX_READ => Ok(None),
        // A TLS record: an alert or a handshake.
        _ if matches!(bytes, [0x15 | 0x16, 0x03, ..]) => Err(NoResponse::TlsPort),
        _ => Err(NoResponse::NotHttp),
    }
}

/// Decodes a chunked body; `None` until its last chunk has arrived.
fn dechunked(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    loop {
        let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(bytes) else { return None };
        let size = usize::try_from(size).ok()?;
        if size == 0 {
            return Some(content);
        }
        content.extend_from_slice(bytes.get(start..start.checked_add(size)?)?);
        bytes = bytes.get(start + size + 2..)?;
    }
}
