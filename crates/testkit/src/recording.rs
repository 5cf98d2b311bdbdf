//! Recorded deliveries: a file of lines, each of them a JSON object.

use std::io::{self, BufRead, Write};
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use birdhook_core::Timestamp;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A recorded request: one line of a recording.
///
/// ```json
/// {"time":"2026-11-23T09:30:00.123Z","method":"POST","target":"/webhooks/twitter","headers":[["content-type","application/json"]],"body":"{}"}
/// ```
///
/// A body that is not UTF-8 is stored in base64 as `body_base64`. A header value that is not UTF-8
/// is stored as `{"base64":"..."}` in place of the string.
///
/// ```
/// use birdhook_testkit::Recorded;
///
/// let line = r#"{"time":"2026-11-23T09:30:00Z","method":"POST","target":"/","headers":[],"body":"{}"}"#;
/// let recorded: Recorded = line.parse()?;
/// assert_eq!(recorded.body, "{}");
/// assert_eq!(recorded.to_string(), line);
/// # Ok::<(), birdhook_testkit::RecordingError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
    /// The time of arrival.
    pub time: Timestamp,
    /// The method.
    pub method: String,
    /// The path and query.
    pub target: String,
    /// The headers in their original order.
    pub headers: Vec<(String, Bytes)>,
    /// The body.
    pub body: Bytes,
}

impl Recorded {
    /// Records a request with the current time.
    pub fn now(request: &http::Request<Bytes>) -> Self {
        Self::new(crate::request::now(), request)
    }

    /// Records a request with the given time.
    pub fn new(time: Timestamp, request: &http::Request<Bytes>) -> Self {
        let value = |value: &http::HeaderValue| Bytes::copy_from_slice(value.as_bytes());
        Self {
            time,
            method: request.method().to_string(),
            target: request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned(),
            headers: request.headers().iter().map(|(name, v)| (name.as_str().to_owned(), value(v))).collect(),
            body: request.body().clone(),
        }
    }
}

/// One line of JSON, without a line ending.
impl std::fmt::Display for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = str::from_utf8(&self.body).ok();
        let line = Line {
            time: self.time.to_string(),
            method: self.method.clone(),
            target: self.target.clone(),
            headers: self.headers.iter().map(|(name, value)| (name.clone(), Value::new(value))).collect(),
            body: text.map(Into::into),
            body_base64: text.is_none().then(|| STANDARD.encode(&self.body)),
        };
        f.write_str(&serde_json::to_string(&line).map_err(|_| std::fmt::Error)?)
    }
}

impl FromStr for Recorded {
    type Err = RecordingError;

    fn from_str(line: &str) -> Result<Self, RecordingError> {
        let Versioned { version } = serde_json::from_str(line).map_err(RecordingError::NotALine)?;
        if let Some(later) = version.filter(|version| *version > VERSION) {
            return Err(RecordingError::Version(later));
        }
        let line: Line = serde_json::from_str(line).map_err(RecordingError::NotALine)?;
        let decode = |text: &str| STANDARD.decode(text).map(Bytes::from).map_err(|_| RecordingError::NotBase64);
        let headers = line.headers.into_iter().map(|(name, value)| {
            let value = match value {
                Value::Text(text) => Bytes::from(text),
                Value::Bytes { base64 } => decode(&base64)?,
            };
            Ok((name, value))
        });
        let body = match (line.body, line.body_base64) {
            (Some(text), None) => Bytes::from(text),
            (None, Some(text)) => decode(&text)?,
            _ => return Err(RecordingError::Body),
        };
        Ok(Self {
            time: Timestamp::parse(&line.time).ok_or(RecordingError::Time)?,
            method: line.method,
            target: line.target,
            headers: headers.collect::<Result<_, _>>()?,
            body,
        })
    }
}

/// The newest line format that this version of birdhook reads, and the one it writes. Lines do not
/// state it.
const VERSION: u32 = 1;

#[derive(Deserialize)]
struct Versioned {
    version: Option<u32>,
}

#[derive(Deserialize, Serialize)]
struct Line {
    time: String,
    method: String,
    target: String,
    headers: Vec<(String, Value)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Bytes { base64: String },
}

impl Value {
    fn new(bytes: &[u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.into()),
            Err(_) => Self::Bytes { base64: STANDARD.encode(bytes) },
        }
    }
}

/// Iterator over the requests of a recording. Skips empty lines, and ends at the first I/O error.
#[derive(Debug)]
pub struct Recording<R> {
    lines: io::Lines<R>,
    number: usize,
    has_failed: bool,
}

impl<R: BufRead> Recording<R> {
    /// Reads a file written by [`Recording::append`].
    pub fn new(file: R) -> Self {
        Self { lines: file.lines(), number: 0, has_failed: false }
    }
}

impl Recording<()> {
    /// Appends one line to `file`.
    ///
    /// # Errors
    /// Returns the I/O errors of `file`.
    pub fn append(mut file: impl Write, recorded: &Recorded) -> io::Result<()> {
        file.write_all(format!("{recorded}\n").as_bytes())
    }
}

impl<R: BufRead> Iterator for Recording<R> {
    /// A request, or the number and the error of a line that cannot be read.
    type Item = Result<Recorded, (usize, RecordingError)>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.has_failed {
            let line = self.lines.next()?;
            self.number += 1;
            let line = match line {
                Ok(line) if line.trim().is_empty() => continue,
                Ok(line) => line.parse(),
                Err(error) => {
                    // Reading continues after a line that is not UTF-8. Any other I/O error would
                    // be returned again and again.
                    self.has_failed = error.kind() != io::ErrorKind::InvalidData;
                    Err(RecordingError::Unreadable(error))
                }
            };
            return Some(line.map_err(|error| (self.number, error)));
        }
        None
    }
}

/// The reason why a line cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file cannot be read, or is not UTF-8.
    #[error("cannot read: {0}")]
    Unreadable(io::Error),
    /// The line is not a JSON object with the expected members.
    #[error("not a recorded request: {0}")]
    NotALine(serde_json::Error),
    /// The line was written by a later version of birdhook.
    #[error("recorded by a later version of birdhook (format {0}): update this program")]
    Version(u32),
    /// The time is neither RFC 3339 nor milliseconds.
    #[error("invalid time: expected RFC 3339 or milliseconds")]
    Time,
    /// The line has both `body` and `body_base64`, or neither.
    #[error("expected either body or body_base64")]
    Body,
    /// A `base64` value is not valid base64.
    #[error("body_base64 is not valid base64")]
    NotBase64,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that always fails, like a broken disk or a directory.
    struct Broken;

    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::IsADirectory.into())
        }
    }

    #[test]
    fn a_read_error_ends_the_recording_and_a_line_that_is_not_text_does_not() {
        let broken = Recording::new(io::BufReader::new(Broken)).take(3);
        let numbers = |recording: &mut dyn Iterator<Item = Result<Recorded, (usize, RecordingError)>>| {
            recording.map(|line| line.map_or_else(|(number, _)| number, |_| 0)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(&mut { broken }), [1]);
        assert_eq!(numbers(&mut Recording::new(&b"\xff\n{}\n\xff"[..])), [1, 2, 3]);
    }

    /// Lines recorded by version 0.1.
    const GOLDEN: &str = concat!(
        r#"{"time":"2026-11-23T09:30:00Z","method":"POST","target":"/webhooks/twitter?app=bees","headers":[["content-type","application/json"],["x-odd",{"base64":"/w=="}]],"body":"{\"for_user_id\":\"2001\"}"}"#,
        "\n",
        r#"{"time":"2026-11-23T09:30:00.25Z","method":"GET","target":"/?crc_token=a","headers":[],"body":""}"#,
        "\n",
        r#"{"time":"2026-11-23T09:31:00Z","method":"POST","target":"/","headers":[],"body_base64":"//4="}"#,
    );

    #[test]
    fn reads_earlier_versions_and_rejects_later_ones() {
        let read: Vec<Recorded> = Recording::new(GOLDEN.as_bytes()).map(Result::unwrap).collect();
        let bodies: Vec<&[u8]> = read.iter().map(|recorded| &*recorded.body).collect();
        assert_eq!(bodies, [&br#"{"for_user_id":"2001"}"#[..], b"", b"\xff\xfe"]);
        assert_eq!(read[0].headers[1].1, &b"\xff"[..]);
        assert_eq!(read.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), GOLDEN);
        for line in GOLDEN.lines() {
            let later = line.replacen('{', r#"{"version":2,"#, 1);
            assert!(matches!(later.parse::<Recorded>(), Err(RecordingError::Version(2))), "{later}");
            assert!(line.replacen('{', r#"{"version":1,"#, 1).parse::<Recorded>().is_ok());
        }
        let unlike = r#"{"version":2,"request":{}}"#.parse::<Recorded>();
        assert!(matches!(unlike, Err(RecordingError::Version(2))), "{unlike:?}");
    }
}
