//! One request and its answer, as the bytes of HTTP/1.1: wrong, repeated and oddly written as no
//! HTTP library would send it.

use std::fmt::Write;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use birdhook_core::SecretKind;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::tls::TlsFault;

/// What became of a request.
pub(super) type Exchange = Result<Answer, NoAnswer>;

/// As much of an answer as is looked at, in bytes.
const ENOUGH: usize = 1 << 20;

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    method: &'static str,
    /// Added to the URL's own query.
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Bytes,
    chunked: bool,
}

impl Ask {
    /// A challenge, in X's manner: with an empty `User-Agent`.
    pub(super) fn get(query: impl Into<String>) -> Self {
        Self::new("GET", query.into(), Bytes::new()).header("Accept", "*/*").header("User-Agent", "")
    }

    /// A delivery without a signature.
    pub(super) fn post(body: impl Into<Bytes>) -> Self {
        Self::new("POST", String::new(), body.into()).header("Content-Type", "application/json")
    }

    /// Adds signatures, each in the header of its kind.
    pub(super) fn signed(self, signatures: impl IntoIterator<Item = (SecretKind, String)>) -> Self {
        signatures.into_iter().fold(self, |ask, (kind, signature)| ask.header(signature_header(kind), signature))
    }

    pub(super) fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    pub(super) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    pub(super) fn without_header(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self
    }

    /// Writes the names of all headers otherwise.
    pub(super) fn names_as(mut self, write: impl Fn(&str) -> String) -> Self {
        self.headers.iter_mut().for_each(|(name, _)| *name = write(name));
        self
    }

    /// Sends the body in chunks, without saying its length before.
    pub(super) fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    pub(super) fn query(&self) -> &str {
        &self.query
    }

    pub(super) fn body(&self) -> &Bytes {
        &self.body
    }

    fn new(method: &'static str, query: String, body: Bytes) -> Self {
        Self { method, query, headers: Vec::new(), body, chunked: false }
    }

    /// The request up to its body.
    pub(super) fn head(&self, target: &str, authority: &str) -> Vec<u8> {
        let mut head = format!("{} {target} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n", self.method);
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

    /// Sends it and reads the answer, which may come before all is sent.
    pub(super) async fn over<S>(&self, stream: S, target: &str, authority: &str) -> Exchange
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let all_sent = AtomicBool::new(false);
        let writing = async {
            if self.write(&mut writer, target, authority).await.is_ok() {
                all_sent.store(true, Ordering::Relaxed);
            }
            // A receiver that has answered may have closed its side: whatever came of the writing,
            // the answer counts.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            answer = read(&mut reader, self.method == "HEAD") => {
                answer.map(|answer| Answer { all_sent: all_sent.load(Ordering::Relaxed), ..answer })
            }
            () = writing => Err(NoAnswer::Closed),
        }
    }

    async fn write(&self, writer: &mut (impl AsyncWrite + Unpin), target: &str, authority: &str) -> io::Result<()> {
        let mut head = self.head(target, authority);
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

/// [`birdhook_core::signature::HEADER`], written as X does.
pub(super) fn signature_header(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::Consumer => "X-Twitter-Webhooks-Signature",
        SecretKind::Client => "X-Twitter-Webhooks-Signature-OAuth2",
    }
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// From before the connection was made until the last byte of the answer.
    pub(super) took: Duration,
    /// Whether all of the body came that was announced.
    pub(super) is_whole: bool,
    /// Whether the whole request was sent before the answer came.
    pub(super) all_sent: bool,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(super) fn is_refusal(&self) -> bool {
        (400..500).contains(&self.status) || self.status == 501
    }

    pub(super) fn is_redirect(&self) -> bool {
        (300..400).contains(&self.status)
    }

    /// In a word.
    pub(super) fn seen(&self) -> String {
        format!("answered {}", self.status)
    }
}

/// Why there was no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error("the connection was refused")]
    Refused,
    #[error("no connection: {0}")]
    Unreachable(io::ErrorKind),
    #[error("no TLS connection: {0}")]
    Tls(TlsFault),
    #[error("the connection was closed without an answer")]
    Closed,
    #[error("the answer is not HTTP/1.1")]
    NotHttp,
    #[error("no answer within {:?}", .0)]
    TimedOut(Duration),
}

/// Reads an answer, past those of 1xx.
pub(super) async fn read(reader: &mut (impl AsyncRead + Unpin), bodyless: bool) -> Exchange {
    let mut bytes = Vec::new();
    let (mut answer, head) = loop {
        match parse(&bytes)? {
            Some((answer, head)) if answer.status < 200 => drop((answer, bytes.drain(..head))),
            Some(complete) => break complete,
            None if more(reader, &mut bytes).await? => {}
            None => return Err(NoAnswer::Closed),
        }
    };
    let mut body = bytes.split_off(head);
    let chunked =
        answer.header("transfer-encoding").is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"));
    let length = answer.header("content-length").and_then(|length| length.trim().parse::<usize>().ok());
    if bodyless || matches!(answer.status, 204 | 304) {
        body.clear();
        answer.is_whole = true;
    } else if chunked {
        while body.len() < ENOUGH && dechunked(&body).is_none() && more(reader, &mut body).await? {}
        let content = dechunked(&body);
        answer.is_whole = content.is_some() || body.len() >= ENOUGH;
        body = content.unwrap_or(body);
    } else {
        while body.len() < length.unwrap_or(ENOUGH).min(ENOUGH) && more(reader, &mut body).await? {}
        answer.is_whole = length.is_none_or(|length| body.len() >= length.min(ENOUGH));
        body.truncate(length.unwrap_or(ENOUGH));
    }
    answer.body = body;
    Ok(answer)
}

/// Reads on; false at the end.
async fn more(reader: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> Result<bool, NoAnswer> {
    match reader.read_buf(bytes).await {
        Ok(read) => Ok(read > 0),
        // TLS without a farewell, which many servers spare themselves.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(_) if bytes.is_empty() => Err(NoAnswer::Closed),
        // The connection was reset behind an answer that may be complete.
        Err(_) => Ok(false),
    }
}

/// An answer without its body, and how long that is; `None` when more must be read.
fn parse(bytes: &[u8]) -> Result<Option<(Answer, usize)>, NoAnswer> {
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut head = httparse::Response::new(&mut headers);
    match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => {
            let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
            let headers = head.headers.iter().map(|header| (header.name.to_owned(), text(header.value))).collect();
            Ok(Some((Answer { status: head.code.unwrap_or(0), headers, ..Answer::default() }, length)))
        }
        Ok(httparse::Status::Partial) if bytes.len() < ENOUGH => Ok(None),
        _ => Err(NoAnswer::NotHttp),
    }
}

/// The content of a body of chunks, once its last one is there.
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
