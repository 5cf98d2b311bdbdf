//! Finds the end of a JSON value.
//!
//! Most of a body is skipped. This scanner needs no memory and 70% of the time of `serde_json`;
//! inlining contributes a fifth. It leaves values that are nested deeper than anything X writes to
//! `serde_json`.

/// The maximum number of arrays and objects around a value: one bit of a `u64` is kept for each.
const MAX_DEPTH: u32 = 64;

/// A scan over a text that begins between two values.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { bytes: text.as_bytes(), at }
    }

    /// Returns the end of the next value. `None` if it is not JSON or nested too deeply.
    // Not inlined, so that its cost does not depend on its callers.
    #[inline(never)]
    pub(super) fn value(mut self) -> Option<usize> {
        // One bit for each enclosing array or object, set for an object. The innermost is the
        // lowest bit.
        let (mut objects, mut depth) = (0u64, 0);
        loop {
            let opened = self.next()?;
            match opened {
                b'"' => self.string()?,
                b'{' | b'[' => {
                    if depth == MAX_DEPTH {
                        return None;
                    }
                    let is_object = opened == b'{';
                    (objects, depth) = (objects << 1 | u64::from(is_object), depth + 1);
                    // In ASCII, `}` and `]` are `{` and `[` plus 2.
                    if self.peek()? != opened + 2 {
                        if is_object {
                            self.name()?;
                        }
                        continue;
                    }
                    self.at += 1;
                    (objects, depth) = (objects >> 1, depth - 1);
                }
                b'-' | b'0'..=b'9' => self.number(opened)?,
                b't' => self.word(b"rue")?,
                b'f' => self.word(b"alse")?,
                b'n' => self.word(b"ull")?,
                _ => return None,
            }
            loop {
                if depth == 0 {
                    return Some(self.at);
                }
                let is_object = objects & 1 == 1;
                match self.next()? {
                    b',' => {
                        if is_object {
                            self.name()?;
                        }
                        break;
                    }
                    b'}' if is_object => {}
                    b']' if !is_object => {}
                    _ => return None,
                }
                (objects, depth) = (objects >> 1, depth - 1);
            }
        }
    }

    #[inline(always)]
    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Returns the next byte that is not white space.
    #[inline(always)]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.byte()? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    /// Same as `peek`, and consumes the byte.
    #[inline(always)]
    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Consumes a name and its colon.
    #[inline(always)]
    fn name(&mut self) -> Option<()> {
        if self.next()? != b'"' {
            return None;
        }
        self.string()?;
        (self.next()? == b':').then_some(())
    }

    /// Consumes a string after its opening quote.
    #[inline(always)]
    fn string(&mut self) -> Option<()> {
        loop {
            self.plain_bytes();
            match self.byte()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    /// Skips bytes that are not a quote, an escape or a control character, eight at a time.
    #[inline(always)]
    fn plain_bytes(&mut self) {
        const ONES: u64 = u64::MAX / 255;
        const HIGH: u64 = ONES << 7;
        let mut rest = self.bytes.get(self.at..).unwrap_or_default();
        while let Some((eight, behind)) = rest.split_first_chunk() {
            let eight = u64::from_le_bytes(*eight);
            // The lowest high bit marks the first match. Higher bits may be false positives.
            let zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
            let quote = zero(eight ^ (ONES * b'"' as u64));
            let escape = zero(eight ^ (ONES * b'\\' as u64));
            let control = eight.wrapping_sub(ONES * b' ' as u64) & !eight;
            let matches = (quote | escape | control) & HIGH;
            if matches != 0 {
                self.at = self.bytes.len() - rest.len() + matches.trailing_zeros() as usize / 8;
                return;
            }
            rest = behind;
        }
        let is_plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | ..b' ');
        self.at = self.bytes.len() - rest.len() + rest.iter().take_while(|byte| is_plain(byte)).count();
    }

    fn escape(&mut self) -> Option<()> {
        let digits = match self.bytes.get(self.at + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 0,
            b'u' => 4,
            _ => return None,
        };
        let (start, end) = (self.at + 2, self.at + 2 + digits);
        self.at = end;
        self.bytes.get(start..end)?.iter().all(u8::is_ascii_hexdigit).then_some(())
    }

    /// Consumes a number after its first character.
    #[inline(always)]
    fn number(&mut self, first: u8) -> Option<()> {
        let first = if first == b'-' { self.digit()? } else { first };
        if first != b'0' {
            self.digits();
        } else if self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            return None;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digit()?;
            self.digits();
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digit()?;
            self.digits();
        }
        Some(())
    }

    fn digit(&mut self) -> Option<u8> {
        let digit = self.byte().filter(u8::is_ascii_digit)?;
        self.at += 1;
        Some(digit)
    }

    fn digits(&mut self) {
        while self.digit().is_some() {}
    }

    fn word(&mut self, rest: &[u8]) -> Option<()> {
        let end = self.at + rest.len();
        let is_there = self.bytes.get(self.at..end)? == rest;
        self.at = end;
        is_there.then_some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::*;

    fn by_serde_json(text: &str) -> Option<usize> {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        Some(values.byte_offset())
    }

    /// Compares both readers. They may differ on a number or word that continues after its end:
    /// `serde_json` looks ahead, this scanner leaves the check to its caller.
    fn agree(text: &str) {
        let (ours, theirs) = (Scanner::new(text, 0).value(), by_serde_json(text));
        let goes_on = |end: usize| text.as_bytes().get(end).is_some_and(|byte| !b" \t\n\r,:]}\"[{".contains(byte));
        if theirs.is_some() || !ours.is_some_and(goes_on) {
            assert_eq!(ours, theirs, "{text:?}");
        }
    }

    #[test]
    fn ends_where_serde_json_ends() {
        // The texts without white space, separated by it, and those with it.
        let plain = r#"
            1 - -1 -01 01 0 0. 0.5 1.e3 1e 1e+ 1e999 -0.0e0, tru true falsey null] nul " "a "a" "\ "\" "\"" "\x"
            "\u00e" "\u00e9" "\ud83d" "\uD83D\u00" "1234567" "12345678" "1234567\"9" {} {"a"} {"a":} {"a":1,}
            {,} {a:1} {1:2} [ [] [1,] [,] [1} {"a":1] [[[]],{"a":[{}]}] ] } : , 'a' NaN +1 .5 /**/1"#;
        let others = [
            "",
            " ",
            "1E-7 ",
            "\"\n\"",
            "\"\u{1f}\"",
            "\"\u{7f}é湯\"",
            "\"123456789012345\n\"",
            "{ }",
            "{\t\"a\" : 1 , \"b\":[ ] }",
            "{\"a\":1 \"b\":2}",
            "[1 2]",
            "\u{feff}1",
            "\u{a0}1",
        ];
        for text in plain.split_whitespace().chain(others) {
            agree(text);
        }
    }

    #[test]
    fn a_value_nested_too_deeply_is_left_to_serde_json() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(Scanner::new(&nested(64), 0).value(), Some(128));
        assert_eq!(Scanner::new(&nested(65), 0).value(), None);
        let objects = "{\"a\":".repeat(64) + "1" + &"}".repeat(64);
        assert_eq!(Scanner::new(&objects, 0).value(), Some(objects.len()));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, ..birdhook_test_harness::seed::property() })]

        #[test]
        fn agrees_on_what_looks_like_json(text in r#"[\[\]{}",:0-9eE.+\-trufalsn\\bx u\n/é]{0,24}"#) {
            agree(&text);
        }

        /// Tests every position of a string's end among the eight bytes, and every byte there.
        #[test]
        fn agrees_on_strings(before in "[a-z]{0,17}", byte in any::<u8>(), after in "[a-z]{0,17}") {
            let text = format!("\"{before}{}{after}\" ", char::from(byte));
            agree(&text);
        }

        #[test]
        fn agrees_on_json_with_one_change(
            value in json(),
            at in any::<prop::sample::Index>(),
            change in r#"[\[\]{}",:0-9e.\\ \n-]?"#,
        ) {
            let mut text = value;
            agree(&text);
            let at = at.index(text.len());
            text.replace_range(at..=at, &change);
            agree(&text);
        }
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            any::<bool>().prop_map(|flag| flag.to_string()),
            any::<i64>().prop_map(|number| number.to_string()),
            (-1e9..1e9).prop_map(|number: f64| format!("{number:e}")),
            "[ -~]{0,20}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        ];
        leaf.prop_recursive(6, 48, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(|values| format!("[{}]", values.join(","))),
                prop::collection::vec(("[a-z\"]{0,10}", inner), 0..6).prop_map(|members| {
                    let members = members
                        .into_iter()
                        .map(|(name, value)| format!("{} : {value}", serde_json::to_string(&name).unwrap()));
                    format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
                }),
            ]
        })
    }
}
