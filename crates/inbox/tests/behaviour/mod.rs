//! What every inbox must do, whatever it stores events in.

mod consuming;
mod failing;
mod horizon;
mod limits;
#[cfg(feature = "metrics")]
mod metrics;
mod parallel;
mod relaying;
mod secrecy;
