//! Objects that X writes either plain or as the `data` of an outer object. X's schema and samples
//! differ in this.

use serde::de::{MapAccess, SeqAccess};

use super::lenient::{Object, Value};

/// A struct that may contain its own content as `data`.
pub(crate) trait Wrapping: Sized {
    fn data(&mut self) -> Option<Box<Self>>;

    /// Returns the inner object if there is one, otherwise `self`.
    fn unwrapped(mut self) -> Self {
        self.data().map_or(self, |inner| *inner)
    }
}

/// A struct, wrapped or not.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wrapped<T>(pub(crate) T);

impl<'de, T: Object<'de> + Wrapping> Value<'de> for Wrapped<T> {
    fn object<A: MapAccess<'de>>(place: &mut Option<Self>, members: A, depth: u8) -> Result<(), A::Error> {
        *place = None;
        let Self(object) = place.insert(Self(T::default()));
        object.fill(members, depth)?;
        if let Some(inner) = object.data() {
            *object = *inner;
        }
        Ok(())
    }
}

/// A struct, or the first element of a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Listed<T>(pub(crate) T);

impl<'de, T: Object<'de> + Value<'de>> Value<'de> for Listed<T> {
    fn object<A: MapAccess<'de>>(place: &mut Option<Self>, members: A, depth: u8) -> Result<(), A::Error> {
        place.insert(Self(T::default())).0.fill(members, depth)
    }

    fn array<A: SeqAccess<'de>>(place: &mut Option<Self>, elements: A, depth: u8) -> Result<(), A::Error> {
        let mut all: Option<Vec<T>> = None;
        Value::array(&mut all, elements, depth)?;
        *place = all.and_then(|all| all.into_iter().next()).map(Self).or(place.take());
        Ok(())
    }
}
