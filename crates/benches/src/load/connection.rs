//! One connection, with one request under way.

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
    /// When the request that is under way was due.
    due: Option<Instant>,
}

/// What reading brings.
pub(super) enum Received {
    Nothing,
    /// And when its request was due.
    Answer(Answer, Instant),
    /// Without an answer.
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

    /// Sends what was not taken yet.
    pub(super) fn send_on(&mut self) {
        if !self.unsent.is_empty() {
            let sent = write(&mut self.stream, &self.unsent);
            self.unsent.drain(..sent);
        }
    }

    /// Sends all of a request but its last byte, which waits to be [released](Self::release).
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

    /// Whether the server has answered, and may still wait for the rest of the request.
    pub(super) fn is_unfinished(&self) -> bool {
        self.withheld.is_some() || !self.unsent.is_empty()
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.due.is_some()
    }
}

/// How much of it was taken.
fn write(stream: &mut TcpStream, bytes: &[u8]) -> usize {
    let mut sent = 0;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(length) => sent += length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            // What is wrong shows in reading, after an answer that may be there.
            Err(_) => return bytes.len(),
        }
    }
    sent
}
