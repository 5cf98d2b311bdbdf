//! Values that are detached from the JSON that they borrow from.

use super::value::{Id, Text};

/// A value that can be detached from the JSON that it borrows from.
pub(crate) trait IntoOwned {
    type Owned;

    fn into_owned(self) -> Self::Owned;
}

impl<T: IntoOwned> IntoOwned for Option<T> {
    type Owned = Option<T::Owned>;

    fn into_owned(self) -> Self::Owned {
        self.map(T::into_owned)
    }
}

impl<T: IntoOwned> IntoOwned for Vec<T> {
    type Owned = Vec<T::Owned>;

    fn into_owned(self) -> Self::Owned {
        self.into_iter().map(T::into_owned).collect()
    }
}

impl<T: IntoOwned> IntoOwned for Box<T> {
    type Owned = Box<T::Owned>;

    fn into_owned(self) -> Self::Owned {
        Box::new((*self).into_owned())
    }
}

/// Implements [`IntoOwned`] for types with a method of that name.
macro_rules! into_owned_with_method {
    ($($type:ident)*) => {$(
        impl $crate::json::owned::IntoOwned for $type<'_> {
            type Owned = $type<'static>;

            fn into_owned(self) -> $type<'static> {
                $type::into_owned(self)
            }
        }
    )*};
}

/// Implements [`IntoOwned`] for types that borrow nothing.
macro_rules! owned {
    ($($type:ty)*) => {$(
        impl $crate::json::owned::IntoOwned for $type {
            type Owned = Self;

            fn into_owned(self) -> Self {
                self
            }
        }
    )*};
}

pub(crate) use {into_owned_with_method, owned};

into_owned_with_method! { Id Text }
owned! { bool u64 f64 }
