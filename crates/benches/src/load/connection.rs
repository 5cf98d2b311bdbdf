//! A connection with at most one request in flight.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::Instant;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::answer::Answer;

pub(super) struct Connection {
    stream: TcpStream,
    unsent: Vec<u8>,
    withheld: Option<u8>,
    received: Vec<u8>,
    /// The due time of the request in flight.
    due: Option<Instant>,
}

/// The result of a read.
pub(super) enum Received {
    Nothing,
    /// A response, and the due time of its request.
    Answer(Answer, Instant),
    /// The server closed the connection without a response.
    Closed,
}

impl Connection {
    pub(super) fn open(address: SocketAddr, registry: &Registry, number: usize) -> Self {
        let stream = std::net::TcpStream::connect(address).expect("a server that accepts");
        stream.set_nodelay(true).expect("a socket");
        stream.set_nonblocking(true).expect("a socket");
        let mut stream = TcpStream::from_std(stream);
        let interests = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut stream, Token(number), interests).expect("a poll that takes it");
        Self { stream, unsent: Vec::new(), withheld: None, received: Vec::new(), due: None }
    }

    pub(super) fn send(&mut self, request: &[u8], due: Instant) {
        self.due = Some(due);
        let sent = write(&mut self.stream, request);
        self.unsent.extend_from_slice(&request[sent..]);
    }

    /// Sends the bytes that the socket has not accepted yet.
    pub(super) fn send_on(&mut self) {
        if !self.unsent.is_empty() {
            let sent = write(&mut self.stream, &self.unsent);
            self.unsent.drain(..sent);
        }
    }

    /// Sends a request except for its last byte, which [`release`](Self::release) sends.
    pub(super) fn send_but_the_last_byte(&mut self, request: &[u8], due: Instant) {
        let (last, most) = request.split_last().expect("a request");
        self.withheld = Some(*last);
        self.send(most, due);
    }

    pub(super) fn release(&mut self) {
        self.unsent.extend(self.withheld.take());
        self.send_on();
    }

    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Received {
        loop {
            let length = match self.stream.read(buffer) {
                Ok(length) if length > 0 => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Received::Nothing,
                _ => return Received::Closed,
            };
            let part = &buffer[..length];
            let whole = if self.received.is_empty() { Answer::read(part) } else { None };
            let answer = whole.or_else(|| {
                self.received.extend_from_slice(part);
                Answer::read(&self.received)
            });
            if let Some(answer) = answer {
                assert_eq!(answer.length, part.len().max(self.received.len()), "more than an answer");
                self.received.clear();
                return Received::Answer(answer, self.due.take().expect("an answer to a request"));
            }
        }
    }

    /// Returns whether the server responded while a part of the request was still unsent.
    pub(super) fn is_unfinished(&self) -> bool {
        self.withheld.is_some() || !self.unsent.is_empty()
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.due.is_some()
    }
}

/// Writes as much as the socket accepts. Returns the number of bytes.
fn write(stream: &mut TcpStream, bytes: &[u8]) -> usize {
    let mut sent = 0;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(length) => sent += length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            // The next read reports the error, after a response that the server may have sent
            // first.
            Err(_) => return bytes.len(),
        }
    }
    sent
}
