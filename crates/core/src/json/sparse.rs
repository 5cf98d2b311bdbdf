//! Structs that leave members without a value out of their JSON.

/// Declares structs that leave each `Option` out of their JSON if it is `None`.
macro_rules! sparse {
    () => {};
    (@ [$($head:tt)*] [$($done:tt)*]) => {
        $($head)* { $($done)* }
    };
    (@ [$($head:tt)*] [$($done:tt)*] $(#[$meta:meta])* $vis:vis $field:ident: Option<$type:ty>, $($more:tt)*) => {
        $crate::json::sparse::sparse! {
            @ [$($head)*]
            [$($done)* $(#[$meta])* #[serde(skip_serializing_if = "Option::is_none")] $vis $field: Option<$type>,]
            $($more)*
        }
    };
    (@ [$($head:tt)*] [$($done:tt)*] $(#[$meta:meta])* $vis:vis $field:ident: $type:ty, $($more:tt)*) => {
        $crate::json::sparse::sparse! { @ [$($head)*] [$($done)* $(#[$meta])* $vis $field: $type,] $($more)* }
    };
    ($(#[$meta:meta])* $vis:vis struct $name:ident<'a> { $($fields:tt)* } $($more:tt)*) => {
        $crate::json::sparse::sparse! {
            @ [$(#[$meta])* #[derive(serde::Serialize)] $vis struct $name<'a>] [] $($fields)*
        }
        $crate::json::sparse::sparse! { $($more)* }
    };
}

/// Declares the public structs of an activity's content, which are sparse too, and can be detached
/// from the event and read back from their JSON.
macro_rules! content {
    ($($(#[$meta:meta])* pub struct $name:ident<'a> { $($fields:tt)* })*) => {
        $crate::json::sparse::sparse! {
            $(
                $(#[$meta])*
                #[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
                #[serde(default)]
                #[non_exhaustive]
                pub struct $name<'a> { $($fields)* }
            )*
        }
        $($crate::json::sparse::content! { @ $name $($fields)* })*
    };
    (@ $name:ident $($(#[$meta:meta])* pub $field:ident: $type:ty,)*) => {
        impl $name<'_> {
            /// Returns the same value, detached from the event.
            pub fn into_owned(self) -> $name<'static> {
                $name { $($field: $crate::json::owned::IntoOwned::into_owned(self.$field),)* }
            }
        }

        $crate::json::owned::into_owned_with_method! { $name }
    };
}

pub(crate) use {content, sparse};
