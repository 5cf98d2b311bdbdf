//! The error of a handler, without its text.

use std::any::type_name;

/// The error of a handler, without its text, which may quote a message.
#[derive(Debug, thiserror::Error)]
#[error("the handler failed with {name}")]
pub(super) struct HandlerError {
    name: &'static str,
}

impl HandlerError {
    pub(super) fn new<E>() -> Self {
        Self { name: type_name::<E>() }
    }
}
