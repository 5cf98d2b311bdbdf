//! JSON that is repaired where Rust types cannot represent it.

use std::sync::OnceLock;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::memory_limit;
use super::raw::RawJson;

/// A part of a body from which types are read.
///
/// X may cut a text in the middle of an emoji. The result is valid JSON, but no Rust string can
/// hold the remaining half of the surrogate pair. Such halves are read as `U+FFFD`, and a number
/// out of range is read as absent. [`RawJson`] keeps both unchanged.
#[derive(Clone, Debug)]
pub(crate) struct RepairableJson {
    raw: RawJson,
    /// The JSON with repaired characters and numbers, created when first needed.
    repaired: OnceLock<Option<RawJson>>,
}

impl RepairableJson {
    pub(crate) fn new(raw: RawJson) -> Self {
        Self { raw, repaired: OnceLock::new() }
    }

    pub(crate) fn raw(&self) -> &RawJson {
        &self.raw
    }

    pub(crate) fn parse<'a, T: Deserialize<'a>>(&'a self) -> Option<T> {
        self.parse_shared(1)
    }

    /// Same as [`parse`](Self::parse), for a part that this many events share.
    pub(crate) fn parse_shared<'a, T: Deserialize<'a>>(&'a self, by: usize) -> Option<T> {
        let parse = |text: &'a RawJson| memory_limit::with_limit(text.as_str().len(), by, || text.parse().ok());
        parse(&self.raw).or_else(|| {
            let repaired =
                self.repaired.get_or_init(|| repair(self.raw.as_str()).map(|text| RawJson::new(text.into())));
            parse(repaired.as_ref()?)
        })
    }
}

/// Returns the JSON with replacements, or `None` if it needs none.
///
/// `\ufffd` replaces each unpaired surrogate, and `null` each number that `serde_json` finds out of
/// range.
fn repair(json: &str) -> Option<String> {
    let (mut repaired, mut rest) = (String::new(), json);
    while let Some(at) = rest.find(|c: char| matches!(c, '"' | '-' | '0'..='9')) {
        let (before, value) = rest.split_at(at);
        let mut values = serde_json::Deserializer::from_str(value).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        let (value, behind) = value.split_at_checked(values.byte_offset())?;
        repaired += before;
        match value.starts_with('"') {
            true => push_repaired(&mut repaired, value),
            false if serde_json::from_str::<serde_json::Value>(value).is_err() => repaired += "null",
            false => repaired += value,
        }
        rest = behind;
    }
    repaired += rest;
    (repaired != json).then_some(repaired)
}

/// Appends a JSON string with unpaired surrogates replaced.
fn push_repaired(repaired: &mut String, mut rest: &str) {
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        *repaired += before;
        let length = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                *repaired += "\\ufffd";
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            _ => 2,
        };
        let (whole, behind) = escape.split_at_checked(length).unwrap_or((escape, ""));
        *repaired += whole;
        rest = behind;
    }
    *repaired += rest;
}

/// Reads the UTF-16 unit of a `\u` escape at the beginning of `text`.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::repair;

    #[test]
    fn replaces_only_unpaired_surrogates_and_numbers_out_of_range() {
        for (json, expected) in [
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""a\uD83D\n\uDe00""#, r#""a\ufffd\n\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#"{"\\ud83d":"\ud83d\\ude00"}"#, r#"{"\\ud83d":"\ufffd\\ude00"}"#),
            (r#"[1e400,-1E+999,{"1e400":2e400}, 7 ]"#, r#"[null,null,{"1e400":null}, 7 ]"#),
            (&format!("[-{}.5]", "9".repeat(400)), "[null]"),
            ("1e400", "null"),
        ] {
            assert_eq!(repair(json).as_deref(), Some(expected), "{json}");
            assert!(serde_json::from_str::<serde_json::Value>(expected).is_ok(), "{expected}");
        }
        for json in [
            r#""\ud83d\ude00""#,
            r#""\\ud83d \" \u00e9""#,
            r#"["1e400",1e308,-1.5e-400,18446744073709551616]"#,
            "{}",
            "",
            r#""\""#,
            r#""\u12""#,
            "1e400x",
        ] {
            assert_eq!(repair(json), None, "{json}");
        }
    }
}
