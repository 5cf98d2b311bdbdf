//! Reads JSON leniently, and keeps it as X wrote it.

pub(crate) mod cursor;
pub(crate) mod lenient;
mod memory_limit;
pub(crate) mod owned;
pub(crate) mod raw;
pub(crate) mod repairable;
mod scanner;
pub(crate) mod sparse;
pub(crate) mod value;
pub(crate) mod wrapped;
pub(crate) mod writer;
