//! Lenient reading: a value of the wrong shape is an absent value, never an error.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A string, copied by whoever keeps it: as long as the text that is read if it stands there as it is, else gone when it was
/// looked at.
pub(crate) enum Decoded<'de, 'a> {
    Lasting(&'de str),
    Passing(&'a str),
}

impl Deref for Decoded<'_, '_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Lasting(text) => text,
            Self::Passing(text) => text,
        }
    }
}

impl<'de> From<Decoded<'de, '_>> for Cow<'de, str> {
    fn from(text: Decoded<'de, '_>) -> Self {
        match text {
            Decoded::Lasting(text) => Self::Borrowed(text),
            Decoded::Passing(text) => Self::Owned(text.to_owned()),
        }
    }
}

/// A type that says which shapes of JSON it can be read from. Every other shape reads as nothing.
pub(crate) trait Value<'de>: Sized {
    fn string(_text: Decoded<'de, '_>) -> Option<Self> {
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

    /// `depth` is how many objects are around this one.
    fn object<A: MapAccess<'de>>(mut members: A, _depth: u8) -> Result<Option<Self>, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn array<A: SeqAccess<'de>>(mut elements: A, _depth: u8) -> Result<Option<Self>, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// A value that may turn out not to be there. Fails only where the text is not JSON, nests deeper than `serde_json` goes,
/// or holds a number that no machine number can.
pub(crate) struct Lenient<T>(pub(crate) Option<T>);

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Value<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Shape::inside(0).deserialize(deserializer).map(Self)
    }
}

/// How many objects may be around an object. The page behind a link in the profile of who first posted a video of the long
/// text of a post quoted by a reposted one has eleven; what is deeper than this reads as absent, for posts that quote posts
/// without end would overflow the stack.
const DEEPEST: u8 = 12;

/// Reads a value that is inside of `depth` objects.
pub(crate) struct Shape<T> {
    depth: u8,
    value: PhantomData<T>,
}

impl<T> Shape<T> {
    pub(crate) fn inside(depth: u8) -> Self {
        Self { depth, value: PhantomData }
    }
}

impl<'de, T: Value<'de>> DeserializeSeed<'de> for Shape<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Value<'de>> Visitor<'de> for Shape<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Option<T>, E> {
        Ok(T::string(Decoded::Lasting(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Option<T>, E> {
        Ok(T::string(Decoded::Passing(text)))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Option<T>, E> {
        Ok(T::boolean(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Option<T>, E> {
        Ok(T::unsigned(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Option<T>, E> {
        Ok(T::signed(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Option<T>, E> {
        Ok(T::float(number))
    }

    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Option<T>, A::Error> {
        if self.depth < DEEPEST { T::object(members, self.depth) } else { Nothing::object(members, 0).map(|_| None) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Option<T>, A::Error> {
        T::array(elements, self.depth)
    }
}

/// What everything reads as that is nested too deeply.
struct Nothing;

impl Value<'_> for Nothing {}

impl<'de, T: Value<'de>> Value<'de> for Box<T> {
    fn object<A: MapAccess<'de>>(members: A, depth: u8) -> Result<Option<Self>, A::Error> {
        Ok(T::object(members, depth)?.map(Self::new))
    }
}

impl<'de, T: Value<'de>> Value<'de> for Vec<T> {
    fn array<A: SeqAccess<'de>>(mut elements: A, depth: u8) -> Result<Option<Self>, A::Error> {
        let mut values = Self::new();
        while let Some(element) = elements.next_element_seed(Shape::<T>::inside(depth))? {
            values.extend(element);
        }
        Ok(Some(values))
    }
}

/// A pair by position: both or nothing, since one alone would stand in the other's place.
impl<'de, T: Value<'de>> Value<'de> for [T; 2] {
    fn array<A: SeqAccess<'de>>(mut elements: A, depth: u8) -> Result<Option<Self>, A::Error> {
        let first = elements.next_element_seed(Shape::<T>::inside(depth))?.flatten();
        let second = elements.next_element_seed(Shape::<T>::inside(depth))?.flatten();
        let pair = first.zip(second).map(|(first, second)| [first, second]);
        let longer = elements.next_element::<IgnoredAny>()?.is_some();
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(pair.filter(|_| !longer))
    }
}

/// Four by position: all or nothing.
impl<'de, T: Value<'de>> Value<'de> for [T; 4] {
    fn array<A: SeqAccess<'de>>(mut elements: A, depth: u8) -> Result<Option<Self>, A::Error> {
        let mut next = || elements.next_element_seed(Shape::<T>::inside(depth)).map(Option::flatten);
        let four = (next()?, next()?, next()?, next()?);
        let longer = elements.next_element::<IgnoredAny>()?.is_some();
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(match four {
            (Some(a), Some(b), Some(c), Some(d)) if !longer => Some([a, b, c, d]),
            _ => None,
        })
    }
}

impl<'de, T: Value<'de>> Value<'de> for BTreeMap<super::Id<'de>, T> {
    fn object<A: MapAccess<'de>>(mut members: A, depth: u8) -> Result<Option<Self>, A::Error> {
        let mut values = Self::new();
        while let Some((key, value)) = members.next_entry_seed(Shape::inside(0), Shape::<T>::inside(depth + 1))? {
            values.extend(key.zip(value));
        }
        Ok(Some(values))
    }
}

/// How a struct holds what was read: an `Option` where it may be absent, a `Vec` or a map that is then empty.
pub(crate) trait Field<'de>: Sized {
    type Value: Value<'de>;

    fn from_value(value: Self::Value) -> Self;

    /// Reads the next member's value; what is no value of this type leaves the field as it is. A function of its own, so
    /// that the values of a struct's many fields do not all have their place on the stack, level by level.
    fn read<A: MapAccess<'de>>(&mut self, members: &mut A, depth: u8) -> Result<(), A::Error> {
        if let Some(value) = members.next_value_seed(Shape::inside(depth))? {
            *self = Self::from_value(value);
        }
        Ok(())
    }
}

impl<'de, T: Value<'de>> Field<'de> for Option<T> {
    type Value = T;

    fn from_value(value: T) -> Self {
        Some(value)
    }
}

impl<'de, T: Value<'de>> Field<'de> for Vec<T> {
    type Value = Self;

    fn from_value(value: Self) -> Self {
        value
    }
}

impl<'de, T: Value<'de>> Field<'de> for BTreeMap<super::Id<'de>, T> {
    type Value = Self;

    fn from_value(value: Self) -> Self {
        value
    }
}

/// The name of a member, borrowed unless it is escaped.
pub(crate) struct Name<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

/// Declares a struct that reads itself leniently from a JSON object: `field: Type = "name" | "other name"`.
macro_rules! object {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident<'a> { $($fields:tt)* }
    ) => {
        $crate::wire::object::object! { @ [$(#[$meta])*] [$vis] $name [$name<'a>] ['a] { $($fields)* } }
    };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident { $($fields:tt)* }
    ) => {
        $crate::wire::object::object! { @ [$(#[$meta])*] [$vis] $name [$name] [] { $($fields)* } }
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

        impl<'a> $crate::wire::object::Value<'a> for $type {
            fn object<A: serde::de::MapAccess<'a>>(mut members: A, depth: u8) -> Result<Option<Self>, A::Error> {
                use $crate::wire::object::{Field, Name};

                let mut object = Self::default();
                while let Some(Name(name)) = members.next_key()? {
                    match &*name {
                        $($($key)|+ => object.$field.read(&mut members, depth + 1)?,)*
                        _ => {
                            members.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(Some(object))
            }
        }

        impl<'a> serde::Deserialize<'a> for $type {
            fn deserialize<D: serde::Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
                let read = <$crate::wire::object::Lenient<Self> as serde::Deserialize>::deserialize(deserializer)?;
                read.0.ok_or_else(|| serde::de::Error::custom("not an object"))
            }
        }
    };
}

pub(crate) use object;
