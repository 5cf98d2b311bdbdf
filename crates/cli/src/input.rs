//! Reads bodies from files and from standard input.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bytes::Bytes;

pub(crate) const STDIN: &str = "-";

pub(crate) fn bytes(path: &Path) -> Result<Bytes> {
    let mut bytes = Vec::new();
    if path.as_os_str() == STDIN {
        std::io::stdin().lock().read_to_end(&mut bytes).context("cannot read standard input")?;
    } else {
        bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    Ok(bytes.into())
}

/// Returns the files under each path. Those of a folder are sorted by name, without hidden ones.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.as_os_str() == STDIN || !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut inside = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        inside.retain(|path| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.')));
        inside.sort_unstable();
        files.extend(self::files(&inside)?);
    }
    Ok(files)
}

/// One JSON value of a file, or a part that is not JSON.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The number of its first line.
    pub(crate) line: usize,
    /// The JSON value, or the parse error.
    pub(crate) json: Result<Bytes, String>,
}

/// Splits a file into JSON values: one over many lines, one per line, or several in a row. After
/// invalid JSON, continues at the next line that begins with a brace.
pub(crate) fn parts(file: &Bytes) -> Vec<Part> {
    let file = file.strip_prefix("\u{feff}".as_bytes()).map_or(file.clone(), |rest| file.slice_ref(rest));
    let (mut parts, mut at, mut line) = (Vec::new(), 0, 1);
    while let Some(skipped) = file.get(at..).and_then(|rest| rest.iter().position(|byte| !byte.is_ascii_whitespace())) {
        let newlines =
            |from: usize, to: usize| file.get(from..to).map_or(0, |b| b.iter().filter(|b| **b == b'\n').count());
        line += newlines(at, at + skipped);
        at += skipped;
        let rest = file.get(at..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<&serde_json::value::RawValue>();
        let (json, length) = match values.next() {
            Some(Ok(value)) => (Ok(file.slice_ref(value.get().as_bytes())), values.byte_offset()),
            Some(Err(error)) => (Err(error.to_string()), next_object(rest)),
            None => break,
        };
        parts.push(Part { line, json });
        line += newlines(at, at + length);
        at += length;
    }
    parts
}

/// Returns the offset of the next line that begins with a brace, or of the end.
fn next_object(text: &[u8]) -> usize {
    text.windows(2).position(|pair| pair == b"\n{").map_or(text.len(), |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Vec<(usize, String)> {
        let text_of = |part: Part| part.json.map_or("-".to_owned(), |json| String::from_utf8(json.into()).unwrap());
        parts(&Bytes::from(text)).into_iter().map(|part| (part.line, text_of(part))).collect()
    }

    #[test]
    fn values_in_any_layout_are_read_and_parsing_continues_after_invalid_json() {
        let of =
            |parts: &[(usize, &str)]| parts.iter().map(|(line, text)| (*line, (*text).to_owned())).collect::<Vec<_>>();
        assert_eq!(read(""), of(&[]));
        assert_eq!(read(" \n\n"), of(&[]));
        assert_eq!(read("\u{feff}{\n \"a\": 1\n}\n"), of(&[(1, "{\n \"a\": 1\n}")]));
        assert_eq!(read("{\"a\":1}\n\n{\"b\":2}\r\n[3]"), of(&[(1, "{\"a\":1}"), (3, "{\"b\":2}"), (4, "[3]")]));
        assert_eq!(read("{\"a\":1}{\"b\":2}"), of(&[(1, "{\"a\":1}"), (1, "{\"b\":2}")]));
        assert_eq!(
            read("{\"a\":\n{\"b\":2}\nrubbish\n{\"c\":3}"),
            of(&[(1, "-"), (2, "{\"b\":2}"), (3, "-"), (4, "{\"c\":3}")])
        );
        assert_eq!(read("{\"a\":1"), of(&[(1, "-")]));
    }
}
