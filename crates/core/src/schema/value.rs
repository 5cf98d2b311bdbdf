//! Values that occur only in X's payloads.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{MapAccess, SeqAccess};
use serde::{Deserialize, Serialize};

use crate::json::lenient::{DecodedStr, Value};
use crate::json::owned::owned;
use crate::json::value::{Text, str_like};
use crate::json::writer;
use crate::traits::debug_fields;

/// The value of one part of a profile: a text, or the JSON of any other value, such as the object
/// for a badge.
///
/// `Debug` prints only its length.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileValue<'a>(Cow<'a, str>);

str_like!(ProfileValue);

impl<'a> From<ProfileValue<'a>> for Text<'a> {
    fn from(value: ProfileValue<'a>) -> Self {
        match value.0 {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

debug_fields!(ProfileValue<'_>);

impl<'de> Value<'de> for ProfileValue<'de> {
    fn string(text: DecodedStr<'de, '_>) -> Option<Self> {
        Some(Self(text.into()))
    }

    fn boolean(flag: bool) -> Option<Self> {
        Some(Self(Cow::Borrowed(if flag { "true" } else { "false" })))
    }

    fn unsigned(number: u64) -> Option<Self> {
        Some(number.to_string().into())
    }

    fn signed(number: i64) -> Option<Self> {
        Some(number.to_string().into())
    }

    fn float(number: f64) -> Option<Self> {
        Some(number.to_string().into())
    }

    fn object<A: MapAccess<'de>>(place: &mut Option<Self>, members: A, _depth: u8) -> Result<(), A::Error> {
        *place = Some(writer::object(members)?.into());
        Ok(())
    }

    fn array<A: SeqAccess<'de>>(place: &mut Option<Self>, elements: A, _depth: u8) -> Result<(), A::Error> {
        *place = Some(writer::array(elements)?.into());
        Ok(())
    }
}

/// A degree of latitude or longitude. `Debug` omits the number, to keep locations out of logs.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Degree(f64);

owned! { Degree }

impl Degree {
    /// Returns the number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq<f64> for Degree {
    fn eq(&self, other: &f64) -> bool {
        self.0 == *other
    }
}

impl fmt::Debug for Degree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Degree(..)")
    }
}

impl<'de> Value<'de> for Degree {
    fn unsigned(number: u64) -> Option<Self> {
        f64::unsigned(number).map(Self)
    }

    fn signed(number: i64) -> Option<Self> {
        f64::signed(number).map(Self)
    }

    fn float(number: f64) -> Option<Self> {
        Some(Self(number))
    }

    fn object<A: MapAccess<'de>>(place: &mut Option<Self>, members: A, depth: u8) -> Result<(), A::Error> {
        let mut number = None;
        f64::object(&mut number, members, depth)?;
        *place = number.map(Self).or(*place);
        Ok(())
    }
}

/// A colour of a profile. X writes six hexadecimal digits, or -1 for an unknown colour.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Color(Option<u32>);

impl Color {
    const WHITE: u64 = 0xff_ff_ff;

    /// Returns red, green and blue in one byte each, such as `0x1da1f2`. `None` if X does not
    /// report the colour.
    pub fn rgb(self) -> Option<u32> {
        self.0
    }
}

impl fmt::Debug for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(rgb) => write!(f, "Color({rgb:06x})"),
            None => f.write_str("Color(-1)"),
        }
    }
}

impl Value<'_> for Color {
    fn string(text: DecodedStr<'_, '_>) -> Option<Self> {
        if &*text == "-1" {
            return Some(Self(None));
        }
        let digits = text.strip_prefix('#').unwrap_or(&text);
        let is_color = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_color.then(|| Self(u32::from_str_radix(digits, 16).ok()))
    }

    fn unsigned(number: u64) -> Option<Self> {
        let rgb = u32::try_from(number).ok().filter(|_| number <= Self::WHITE);
        rgb.map(|rgb| Self(Some(rgb)))
    }

    fn signed(number: i64) -> Option<Self> {
        (number == -1).then_some(Self(None))
    }
}

#[cfg(test)]
mod tests {
    use super::Color;
    use crate::json::lenient::Lenient;

    #[test]
    fn a_color_is_six_digits_or_minus_one() {
        let read = |json: &str| serde_json::from_str::<Lenient<Color>>(json).unwrap().0.map(Color::rgb);
        for (json, rgb) in [
            (r#""1DA1F2""#, 0x1d_a1_f2),
            (r##""#1da1f2""##, 0x1d_a1_f2),
            (r#""000000""#, 0),
            ("0", 0),
            ("16777215", 0xff_ff_ff),
        ] {
            assert_eq!(read(json), Some(Some(rgb)), "{json}");
        }
        for json in ["-1", r#""-1""#] {
            assert_eq!(read(json), Some(None), "{json}");
        }
        for json in [r#""""#, r#""blue""#, r#""+DA1F2""#, r#""1DA1F2F""#, "16777216", "-2", "1.5", "null", "{}", "[]"] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    #[test]
    fn a_color_is_printed_as_x_writes_it() {
        let printed = |json| format!("{:?}", serde_json::from_str::<Lenient<Color>>(json).unwrap().0.unwrap());
        assert_eq!(printed(r#""0DA1F2""#), "Color(0da1f2)");
        assert_eq!(printed("-1"), "Color(-1)");
    }
}
