//! The doctor reads a response alike in any pieces, and accepts a token if and only if it is
//! correct.
//!
//! The input is a response, and after the last NUL the sizes of the pieces in which it arrives.
#![no_main]

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use birdhook_core::{Secret, signature};
use birdhook_doctor::fuzzing;
use birdhook_fuzz::now;
use birdhook_testkit::Challenge;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncRead, ReadBuf};

const SECRET: &str = "a-consumer-secret";
const TOKEN: &str = "t+k n";

/// Bytes that arrive in pieces of these sizes, repeated cyclically.
struct Pieces<'a> {
    rest: &'a [u8],
    sizes: std::iter::Cycle<std::slice::Iter<'a, u8>>,
}

impl<'a> Pieces<'a> {
    fn new(bytes: &'a [u8], sizes: &'a [u8]) -> Self {
        Self { rest: bytes, sizes: sizes.iter().cycle() }
    }
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let size = self.sizes.next().map_or(usize::MAX, |&size| usize::from(size).max(1));
        let (piece, rest) = self.rest.split_at(size.min(into.remaining()).min(self.rest.len()));
        into.put_slice(piece);
        self.rest = rest;
        Poll::Ready(Ok(()))
    }
}

fuzz_target!(|data: &[u8]| {
    let at = data.iter().rposition(|&byte| byte == 0).unwrap_or(data.len());
    let (bytes, sizes) = (&data[..at], data.get(at + 1..).unwrap_or_default());
    for to_head in [false, true] {
        let whole = now(fuzzing::response(&mut Pieces::new(bytes, &[]), to_head));
        let in_pieces = now(fuzzing::response(&mut Pieces::new(bytes, sizes), to_head));
        assert_eq!(whole, in_pieces);
        let Ok((status, _, body)) = whole else { continue };
        assert!(status >= 200, "{status} is not the answer");
        assert!(body.len() <= bytes.len() && !(to_head && !body.is_empty()));
    }

    // A chunked body is read as the content of its chunks.
    let mut chunked = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let (mut left, mut next) = (bytes, sizes.iter());
    while !left.is_empty() {
        let (chunk, rest) = left.split_at(next.next().map_or(left.len(), |&s| usize::from(s).clamp(1, left.len())));
        chunked.extend_from_slice(format!("{:X};x=y\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
        left = rest;
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let read = now(fuzzing::response(&mut Pieces::new(&chunked, sizes), false)).expect("an answer");
    assert_eq!((read.0, &*read.2), (200, bytes));

    let Ok(token) = std::str::from_utf8(bytes) else { return };
    let secret = Secret::new(SECRET).expect("a good secret");
    let right = signature::sign(&secret, TOKEN.as_bytes());
    let fault = fuzzing::fault(token, &Challenge::new(TOKEN).nonce("n1"), &secret, SECRET);
    assert_eq!(fault.is_none(), token == right, "{fault:?}");
});
