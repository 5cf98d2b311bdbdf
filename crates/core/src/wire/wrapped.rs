//! Objects that X writes plain, or as the `data` of an object around them: it does both, and its schema differs from its samples.

use serde::de::{MapAccess, SeqAccess};

use super::object::{Object, Value};

/// A struct that may hold what it should be itself.
pub(crate) trait Wrapping: Sized {
    fn data(&mut self) -> Option<Box<Self>>;

    /// What is wrapped, or itself.
    fn unwrapped(mut self) -> Self {
        self.data().map_or(self, |inner| *inner)
    }
}

/// The struct, wrapped or not.
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

/// The struct, or the first one of a list.
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
