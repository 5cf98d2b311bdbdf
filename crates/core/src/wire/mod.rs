//! X's payloads as X writes them, field by field.
//!
//! Every field is optional and every reading is lenient: a member that is missing, null or of another type than
//! documented reads as `None`, members that X adds are skipped, and of a repeated member the last one that can be read
//! counts. Objects nested more than twelve deep read as `None` too. The typed values of
//! one event take at most 16 bytes of memory for each byte of its JSON and 64 KiB: elements of arrays beyond that are left out.
//! What a
//! struct here does not hold is in the event's [`raw`](crate::Event::raw) JSON.

pub(crate) mod object;
pub(crate) mod room;
mod value;
mod wrapped;
mod written;

pub mod v1;
pub mod v2;

pub use value::{Color, Degree, Id, ProfileValue, Text};

pub(crate) use object::Lenient;
pub(crate) use wrapped::{Listed, Wrapped, Wrapping};
