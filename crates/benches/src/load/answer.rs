//! Parses responses and finds their end.

use httparse::{EMPTY_HEADER, Response, Status, parse_chunk_size};

/// A complete response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The length of head and body, in bytes.
    pub(super) length: usize,
    /// Whether the server will close the connection.
    pub(super) closes: bool,
}

impl Answer {
    /// Parses a response. Returns `None` while it is incomplete.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut headers = [EMPTY_HEADER; 48];
        let mut response = Response::new(&mut headers);
        let Status::Complete(head) = response.parse(bytes).expect("an answer of HTTP/1.1") else { return None };
        let header = |name: &str| {
            let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
            std::str::from_utf8(header.value).ok()
        };
        let has = |name: &str, what: &str| header(name).is_some_and(|value| value.eq_ignore_ascii_case(what));
        let length = match header("content-length") {
            Some(length) => length.parse().expect("a content-length"),
            None if has("transfer-encoding", "chunked") => chunked(&bytes[head..])?,
            None => panic!("an answer whose end is not told"),
        };
        let (status, closes) = (response.code.expect("a status"), has("connection", "close"));
        (bytes.len() >= head + length).then_some(Self { status, length: head + length, closes })
    }
}

/// Returns the length of a chunked body without trailers.
fn chunked(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    loop {
        let Status::Complete((line, size)) = parse_chunk_size(bytes.get(length..)?).expect("a chunk") else {
            return None;
        };
        length += line + size as usize + 2;
        if size == 0 {
            return Some(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_at_its_last_byte() {
        let with_length = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ndate: now\r\n\r\nok";
        let chunks = "HTTP/1.1 503 No\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
        for (text, status, closes) in [(with_length, 200, false), (chunks, 503, true)] {
            assert_eq!(Answer::read(text.as_bytes()), Some(Answer { status, length: text.len(), closes }));
            for cut in 0..text.len() {
                assert_eq!(Answer::read(&text.as_bytes()[..cut]), None, "cut at {cut}");
            }
        }
    }
}
