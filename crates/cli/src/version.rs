//! The versions of the files that the tool reads.

use std::path::Path;

use anyhow::{Result, bail};
use serde::Deserialize;

use crate::error::{Code, Failure};

#[derive(Clone, Copy, Deserialize)]
struct Versioned {
    version: Option<u32>,
}

/// Rejects the text of a file whose version is later than `latest`. A file without `version` has
/// version 1.
///
/// Checks nothing else, because a later version may have other members.
pub(crate) fn check(path: &Path, text: &str, latest: u32) -> Result<()> {
    reject_later(path, toml::from_str(text).ok(), latest)
}

/// Like [`check`], for a file of JSON.
pub(crate) fn check_json(path: &Path, content: &[u8], latest: u32) -> Result<()> {
    reject_later(path, serde_json::from_slice(content).ok(), latest)
}

fn reject_later(path: &Path, versioned: Option<Versioned>, latest: u32) -> Result<()> {
    match versioned {
        Some(Versioned { version: Some(version) }) if version > latest => {
            let path = path.display();
            bail!(Failure::new(
                Code::LaterVersion,
                format!("{path} has version {version}, but this version of birdhook reads versions up to {latest}"),
                "upgrade birdhook",
            ))
        }
        _ => Ok(()),
    }
}
