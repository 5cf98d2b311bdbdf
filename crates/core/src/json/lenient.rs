//! Lenient deserialization: a value of the wrong shape reads as absent, never as an error.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::memory_limit;

/// A decoded string: borrowed from the input, or temporary if it contains escapes. Copy it to keep
/// it.
pub(crate) enum DecodedStr<'de, 'a> {
    Borrowed(&'de str),
    Temporary(&'a str),
}

impl Deref for DecodedStr<'_, '_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Temporary(text) => text,
        }
    }
}

impl<'de> From<DecodedStr<'de, '_>> for Cow<'de, str> {
    fn from(text: DecodedStr<'de, '_>) -> Self {
        match text {
            DecodedStr::Borrowed(text) => Self::Borrowed(text),
            DecodedStr::Temporary(text) => Self::Owned(text.to_owned()),
        }
    }
}

/// A type that can be read from some shapes of JSON. Every other shape reads as absent.
pub(crate) trait Value<'de>: Sized {
    fn string(_text: DecodedStr<'de, '_>) -> Option<Self> {
        None
    }

    fn boolean(_flag: bool) -> Option<Self> {
        None
    }

    fn unsigned(_number: u64) -> Option<Self> {
        None
    }

    fn signed(_number: i64) -> Option<Self> {
        None
    }

    fn float(_number: f64) -> Option<Self> {
        None
    }

    /// Reads an object in place, because some are large. `depth` is the number of objects around
    /// this one.
    fn object<A: MapAccess<'de>>(_place: &mut Option<Self>, members: A, _depth: u8) -> Result<(), A::Error> {
        skip_members(members)
    }

    fn array<A: SeqAccess<'de>>(_place: &mut Option<Self>, elements: A, _depth: u8) -> Result<(), A::Error> {
        skip_elements(elements)
    }
}

fn skip_members<'de, A: MapAccess<'de>>(mut members: A) -> Result<(), A::Error> {
    while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_elements<'de, A: SeqAccess<'de>>(mut elements: A) -> Result<(), A::Error> {
    while elements.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// A struct that is read from an object member by member.
pub(crate) trait Object<'de>: Default {
    fn fill<A: MapAccess<'de>>(&mut self, members: A, depth: u8) -> Result<(), A::Error>;
}

/// Reads a struct in place.
pub(crate) fn read_in_place<'de, T: Object<'de>, A: MapAccess<'de>>(
    place: &mut Option<T>,
    members: A,
    depth: u8,
) -> Result<(), A::Error> {
    // With nothing left to drop, the compiler constructs the new value in place.
    *place = None;
    place.insert(T::default()).fill(members, depth)
}

/// A value that may be absent. Fails only if the text is not JSON, nests deeper than `serde_json`
/// allows, or contains a number out of range.
pub(crate) struct Lenient<T>(pub(crate) Option<T>);

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Value<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = None;
        Place::inside(0, &mut value).deserialize(deserializer)?;
        Ok(Self(value))
    }
}

/// The maximum number of objects around an object; deeper objects read as absent. Without a limit,
/// posts that quote posts could overflow the stack. X needs eleven: for example a link in the
/// profile of a video's first author, in the long text of a post that a reposted post quotes.
const MAX_DEPTH: u8 = 12;

/// The target for reading a value inside `depth` objects. A value of another type leaves the target
/// unchanged.
pub(crate) struct Place<'p, T> {
    depth: u8,
    value: &'p mut Option<T>,
}

impl<'p, T> Place<'p, T> {
    pub(crate) fn inside(depth: u8, value: &'p mut Option<T>) -> Self {
        Self { depth, value }
    }

    fn put(self, value: Option<T>) {
        if value.is_some() {
            *self.value = value;
        }
    }
}

impl<'de, T: Value<'de>> DeserializeSeed<'de> for Place<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Value<'de>> Visitor<'de> for Place<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        self.put(T::string(DecodedStr::Borrowed(text)));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.put(T::string(DecodedStr::Temporary(text)));
        Ok(())
    }

    fn visit_bool<E>(self, flag: bool) -> Result<(), E> {
        self.put(T::boolean(flag));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.put(T::unsigned(number));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.put(T::signed(number));
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.put(T::float(number));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        if self.depth < MAX_DEPTH { T::object(self.value, members, self.depth) } else { skip_members(members) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        T::array(self.value, elements, self.depth)
    }
}

impl<'de, T: Object<'de>> Value<'de> for Box<T> {
    fn object<A: MapAccess<'de>>(place: &mut Option<Self>, members: A, depth: u8) -> Result<(), A::Error> {
        if memory_limit::reserve::<T>() {
            place.insert(Self::default()).fill(members, depth)
        } else {
            skip_members(members)
        }
    }
}

impl<'de, T: Value<'de>> Value<'de> for Vec<T> {
    fn array<A: SeqAccess<'de>>(place: &mut Option<Self>, mut elements: A, depth: u8) -> Result<(), A::Error> {
        let values = place.insert(Self::new());
        let mut element = None;
        while elements.next_element_seed(Place::inside(depth, &mut element))?.is_some() {
            if !memory_limit::reserve::<T>() {
                return skip_elements(elements);
            }
            values.extend(element.take());
        }
        Ok(())
    }
}

/// Returns the next element of an array. `None` if it has another type or the array has ended.
fn next<'de, T: Value<'de>, A: SeqAccess<'de>>(elements: &mut A, depth: u8) -> Result<Option<T>, A::Error> {
    let mut element = None;
    elements.next_element_seed(Place::inside(depth, &mut element))?;
    Ok(element)
}

fn has_more<'de, A: SeqAccess<'de>>(mut elements: A) -> Result<bool, A::Error> {
    let more = elements.next_element::<IgnoredAny>()?.is_some();
    while elements.next_element::<IgnoredAny>()?.is_some() {}
    Ok(more)
}

/// A pair by position. Both elements or neither, because a single one would take the position of
/// the other.
impl<'de, T: Value<'de>> Value<'de> for [T; 2] {
    fn array<A: SeqAccess<'de>>(place: &mut Option<Self>, mut elements: A, depth: u8) -> Result<(), A::Error> {
        let pair = (next(&mut elements, depth)?, next(&mut elements, depth)?);
        if let (false, (Some(a), Some(b))) = (has_more(elements)?, pair) {
            *place = Some([a, b]);
        }
        Ok(())
    }
}

/// Four elements by position: all or none.
impl<'de, T: Value<'de>> Value<'de> for [T; 4] {
    fn array<A: SeqAccess<'de>>(place: &mut Option<Self>, mut elements: A, depth: u8) -> Result<(), A::Error> {
        let mut next = || next(&mut elements, depth);
        let four = (next()?, next()?, next()?, next()?);
        if let (false, (Some(a), Some(b), Some(c), Some(d))) = (has_more(elements)?, four) {
            *place = Some([a, b, c, d]);
        }
        Ok(())
    }
}

/// A field of a struct: an `Option` that may be `None`, or a `Vec` or map that may be empty.
pub(crate) trait Field<'de>: Sized {
    /// Reads the value of the next member. A value of another type leaves the field unchanged.
    fn read<A: MapAccess<'de>>(&mut self, members: &mut A, depth: u8) -> Result<(), A::Error>;
}

impl<'de, T: Value<'de>> Field<'de> for Option<T> {
    fn read<A: MapAccess<'de>>(&mut self, members: &mut A, depth: u8) -> Result<(), A::Error> {
        members.next_value_seed(Place::inside(depth, self))
    }
}

impl<'de, T: Value<'de>> Field<'de> for Vec<T> {
    fn read<A: MapAccess<'de>>(&mut self, members: &mut A, depth: u8) -> Result<(), A::Error> {
        replace(self, members, depth)
    }
}

pub(super) fn replace<'de, T: Value<'de>, A: MapAccess<'de>>(
    field: &mut T,
    members: &mut A,
    depth: u8,
) -> Result<(), A::Error> {
    let mut value = None;
    members.next_value_seed(Place::inside(depth, &mut value))?;
    if let Some(value) = value {
        *field = value;
    }
    Ok(())
}

/// The name of a member, borrowed unless it contains escapes.
pub(crate) struct MemberName<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for MemberName<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = MemberName<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<MemberName<'de>, E> {
                Ok(MemberName(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<MemberName<'de>, E> {
                Ok(MemberName(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

/// Declares structs that read themselves leniently from a JSON object.
///
/// Fields have the form `field: Type = "name" | "other name"`.
macro_rules! object {
    () => {};
    ($(#[$meta:meta])* $vis:vis struct $name:ident<'a> { $($fields:tt)* } $($more:tt)*) => {
        $crate::json::lenient::object! { @ [$(#[$meta])*] [$vis] $name [$name<'a>] ['a] { $($fields)* } }
        $crate::json::lenient::object! { $($more)* }
    };
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($fields:tt)* } $($more:tt)*) => {
        $crate::json::lenient::object! { @ [$(#[$meta])*] [$vis] $name [$name] [] { $($fields)* } }
        $crate::json::lenient::object! { $($more)* }
    };
    (
        @ [$(#[$meta:meta])*] [$vis:vis] $name:ident [$type:ty] [$($lifetime:lifetime)?] {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $field_type:ty = $($key:literal)|+,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        $vis struct $name $(<$lifetime>)? {
            $($(#[$field_meta])* $field_vis $field: $field_type,)*
        }

        impl<'a> $crate::json::lenient::Object<'a> for $type {
            fn fill<A: serde::de::MapAccess<'a>>(&mut self, mut members: A, depth: u8) -> Result<(), A::Error> {
                use $crate::json::lenient::{Field, MemberName};

                while let Some(MemberName(name)) = members.next_key()? {
                    match &*name {
                        $($($key)|+ => self.$field.read(&mut members, depth + 1)?,)*
                        _ => {
                            members.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(())
            }
        }

        impl<'a> $crate::json::lenient::Value<'a> for $type {
            fn object<A: serde::de::MapAccess<'a>>(
                place: &mut Option<Self>,
                members: A,
                depth: u8,
            ) -> Result<(), A::Error> {
                $crate::json::lenient::read_in_place(place, members, depth)
            }
        }

        impl<'a> serde::Deserialize<'a> for $type {
            fn deserialize<D: serde::Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
                let read = <$crate::json::lenient::Lenient<Self> as serde::Deserialize>::deserialize(deserializer)?;
                read.0.ok_or_else(|| serde::de::Error::custom("not an object"))
            }
        }
    };
}

pub(crate) use object;
