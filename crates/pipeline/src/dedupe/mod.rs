//! Deduplication: events that were delivered, and events that are being delivered right now.
//!
//! An event is absent, in flight or done. A claim puts it in flight, committing the claim makes it
//! done, and dropping the claim makes it absent again. So if a request ends early for any reason, X
//! can send its events again.
//!
//! An event is recognised by its dedupe key, which the claim stores on it. The window of done
//! events, the sink ([`EventSink::remembers`](crate::EventSink::remembers)) and the claim use that
//! key. In dual mode, an event without an id also has a report key for each API, which only the
//! claim and the [unmatched reports](dual_mode) use: the sink is never asked about it.

mod claim;
mod dual_mode;
mod in_flight;
mod policy;

pub(crate) use claim::{Claim, Claimed, Dedupe};
pub use policy::{ApiMode, DedupePolicy};
