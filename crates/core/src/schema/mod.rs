//! Typed payloads, with the fields that X documents.
//!
//! All fields are optional and read leniently. A member that is missing, null or of another type
//! than documented reads as `None`. Unknown members are skipped. If a member is repeated, the last
//! readable value is used.
//!
//! Objects nested more than twelve levels deep read as `None` too. The typed values of one event
//! use at most 16 bytes of memory for each byte of its JSON, plus 64 KiB; array elements beyond
//! that are left out.
//!
//! Data without a field here is available from the event's [`raw`](crate::Event::raw) JSON.

pub(crate) mod html;
mod typed;
pub(crate) mod value;

pub mod v1;
pub mod v2;

pub use crate::json::value::{Id, Text};
pub use value::{Color, Degree, ProfileValue};
