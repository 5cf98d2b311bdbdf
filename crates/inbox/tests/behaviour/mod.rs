//! Behaviour that every inbox must have, on any storage.

mod consuming;
mod failing;
mod horizon;
mod limits;
#[cfg(feature = "metrics")]
mod metrics;
mod parallel;
mod prefetching;
mod relaying;
mod secrecy;
