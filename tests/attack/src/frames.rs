//! Hand-written HTTP/2 frames that no library would send. Headers are literals without indexing.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use crate::outcome::Outcome;
use birdhook_test_harness::http_client::PATH;

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const ACK: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// Error code of a stream that its sender no longer wants.
pub const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// Returns the preface and settings that disable the server's header table. Each status can then be
/// decoded alone.
pub fn preface() -> Vec<u8> {
    const HEADER_TABLE_SIZE: [u8; 6] = [0, 1, 0, 0, 0, 0];
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frame(SETTINGS, 0, 0, &HEADER_TABLE_SIZE)].concat()
}

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Returns the header block of a request, with these additional headers.
pub fn block(method: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let own = [(":method", method), (":scheme", "http"), (":path", PATH), (":authority", "localhost")];
    own.iter().chain(headers).flat_map(|(name, value)| literal(name.as_bytes(), value.as_bytes())).collect()
}

/// Returns a header without indexing and compression.
pub fn literal(name: &[u8], value: &[u8]) -> Vec<u8> {
    [&[0], length(name.len()).as_slice(), name, &length(value.len()), value].concat()
}

/// Encodes a length as HPACK does: seven bits, and more bytes as needed.
fn length(mut value: usize) -> Vec<u8> {
    const PREFIX: usize = 127;
    if value < PREFIX {
        return vec![value as u8];
    }
    let mut bytes = vec![PREFIX as u8];
    value -= PREFIX;
    while value >= 128 {
        bytes.push((value % 128) as u8 | 128);
        value /= 128;
    }
    bytes.push(value as u8);
    bytes
}

#[derive(Debug)]
pub enum Said {
    /// A stream, and its status.
    Status(u32, u16),
    /// A stream, and the error that ends it.
    Reset(u32, u32),
    GoAway(u32),
    /// Settings, which must be acknowledged.
    Settings,
    /// The number of bytes by which the connection's window grows.
    Window(u32),
    Other,
}

pub struct Connection {
    pub reader: Listener,
    pub writer: OwnedWriteHalf,
}

impl Connection {
    pub async fn open(server: SocketAddr) -> std::io::Result<Self> {
        let (reader, mut writer) = birdhook_test_harness::http_client::connect(server).await?.into_split();
        writer.write_all(&preface()).await?;
        Ok(Self { reader: Listener { reader }, writer })
    }

    /// Writes frames up to `times` times, until the server ends the connection. Returns the
    /// outcome.
    pub async fn flood(self, mut bytes: impl FnMut(u32) -> Vec<u8> + Send, times: u32, after: Duration) -> Outcome {
        let Self { mut reader, mut writer } = self;
        let writing = async {
            for time in 0..times {
                if writer.write_all(&bytes(time)).await.is_err() {
                    break;
                }
            }
            tokio::time::sleep(after).await;
        };
        tokio::select! {
            // Reads during the flood, because unread responses would stop the flood itself.
            ended = reader.ended() => ended,
            () = writing => timeout(Duration::from_millis(100), reader.ended()).await.unwrap_or(Outcome::Open),
        }
    }
}

pub struct Listener {
    reader: OwnedReadHalf,
}

impl Listener {
    /// Returns the next frame, or `None` once the connection has ended.
    pub async fn next(&mut self) -> Option<Said> {
        let mut head = [0; 9];
        self.reader.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let mut payload = vec![0; length];
        self.reader.read_exact(&mut payload).await.ok()?;
        let number = |at: usize| payload.get(at..at + 4).map_or(0, |four| u32::from_be_bytes(four.try_into().unwrap()));
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Some(match head[3] {
            HEADERS => Said::Status(stream, status(&payload)),
            RST_STREAM => Said::Reset(stream, number(0)),
            GOAWAY => Said::GoAway(number(4)),
            SETTINGS if head[4] & ACK == 0 => Said::Settings,
            WINDOW_UPDATE if stream == 0 => Said::Window(number(0)),
            _ => Said::Other,
        })
    }

    /// Waits for the end of the connection. Returns the error of its GOAWAY frame, if there is one.
    pub async fn ended(&mut self) -> Outcome {
        let mut outcome = Outcome::Closed;
        while let Some(said) = self.next().await {
            if let Said::GoAway(error) = said {
                outcome = Outcome::GoAway(error);
            }
        }
        outcome
    }

    pub async fn outcome(&mut self, wanted: u32) -> Outcome {
        loop {
            match self.next().await {
                Some(Said::Status(stream, status)) if stream == wanted && status >= 200 => {
                    return Outcome::Status(status);
                }
                Some(Said::Reset(stream, error)) if stream == wanted => return Outcome::Reset(error),
                Some(Said::GoAway(error)) => return Outcome::GoAway(error),
                Some(_) => {}
                None => return Outcome::Closed,
            }
        }
    }
}

/// Returns the response of a server without HTTP/2 to the preface.
pub async fn refusal(server: SocketAddr) -> Outcome {
    crate::outcome::ask(server, &[&preface()], Duration::from_secs(3)).await.outcome
}

/// Returns the status at the start of a header block that refers to no earlier block.
fn status(block: &[u8]) -> u16 {
    const INDEXED: [(u8, u16); 7] =
        [(0x88, 200), (0x89, 204), (0x8a, 206), (0x8b, 304), (0x8c, 400), (0x8d, 404), (0x8e, 500)];
    // A change of the table size may come first, because our settings demand it.
    let changes = block.iter().take_while(|byte| **byte & 0xe0 == 0x20).count();
    let block = &block[changes..];
    match block {
        [byte, ..] if byte & 0x80 != 0 => {
            INDEXED.iter().find(|(index, _)| index == byte).map_or(0, |(_, status)| *status)
        }
        // The name is one of the statuses 8 to 14 of the static table.
        [byte, length, text @ ..] if matches!(byte & 0x0f, 8..=14) => {
            let text = &text[..text.len().min(usize::from(length & 0x7f))];
            let digits = if length & 0x80 == 0 { String::from_utf8_lossy(text).into_owned() } else { huffman(text) };
            digits.parse().unwrap_or(0)
        }
        _ => 0,
    }
}

/// Decodes digits compressed by HPACK: 0 to 2 have five bits, 3 to 9 have six.
fn huffman(bytes: &[u8]) -> String {
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let (mut digits, mut bits) = (String::new(), bits.as_str());
    let take = |bits: &str, count: usize| bits.get(..count).and_then(|bits| u8::from_str_radix(bits, 2).ok());
    loop {
        match (take(bits, 5), take(bits, 6)) {
            (Some(five @ 0..=2), _) => {
                digits.push(char::from(b'0' + five));
                bits = &bits[5..];
            }
            (_, Some(six @ 0b01_1001..=0b01_1111)) => {
                digits.push(char::from(b'3' + six - 0b01_1001));
                bits = &bits[6..];
            }
            _ => return digits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_however_it_is_written() {
        assert_eq!(status(&[0x88]), 200);
        assert_eq!(status(&[0x20, 0x8c, 0]), 400);
        assert_eq!(status(&[0x48, 3, b'4', b'0', b'1']), 401);
        // 413: 011010 00001 011001, then ones to the end of the byte.
        assert_eq!(status(&[0x08, 0x83, 0b0110_1000, 0b0010_1100, 0b1111_1111]), 413);
    }

    #[test]
    fn lengths_go_on_behind_seven_bits() {
        assert_eq!(length(126), [126]);
        assert_eq!(length(127), [127, 0]);
        assert_eq!(length(127 + 300), [127, 0xac, 2]);
    }
}
