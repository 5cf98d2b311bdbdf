//! The consumer's journal: one line before it acknowledges an event, and one line after.

use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use std::path::Path;
use std::str::FromStr;

use birdhook_inbox::{Event, Lease};
use birdhook_pipeline::EventKey;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Consumed { id: String, key: EventKey, content: u64, tries: u32 },
    Acknowledged { id: String },
}

impl Line {
    pub fn consumed(lease: &Lease) -> Self {
        Self::Consumed {
            id: lease.id().to_string(),
            key: lease.delivery_key(),
            content: content(lease.event()),
            tries: lease.attempts(),
        }
    }

    /// Reads all lines of the file, which may not exist yet.
    pub fn read(path: &Path) -> Vec<Self> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap_or_else(|()| panic!("no line of a consumer's: {line}"))).collect()
    }
}

/// Returns a hash of the event as it was sent.
pub fn content(event: &Event) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(event.raw().as_str().as_bytes());
    hasher.finish()
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Consumed { id, key, content, tries } => writeln!(f, "c {id} {key} {content} {tries}"),
            Self::Acknowledged { id } => writeln!(f, "a {id}"),
        }
    }
}

impl FromStr for Line {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["c", id, key, content, tries] => Ok(Self::Consumed {
                id: (*id).to_owned(),
                key: key_of(key).ok_or(())?,
                content: content.parse().map_err(drop)?,
                tries: tries.parse().map_err(drop)?,
            }),
            ["a", id] => Ok(Self::Acknowledged { id: (*id).to_owned() }),
            _ => Err(()),
        }
    }
}

fn key_of(hex: &str) -> Option<EventKey> {
    let mut bytes = [0; 32];
    for (byte, place) in bytes.iter_mut().zip(0..) {
        *byte = u8::from_str_radix(hex.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    (hex.len() == 64).then(|| bytes.into())
}
