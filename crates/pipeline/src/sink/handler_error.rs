//! The error of a handler, without its text.

use std::any::type_name;
use std::error::Error;
use std::fmt;

/// The error of a handler, without its text, which may quote a message.
#[derive(Debug)]
pub(super) struct HandlerError {
    name: &'static str,
}

impl HandlerError {
    pub(super) fn new<E>() -> Self {
        Self { name: type_name::<E>() }
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the handler failed with {}", self.name)
    }
}

impl Error for HandlerError {}
