//! Fault injection: bugs planted in the inbox, points at which the process ends, and a simulated
//! disk.

mod disk;
mod planted;
mod watched;

pub use birdhook_inbox::faults::Bug;
pub use disk::Disk;
pub use planted::{call_at, install, plant, points};
pub use watched::open_watched;
