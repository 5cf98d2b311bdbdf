//! A cursor over the outer structure of a JSON text that knows where each value begins and ends.
//!
//! `serde_json` reads the values. The cursor itself reads only the braces, brackets, commas and
//! colons around them. This yields each event's slice and its facts in one pass over the body.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::scanner::Scanner;

pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the next byte that is not white space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.text.as_bytes().get(self.at).copied()
    }

    /// Visits the members of the next object. `None` if the next value is not an object or not
    /// JSON.
    pub(crate) fn members(&mut self, mut visit: impl FnMut(&str, &mut Self) -> Option<()>) -> Option<()> {
        self.eat(b'{')?;
        if self.peek()? == b'}' {
            return self.eat(b'}');
        }
        loop {
            if self.peek()? != b'"' {
                return None;
            }
            let name = self.name()?;
            self.eat(b':')?;
            visit(&name, self)?;
            if self.peek()? == b'}' {
                return self.eat(b'}');
            }
            self.eat(b',')?;
        }
    }

    /// Visits the elements of the next array. `None` if the next value is not an array or not JSON.
    pub(crate) fn elements(&mut self, mut visit: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.eat(b'[')?;
        if self.peek()? == b']' {
            return self.eat(b']');
        }
        loop {
            visit(self)?;
            if self.peek()? == b']' {
                return self.eat(b']');
            }
            self.eat(b',')?;
        }
    }

    /// Reads the next value and returns it with its text. Returns the default if the value does not
    /// fit `T`.
    pub(crate) fn value<T: Deserialize<'a> + Default>(&mut self) -> Option<(T, &'a str)> {
        match self.deserialize_next() {
            Some(read) => Some(read),
            None => self.skip().map(|text| (T::default(), text)),
        }
    }

    /// Skips the next value and returns its text.
    pub(crate) fn skip(&mut self) -> Option<&'a str> {
        self.peek()?;
        let Some(end) = Scanner::new(self.text, self.at).value() else {
            return self.deserialize_next::<IgnoredAny>().map(|(_, text)| text);
        };
        let text = self.text.get(self.at..end);
        self.at = end;
        text
    }

    /// Returns the text that `read` consumes.
    pub(crate) fn text_of(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<&'a str> {
        self.peek()?;
        let start = self.at;
        read(self)?;
        self.text.get(start..self.at)
    }

    /// Returns whether only white space is left.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Reads the name of a member. The fast path handles names without escapes, which are all that
    /// X writes.
    fn name(&mut self) -> Option<Cow<'a, str>> {
        let rest = self.text.get(self.at + 1..)?;
        let length = rest.bytes().take_while(|byte| !matches!(byte, b'"' | b'\\' | ..b' ')).count();
        if rest.as_bytes().get(length) == Some(&b'"') {
            self.at += length + 2;
            return rest.get(..length).map(Cow::Borrowed);
        }
        self.skip().map(decoded)
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Reads one value. The caller checks what follows it.
    fn deserialize_next<T: Deserialize<'a>>(&mut self) -> Option<(T, &'a str)> {
        self.peek()?;
        let rest = self.text.get(self.at..)?;
        let mut json = serde_json::Deserializer::from_str(rest);
        let value = T::deserialize(&mut json).ok()?;
        let length = json.into_iter::<IgnoredAny>().byte_offset();
        self.at += length;
        Some((value, rest.get(..length)?))
    }
}

/// Decodes a name that contains escapes. A name with half a surrogate pair stays undecoded, because
/// no Rust string can hold it.
fn decoded(quoted: &str) -> Cow<'_, str> {
    serde_json::from_str(quoted).map_or(quoted.trim_matches('"').into(), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks two levels of any JSON.
    fn walk(text: &str) -> Option<Vec<String>> {
        let mut cursor = Cursor::new(text);
        let mut seen = Vec::new();
        cursor.members(|name, cursor| {
            if cursor.peek()? == b'[' {
                cursor.elements(|cursor| {
                    seen.push(format!("{name}[]{}", cursor.skip()?));
                    Some(())
                })
            } else {
                seen.push(format!("{name}={}", cursor.skip()?));
                Some(())
            }
        })?;
        cursor.is_at_end().then_some(seen)
    }

    #[test]
    fn returns_the_text_of_every_value() {
        assert_eq!(
            walk(" {\"a\" : [ 1 , {\"b\":[2]} ,\"]\"] ,\"\\u0063\":-1.5e3 , \"d\":\"}\",\"e\":[],\"f\":{}} \n")
                .unwrap(),
            ["a[]1", "a[]{\"b\":[2]}", "a[]\"]\"", "c=-1.5e3", "d=\"}\"", "f={}"]
        );
    }

    #[test]
    fn agrees_with_serde_json_on_what_is_an_object() {
        // The texts without white space, separated by it, and those with it.
        let plain = r#"
            { } {} {}{} [] 1 null {"a"} {"a":} {"a":1,} {,} {a:1} {"a":[1,]} {"a":[,]} {"a":01} {"a":1x}
            {"a":tru} {"a":[1} {"a":[1]]} {"a":"\x"} {'a':1} {"a":NaN} {"a":1}/**/ {"a":[[]]} {"a":1e999} {1:2}
            {null:1}"#;
        let others = [
            "",
            "{} x",
            "{\"a\":[1 2]}",
            "{\"a\":1 \"b\":2}",
            "{\"a\":\"\n\"}",
            "\u{feff}{}",
            "{\"a\":nul\u{a0}l}",
            "{\"a\":\u{a0}1}",
        ];
        for text in plain.split_whitespace().chain(others) {
            let expected = serde_json::from_str::<std::collections::BTreeMap<String, IgnoredAny>>(text).is_ok();
            assert_eq!(walk(text).is_some(), expected, "{text:?}");
        }
    }
}
